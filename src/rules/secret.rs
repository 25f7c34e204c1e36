use super::context::{Context, Findings, Safety};
use super::rule::declare;
use crate::document::secrets::{Kind, find, redact};
use crate::document::yaml::{self, Node};
use crate::document::{Span, Splice, quoted};

declare! {
    /// The file holds a key, a token or a password.
    ///
    /// ## What it checks
    ///
    /// Anywhere in the file, code included: keys and tokens of AWS, GitHub, GitLab, Linear, Slack
    /// (`xox…`), Stripe, `OpenAI`, Anthropic, Google, Hugging Face, `DigitalOcean`, npm and `PyPI`,
    /// private keys, signed JSON web tokens, and passwords and tokens in addresses. Values that are
    /// plainly examples, variables or placeholders are not reported, and no secret is ever printed.
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
    ///
    /// ## Fix
    ///
    /// It is replaced by `[redacted:KIND]`: unsafe, because it may be needed, and because a secret that
    /// is gone from the file is still in its history: revoke it first.
    "AS703", "secret", Safety, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    for secret in find(cx.document.text) {
        let what = match secret.kind {
            Kind::AwsAccessKey => "an AWS access key",
            Kind::AwsSecretKey => "an AWS secret key",
            Kind::GithubToken => "a GitHub token",
            Kind::GitlabToken => "a GitLab token",
            Kind::SlackToken => "a Slack token",
            Kind::StripeKey => "a live Stripe key",
            Kind::OpenaiKey => "an OpenAI key",
            Kind::AnthropicKey => "an Anthropic key",
            Kind::GoogleApiKey => "a Google API key",
            Kind::LinearKey => "a Linear key",
            Kind::HuggingFaceToken => "a Hugging Face token",
            Kind::DigitalOceanToken => "a DigitalOcean token",
            Kind::NpmToken => "an npm token",
            Kind::PypiToken => "a PyPI token",
            Kind::PrivateKey => "a private key",
            Kind::Jwt => "a JSON web token",
            Kind::UrlPassword => "the password or token in an address",
        };
        found.report(
            secret.span,
            format!("this is {what}"),
            "revoke it, then replace it by the name of the variable or vault that holds it",
        );
        let marker = (secret.span, format!("[redacted:{}]", secret.kind));
        let root = cx.document.frontmatter.root.as_ref();
        let scalar = root.and_then(|root| scalar_at(root, secret.span));
        let fix = scalar.map_or(Some(marker.clone()), |scalar| in_yaml(cx, scalar, marker));
        found.fix(Safety::Unsafe, fix);
    }
}

/// The key or value that a secret stands in.
fn scalar_at<'n, 'a>(node: &'n Node<'a>, secret: Span) -> Option<&'n Node<'a>> {
    match &node.kind {
        yaml::Kind::Scalar { .. } => node.span.contains(secret).then_some(node),
        yaml::Kind::Map { entries, .. } => entries
            .iter()
            .flat_map(|entry| [&entry.key, &entry.value])
            .find_map(|node| scalar_at(node, secret)),
        yaml::Kind::Seq { items, .. } => items.iter().find_map(|item| scalar_at(item, secret)),
        yaml::Kind::Alias => None,
    }
}

/// A bracket at the head of a plain value would begin a list.
fn in_yaml(cx: &Context<'_>, scalar: &Node<'_>, marker: Splice) -> Option<Splice> {
    let written = scalar.span.of(cx.document.text);
    if written.starts_with(['"', '\'', '|', '>']) {
        return Some(marker);
    }
    let text = redact(scalar.text()?).0;
    (!scalar.decorated).then(|| (scalar.span, quoted(&text)))
}
