use super::context::{Context, Findings};
use super::invalid_agent::called;
use super::rule::declare;

declare! {
    /// A completed agent has left no summary.
    ///
    /// ## What it checks
    ///
    /// Each entry of `spawned_agents` whose status is `completed` has a `summary`.
    ///
    /// ## Why
    ///
    /// An agent's conversation is gone when it ends; what it found out is lost unless it is
    /// written down.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// orchestration:
    ///   spawned_agents:
    ///     - agent: backend-dev
    ///       task: "Second weather provider"
    ///       status: completed
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// orchestration:
    ///   spawned_agents:
    ///     - agent: backend-dev
    ///       task: "Second weather provider"
    ///       status: completed
    ///       summary: "Provider added behind a flag; rate limits still unknown"
    /// ```
    "AS111", "missing-summary", Frontmatter, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let agents = cx
        .entry(&["orchestration", "spawned_agents"])
        .and_then(|entry| entry.value.items())
        .unwrap_or_default();
    for agent in agents
        .iter()
        .filter(|agent| agent.complete && cx.trusts(agent))
    {
        let text = |key| agent.entry(key).and_then(|entry| entry.value.text());
        let Some(status) = agent
            .entry("status")
            .filter(|_| text("status") == Some("completed"))
        else {
            continue;
        };
        let summary = agent.entry("summary").map(|entry| &entry.value);
        let told = summary.is_some_and(|summary| {
            !summary.is_null() && summary.text().is_none_or(|text| !text.trim().is_empty())
        });
        if !told {
            found.report(
                status.value.span,
                format!("{} is completed, but has no `summary`", called(agent)),
                "add `summary: \"…\"`: what came of the task",
            );
        }
    }
}
