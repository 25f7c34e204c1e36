use super::Document;
use super::time::parse_rfc3339;

/// The last handoff, as the frontmatter has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Handoff {
    /// Who gave the work away.
    pub from: Option<String>,
    /// Who is to take it.
    pub to: Option<String>,
    /// When, RFC 3339.
    pub at: Option<String>,
    /// Branch on which the work stood.
    pub branch: Option<String>,
    /// Commit it stood at.
    pub commit: Option<String>,
    /// Who took it.
    pub taken_by: Option<String>,
    /// When, RFC 3339.
    pub taken_at: Option<String>,
}

impl Handoff {
    /// Who took the session, if that was not `agent`.
    pub fn holder_but(&self, agent: &str) -> Option<&str> {
        self.taken_by.as_deref().filter(|holder| *holder != agent)
    }

    /// Says that `holder`, who took the session, has it.
    pub fn held_by(&self, holder: &str) -> String {
        let since = self.taken_at.iter().map(|at| format!(" since {at}"));
        format!("{holder} has this session{}", since.collect::<String>())
    }
}

impl Document<'_> {
    /// The last handoff, if there was one.
    pub fn handoff(&self) -> Option<Handoff> {
        let map = self.frontmatter.entry(&["orchestration", "handoff"])?;
        map.value.entries()?;
        let text = |key| {
            let text = self.frontmatter.text(&["orchestration", "handoff", key]);
            text.map(str::to_owned)
        };
        let taken = text("taken_by");
        let taken = taken.as_deref().map(taken_by);
        Some(Handoff {
            from: text("from"),
            to: text("to"),
            at: text("at"),
            branch: text("branch"),
            commit: text("commit"),
            taken_by: taken.map(|(by, _)| by.to_owned()),
            taken_at: taken.and_then(|(_, at)| at.map(str::to_owned)),
        })
    }
}

impl Document<'_> {
    /// Who is to take the session: it was handed over to them, and nobody has taken it.
    pub fn waits_for(&self) -> Option<String> {
        let handoff = self.handoff()?;
        handoff.to.filter(|_| handoff.taken_by.is_none())
    }

    /// Who has the session: who took the last handoff, or else who wrote the last entry of the
    /// log, unless with that they gave it away.
    pub fn holder(&self) -> Option<String> {
        let taken = self.handoff().and_then(|handoff| handoff.taken_by);
        let log = self.body.log(self.text);
        let wrote = || {
            log.last()?
                .stamp()
                .filter(|stamp| stamp.action != "handoff")
        };
        taken.or_else(|| wrote().map(|stamp| stamp.agent.to_owned()))
    }
}

/// Who took a session, and when if that is said: `codex 2025-12-04T15:10:00Z`.
fn taken_by(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(' ') {
        Some((by, at)) if parse_rfc3339(at).is_some() => (by.trim_end(), Some(at)),
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_took_it_may_be_written_without_a_time() {
        let at = "2025-12-04T15:10:00Z";
        for (text, by, when) in [
            ("codex 2025-12-04T15:10:00Z", "codex", Some(at)),
            ("codex", "codex", None),
            ("the night shift", "the night shift", None),
            (at, at, None),
        ] {
            assert_eq!(taken_by(text), (by, when), "{text}");
        }
    }
}
