use super::rule::declare;

declare! {
    /// A comment suppresses a finding that is not there.
    ///
    /// ## What it checks
    ///
    /// Every rule that is named in an `agentsess-disable` comment would have reported something
    /// without it, has a name that exists, and the comment says what it is about: the next line,
    /// its own line or the file. Rules of the families `lifecycle` and `references` depend on the
    /// day and on the rest of the repository; for them nothing is said.
    ///
    /// ## Why
    ///
    /// The defect is gone, or was never where the comment looks for it. The next one of its kind
    /// would go unseen.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// <!-- agentsess-disable-next-line task-sintax -->
    /// - [-] BACK-12 - Dropped on purpose
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// <!-- agentsess-disable-next-line task-syntax -->
    /// - [-] BACK-12 - Dropped on purpose
    /// ```
    ///
    /// ## Fix
    ///
    /// The names that suppress nothing are removed, and the comment with the last of them: safe. A
    /// name that does not exist becomes the one that is most like it: unsafe, because a finding goes.
    "AS005", "unused-suppression", Name, Warning, check
}

/// The engine reports it: only when all other rules have spoken is it known what was suppressed.
fn check(_: &super::Context<'_>, _: &mut super::Findings<'_>) {}
