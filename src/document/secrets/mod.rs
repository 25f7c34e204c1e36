//! Secrets in text: what is recognisable as a key, a token or a password by its form alone.
//!
//! Each form but that of an address begins in a way of its own, so clean text is read with one
//! search for all of these beginnings and one for `@`, and looked at only where one is found.
//! Values that can only be examples are not secrets.

mod forms;

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind, packed};

use super::Span;
use forms::{beginnings, secret_at, url_password};

/// What a secret is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An access key id of AWS.
    AwsAccessKey,
    /// The secret that belongs to one.
    AwsSecretKey,
    /// A token of GitHub.
    GithubToken,
    /// A token of GitLab.
    GitlabToken,
    /// A token of Slack.
    SlackToken,
    /// A live key of Stripe.
    StripeKey,
    /// A key of `OpenAI`.
    OpenaiKey,
    /// A key of Anthropic.
    AnthropicKey,
    /// A key of Google.
    GoogleApiKey,
    /// A key of Linear.
    LinearKey,
    /// A token of Hugging Face.
    HuggingFaceToken,
    /// A token of `DigitalOcean`.
    DigitalOceanToken,
    /// A token of npm.
    NpmToken,
    /// A token of `PyPI`.
    PypiToken,
    /// A private key with its header.
    PrivateKey,
    /// A signed JSON web token.
    Jwt,
    /// The password in an address.
    UrlPassword,
}

impl Kind {
    /// As it stands in `[redacted:KIND]`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsAccessKey => "aws-access-key",
            Self::AwsSecretKey => "aws-secret-key",
            Self::GithubToken => "github-token",
            Self::GitlabToken => "gitlab-token",
            Self::SlackToken => "slack-token",
            Self::StripeKey => "stripe-key",
            Self::OpenaiKey => "openai-key",
            Self::AnthropicKey => "anthropic-key",
            Self::GoogleApiKey => "google-api-key",
            Self::LinearKey => "linear-key",
            Self::HuggingFaceToken => "hugging-face-token",
            Self::DigitalOceanToken => "digitalocean-token",
            Self::NpmToken => "npm-token",
            Self::PypiToken => "pypi-token",
            Self::PrivateKey => "private-key",
            Self::Jwt => "jwt",
            Self::UrlPassword => "url-password",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A secret and all of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub span: Span,
}

/// Finds where something may begin that is no address.
enum Finder {
    /// Reads many bytes at a time and is soon built, but not for every processor.
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

static FINDER: LazyLock<Option<Finder>> = LazyLock::new(|| {
    let packed = packed::Searcher::new(beginnings()).map(Finder::Packed);
    packed.or_else(Finder::automaton)
});

impl Finder {
    fn automaton() -> Option<Self> {
        let builder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(beginnings());
        builder.ok().map(Self::Automaton)
    }

    /// Where something may begin, not before `from`.
    fn find(&self, text: &str, from: usize) -> Option<usize> {
        let rest = aho_corasick::Span::from(from..text.len());
        let found = match self {
            Self::Packed(finder) => finder.find_in(text, rest),
            Self::Automaton(finder) => finder.find(Input::new(text).span(rest)),
        };
        found.map(|found| found.start())
    }
}

/// The secrets in a text, in its order and without overlap.
pub fn find(text: &str) -> impl Iterator<Item = Secret> {
    let mut beginnings = possible(text).peekable();
    let mut ats = memchr::memchr_iter(b'@', text.as_bytes()).peekable();
    let mut end = 0;
    std::iter::from_fn(move || {
        loop {
            let at_first = match (ats.peek(), beginnings.peek()) {
                (Some(at), Some(beginning)) => at < beginning,
                (at, _) => at.is_some(),
            };
            let found = if at_first {
                url_password(text, ats.next()?)
            } else {
                secret_at(text, beginnings.next()?)
            };
            let found = found.filter(|found| !found.span.is_empty() && found.span.start >= end);
            if let Some(secret) = found {
                end = secret.span.end;
                return Some(secret);
            }
        }
    })
}

/// Where a secret may begin, perhaps inside the beginning of another.
fn possible(text: &str) -> impl Iterator<Item = usize> {
    let next = |from| FINDER.as_ref()?.find(text, from);
    std::iter::successors(next(0), move |at| next(at + 1))
}

/// The text with each secret replaced by `[redacted:KIND]`, and what they were.
pub fn redact(text: &str) -> (Cow<'_, str>, Vec<Kind>) {
    let kinds: Vec<Kind> = find(text).map(|secret| secret.kind).collect();
    if kinds.is_empty() {
        return (text.into(), kinds);
    }
    (redact_part(text, Span::new(0, text.len())).into(), kinds)
}

/// The same for a part of a text, whose secrets may begin before it and end behind it.
pub fn redact_part(text: &str, part: Span) -> String {
    let mut redacted = String::new();
    let mut rest = part.start;
    for Secret { kind, span } in find(text) {
        if span.end <= part.start || span.start >= part.end {
            continue;
        }
        redacted.push_str(Span::new(rest, span.start.max(rest)).of(text));
        redacted.push_str("[redacted:");
        redacted.push_str(kind.as_str());
        redacted.push(']');
        rest = span.end.min(part.end);
    }
    redacted.push_str(Span::new(rest, part.end).of(text));
    redacted
}

#[cfg(test)]
mod tests {
    use super::forms::{AWS_SECRET, FORMS};
    use super::*;
    use proptest::prelude::*;

    /// Put together here, so that no other scanner takes this file for a leak.
    fn samples() -> Vec<(Kind, String)> {
        let value = |len: usize| "q7RmW2kZ9tLpX4vB8nHs".chars().cycle().take(len);
        let make = |prefix: &str, len: usize| prefix.chars().chain(value(len)).collect::<String>();
        let upper = |prefix: &str| make(prefix, 16).to_uppercase();
        let key = format!(
            "-----BEGIN RSA {0}-----\n{1}\n-----END RSA {0}-----",
            "PRIVATE KEY",
            make("MII", 60)
        );
        vec![
            (Kind::AwsAccessKey, upper("AKIA")),
            (Kind::AwsAccessKey, upper("ASIA")),
            (Kind::GithubToken, make("ghp_", 36)),
            (Kind::GithubToken, make("ghs_", 36)),
            (Kind::GithubToken, make("github_pat_", 82)),
            (Kind::GitlabToken, make("glpat-", 20)),
            (Kind::SlackToken, make("xoxb-", 40)),
            (Kind::StripeKey, make("sk_live_", 24)),
            (Kind::OpenaiKey, make("sk-", 48)),
            (Kind::OpenaiKey, make("sk-proj-", 80)),
            (Kind::AnthropicKey, make("sk-ant-api03-", 93)),
            (Kind::GoogleApiKey, make("AIza", 35)),
            (Kind::NpmToken, make("npm_", 36)),
            (Kind::PypiToken, make("pypi-AgEI", 80)),
            (Kind::PrivateKey, key),
            (
                Kind::Jwt,
                format!("{}.{}.{}", make("eyJ", 20), make("eyJ", 30), make("s", 43)),
            ),
        ]
    }

    #[test]
    fn every_form_gets_past_the_first_look() {
        let packed = packed::Searcher::new(beginnings()).map(Finder::Packed);
        for finder in [packed, Finder::automaton()].into_iter().flatten() {
            for form in FORMS {
                assert_eq!(finder.find(form.prefix, 0), Some(0), "{}", form.prefix);
            }
            for name in [AWS_SECRET, "AWS_SECRET_ACCESS_KEY", "Aws_Secret_Access_Key"] {
                assert_eq!(finder.find(name, 0), Some(1), "{name}");
            }
            // One that begins inside the beginning of another.
            assert_eq!(finder.find("sk-----BEGIN ", 0), Some(0));
            assert_eq!(finder.find("sk-----BEGIN ", 1), Some(2));
        }
    }

    #[test]
    fn each_form_is_found_with_exactly_its_text() {
        for (kind, secret) in samples() {
            for (before, after) in [("", ""), ("key=", " "), ("ü\n\"", "\"\n"), ("(", ")")] {
                let text = format!("{before}{secret}{after}");
                let span = Span::new(before.len(), before.len() + secret.len());
                let found: Vec<_> = find(&text).collect();
                assert_eq!(found, [Secret { kind, span }], "{text}");
                let (redacted, kinds) = redact(&text);
                assert_eq!(redacted, format!("{before}[redacted:{kind}]{after}"));
                assert_eq!(kinds, [kind]);
            }
            // A piece of a longer word.
            assert_eq!(
                find(&format!("a_{secret}")).count(),
                usize::from(kind == Kind::PrivateKey)
            );
        }
    }

    #[test]
    fn of_an_address_only_the_password_is_a_secret() {
        let text = "see https://ci:kX93-vmQ2@git.acme.io/a, then go";
        let found: Vec<_> = find(text).map(|secret| secret.span.of(text)).collect();
        assert_eq!(found, ["kX93-vmQ2"]);
        for text in [
            "https://git.acme.io/@scope/kX93:vm@Q2",
            "https://user:password@acme.io",
            "https://ci:$TOKEN@acme.io",
            "https://ci:${TOKEN}@acme.io",
            "https://ci:<token>@acme.io",
            "https://ci:****@acme.io",
            "https://ci:CI_TOKEN@acme.io",
            "postgres://app:app@pg.acme.io",
            "postgres://app:kX93-vmQ2@localhost:5432/app",
            "https://ci:kX93-vmQ2@example.com",
            "git@github.com:acme/app.git",
            "a: b@c://d",
        ] {
            assert_eq!(find(text).count(), 0, "{text}");
        }
    }

    #[test]
    fn examples_and_names_are_no_secrets() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
            "ghp_<token>, ghp_$TOKEN, ghp_****",
            "sk-learn-contrib-and-a-long-name-of-a-package-1",
            "task-force-with-a-very-long-name-0-of-many-words-in-it",
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkq\n",
            "npm_config_registry and npm_package_json_and_others_that_are_36",
            "eyJhbGciOiJIUzI1NiJ9",
            "sk_live_ and sk_test_q7RmW2kZ9tLpX4vB8nHs1234",
        ] {
            assert_eq!(find(text).next(), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_in_order_and_without_overlap(
            pieces in prop::collection::vec(prop::sample::select(
                samples().into_iter().map(|(_, secret)| secret)
                    .chain(["@", "://a:", " ", "\n", "ü", "-", "sk-", "eyJ", "."].map(String::from))
                    .collect::<Vec<_>>()), 0..12),
        ) {
            let text = pieces.concat();
            let mut end = 0;
            for secret in find(&text) {
                prop_assert!(secret.span.start >= end && !secret.span.of(&text).is_empty());
                end = secret.span.end;
            }
        }
    }
}
