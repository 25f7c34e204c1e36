use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::secrets::{Kind, find};

declare! {
    /// The file holds a key, a token or a password.
    ///
    /// ## What it checks
    ///
    /// Anywhere in the file, code included: keys and tokens of AWS, GitHub, GitLab, Slack, Stripe,
    /// `OpenAI`, Anthropic, Google, npm and `PyPI`, private keys, signed JSON web tokens, and
    /// passwords in addresses. Values that are plainly examples, variables or placeholders are not
    /// reported, and no secret is ever printed.
    ///
    /// ## Why
    ///
    /// Sessions are committed, pasted and read by agents. What has been in one is known.
    ///
    /// ## Example
    ///
    /// ```sh
    /// curl https://deploy:kX93-vmQ2@ci.acme.io/run
    /// ```
    ///
    /// ## Instead
    ///
    /// ```sh
    /// curl https://deploy:$CI_PASSWORD@ci.acme.io/run
    /// ```
    "AS703", "secret", Safety, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    for secret in find(cx.document.text) {
        let what = match secret.kind {
            Kind::AwsAccessKey => "an AWS access key",
            Kind::GithubToken => "a GitHub token",
            Kind::GitlabToken => "a GitLab token",
            Kind::SlackToken => "a Slack token",
            Kind::StripeKey => "a live Stripe key",
            Kind::OpenaiKey => "an OpenAI key",
            Kind::AnthropicKey => "an Anthropic key",
            Kind::GoogleApiKey => "a Google API key",
            Kind::NpmToken => "an npm token",
            Kind::PypiToken => "a PyPI token",
            Kind::PrivateKey => "a private key",
            Kind::Jwt => "a JSON web token",
            Kind::UrlPassword => "the password in an address",
        };
        found.report(
            secret.span,
            format!("this is {what}"),
            "revoke it, then replace it by the name of the variable or vault that holds it",
        );
    }
}
