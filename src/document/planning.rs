use serde::Serialize;

use super::edit::{Edit, Scalar};
use super::frontmatter::Frontmatter;

/// Where a piece of work came from and where what remained of it went: `planning` in the
/// frontmatter, and fields of the same names in a closing record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Planning {
    /// The idea it grew from. A session that has one is a planning session.
    pub root_seed: Option<String>,
    /// Spikes made for it, in the order in which they were linked.
    pub spikes: Vec<String>,
    /// Its plan.
    pub plan: Option<String>,
    /// Where remaining work was filed.
    pub backlog: Backlog,
}

/// Where remaining work was filed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// The topic.
    pub topic: Option<String>,
    /// The file, relative to the repository.
    pub backlog_md: Option<String>,
    /// The ids it got, in the order in which they were linked.
    pub tickets: Vec<String>,
}

impl Planning {
    /// What the frontmatter says.
    pub fn of(frontmatter: &Frontmatter) -> Self {
        let text = |path: &[&str]| frontmatter.text(path).map(str::to_owned);
        Self {
            root_seed: text(&["planning", "root_seed"]),
            spikes: frontmatter.texts(&["planning", "spikes"]),
            plan: text(&["planning", "plan"]),
            backlog: Backlog {
                topic: text(&["planning", "backlog", "topic"]),
                backlog_md: text(&["planning", "backlog", "backlog_md"]),
                tickets: frontmatter.texts(&["planning", "backlog", "tickets"]),
            },
        }
    }

    /// The single values that are there, by their keys below `planning`.
    pub fn values(&self) -> impl Iterator<Item = (&'static [&'static str], &str)> {
        let values: [(&'static [&'static str], _); 4] = [
            (&["planning", "root_seed"], self.root_seed.as_deref()),
            (&["planning", "plan"], self.plan.as_deref()),
            (
                &["planning", "backlog", "topic"],
                self.backlog.topic.as_deref(),
            ),
            (
                &["planning", "backlog", "backlog_md"],
                self.backlog.backlog_md.as_deref(),
            ),
        ];
        let given = values.into_iter();
        given.filter_map(|(path, value)| Some((path, value?)))
    }

    /// The lists, by their keys below `planning`.
    pub fn lists(&self) -> [(&'static [&'static str], &[String]); 2] {
        [
            (&["planning", "spikes"], &self.spikes),
            (&["planning", "backlog", "tickets"], &self.backlog.tickets),
        ]
    }

    /// The edits after which `frontmatter` says this, too: values that it lacks or has otherwise
    /// are set, and lists grow.
    pub fn edits<'e>(&'e self, frontmatter: &Frontmatter) -> Vec<Edit<'e>> {
        let other = |(path, value): &(&[&str], &str)| frontmatter.text(path) != Some(*value);
        let set = self.values().filter(other).map(|(path, value)| Edit::Set {
            path,
            value: Scalar::Text(value),
        });
        let include = |(path, texts): (&'static [&'static str], &'e [String])| {
            texts.iter().map(move |text| Edit::Include { path, text })
        };
        set.chain(self.lists().into_iter().flat_map(include))
            .collect()
    }
}
