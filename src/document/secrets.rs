//! Secrets in text: what is recognisable as a key, a token or a password by its form alone.
//!
//! Each form but that of an address begins in a way of its own, so clean text is read with one
//! search for all of these beginnings and one for `@`, and looked at only where one is found.
//! Values that can only be examples are not secrets.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind, packed};
use memchr::memmem;

use super::Span;

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

/// The characters behind a prefix.
#[derive(Debug, Clone, Copy)]
enum Chars {
    /// `A-Z0-9`
    Upper,
    /// `A-Za-z0-9`
    Alnum,
    /// `A-Za-z0-9_-`
    Word,
}

/// A secret that is a prefix and so many characters.
struct Form {
    kind: Kind,
    prefix: &'static str,
    chars: Chars,
    least: usize,
    most: usize,
}

const fn form(kind: Kind, prefix: &'static str, chars: Chars, least: usize, most: usize) -> Form {
    Form {
        kind,
        prefix,
        chars,
        least,
        most,
    }
}

const ANY: usize = usize::MAX;

/// The more telling of two prefixes comes first.
static FORMS: &[Form] = &[
    form(Kind::AwsAccessKey, "AKIA", Chars::Upper, 16, 16),
    form(Kind::AwsAccessKey, "ASIA", Chars::Upper, 16, 16),
    form(Kind::GoogleApiKey, "AIza", Chars::Word, 35, 35),
    form(Kind::GithubToken, "ghp_", Chars::Alnum, 36, ANY),
    form(Kind::GithubToken, "gho_", Chars::Alnum, 36, ANY),
    form(Kind::GithubToken, "ghu_", Chars::Alnum, 36, ANY),
    form(Kind::GithubToken, "ghs_", Chars::Alnum, 36, ANY),
    form(Kind::GithubToken, "ghr_", Chars::Alnum, 36, ANY),
    form(Kind::GithubToken, "github_pat_", Chars::Word, 60, ANY),
    form(Kind::StripeKey, "sk_live_", Chars::Alnum, 16, ANY),
    form(Kind::StripeKey, "rk_live_", Chars::Alnum, 16, ANY),
    form(Kind::LinearKey, "lin_api_", Chars::Alnum, 40, ANY),
    form(Kind::HuggingFaceToken, "hf_", Chars::Alnum, 34, ANY),
    form(Kind::DigitalOceanToken, "dop_v1_", Chars::Alnum, 64, 64),
    form(Kind::NpmToken, "npm_", Chars::Alnum, 36, 36),
    form(Kind::GitlabToken, "glpat-", Chars::Word, 20, ANY),
    form(Kind::SlackToken, "xoxa-", Chars::Word, 20, ANY),
    form(Kind::SlackToken, "xoxb-", Chars::Word, 20, ANY),
    form(Kind::SlackToken, "xoxp-", Chars::Word, 20, ANY),
    form(Kind::SlackToken, "xoxr-", Chars::Word, 20, ANY),
    form(Kind::AnthropicKey, "sk-ant-", Chars::Word, 32, ANY),
    form(Kind::OpenaiKey, "sk-proj-", Chars::Word, 40, ANY),
    form(Kind::OpenaiKey, "sk-svcacct-", Chars::Word, 40, ANY),
    form(Kind::OpenaiKey, "sk-", Chars::Alnum, 32, 64),
    form(Kind::PypiToken, "pypi-AgEI", Chars::Word, 50, ANY),
];

impl Chars {
    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => is_word(byte),
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

const PRIVATE_KEY: &str = "-----BEGIN ";
const JWT: &str = "eyJ";
const AWS_SECRET: &str = "aws_secret_access_key";

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

/// How something may begin that is no address.
fn beginnings() -> impl Iterator<Item = &'static str> {
    // What begins like another is found with that.
    let begins = |form: &&Form| {
        FORMS
            .iter()
            .all(|other| other.prefix == form.prefix || !form.prefix.starts_with(other.prefix))
    };
    let prefixes = FORMS.iter().filter(begins).map(|form| form.prefix);
    // In any letter case, which for all of its letters would be too many.
    let inner = [
        "ws_s", "ws_S", "wS_s", "wS_S", "Ws_s", "Ws_S", "WS_s", "WS_S",
    ];
    [PRIVATE_KEY, JWT].into_iter().chain(prefixes).chain(inner)
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

fn secret_at(text: &str, start: usize) -> Option<Secret> {
    let rest = text.get(start..)?;
    match rest.as_bytes().first()? {
        b'-' => private_key(text, start),
        b'e' => jwt(text, start),
        b'w' | b'W' => aws_secret(text, start.checked_sub(1)?),
        _ => FORMS.iter().find_map(|form| token(text, start, form)),
    }
}

/// Whether what comes before the offset ends the word before, so that a prefix can begin there.
fn begins_word(text: &str, start: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    !before.is_some_and(|&byte| is_word(byte))
}

fn token(text: &str, start: usize, form: &Form) -> Option<Secret> {
    let value = text.get(start..)?.strip_prefix(form.prefix)?;
    if !begins_word(text, start) {
        return None;
    }
    let length = value.bytes().take_while(|&b| form.chars.has(b)).count();
    let (value, rest) = value.split_at_checked(length)?;
    // Longer than allowed, or a piece of a longer name: something else.
    let goes_on = rest.bytes().next().is_some_and(is_word);
    if length < form.least || length > form.most || goes_on || is_dummy(value) {
        return None;
    }
    let mixed = || {
        let has = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
        has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    let plain = matches!(form.chars, Chars::Word) || form.prefix == "sk-";
    if plain && !mixed() {
        return None;
    }
    let end = start + form.prefix.len() + length;
    Some(Secret {
        kind: form.kind,
        span: Span::new(start, end),
    })
}

/// The value of `aws_secret_access_key`, in any notation: it has no form of its own.
fn aws_secret(text: &str, start: usize) -> Option<Secret> {
    const LENGTH: usize = 40;
    let (name, rest) = text.get(start..)?.split_at_checked(AWS_SECRET.len())?;
    let value = rest.trim_start_matches(|c: char| " \t\"'`:=".contains(c));
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let length = value.bytes().take_while(base64).count();
    let assigned = value.len() < rest.len() && length == LENGTH;
    if !name.eq_ignore_ascii_case(AWS_SECRET) || !assigned || is_dummy(value.get(..length)?) {
        return None;
    }
    let start = text.len() - value.len();
    Some(Secret {
        kind: Kind::AwsSecretKey,
        span: Span::new(start, start + length),
    })
}

/// `-----BEGIN … PRIVATE KEY-----` with something behind it that can be a key.
fn private_key(text: &str, start: usize) -> Option<Secret> {
    const END: &str = "PRIVATE KEY";
    let label = text.get(start..)?.strip_prefix(PRIVATE_KEY)?;
    let (label, rest) = label.split_once("-----")?;
    let label_is = |end: &str| label.ends_with(end);
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ';
    let named = label_is(END) || label_is("PRIVATE KEY BLOCK");
    if !named || label.len() > 40 || !label.bytes().all(plain) {
        return None;
    }
    // In strings of programs the line breaks are escapes.
    let between = |c: char| c.is_whitespace() || matches!(c, '>' | '|' | '"' | '\'' | '+' | ',');
    let mut body = rest;
    loop {
        let trimmed = body.trim_start_matches(between);
        let trimmed = trimmed.strip_prefix("\\n").unwrap_or(trimmed);
        let trimmed = trimmed.strip_prefix("\\r").unwrap_or(trimmed);
        if trimmed.len() == body.len() {
            break;
        }
        body = trimmed;
    }
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let material = body.bytes().take_while(base64).count();
    let headed = ["Proc-Type:", "Version:", "Comment:"];
    let key = body.get(..material).unwrap_or("");
    if (material < 16 || is_dummy(key)) && !headed.iter().any(|head| body.starts_with(head)) {
        return None;
    }
    let start_of_body = text.len() - body.len();
    // The key itself ends where no line of it follows, should its end be missing.
    let near = body.as_bytes().get(..body.len().min(16 * 1024))?;
    let closed = memmem::find(near, b"-----END ").and_then(|at| {
        let line = body.get(at + 9..)?;
        Some(start_of_body + at + 9 + line.find("-----")? + 5)
    });
    let end = closed.unwrap_or_else(|| {
        let run = body.bytes();
        let run = run.take_while(|b| base64(b) || matches!(b, b'\n' | b'\r' | b'\\'));
        start_of_body + run.count()
    });
    Some(Secret {
        kind: Kind::PrivateKey,
        span: Span::new(start, end),
    })
}

/// Three parts of base64url, the first two JSON objects.
fn jwt(text: &str, start: usize) -> Option<Secret> {
    let token = text.get(start..)?;
    if !token.starts_with(JWT) || !begins_word(text, start) {
        return None;
    }
    let part = |text: &str| text.bytes().take_while(|&b| is_word(b)).count();
    let header = part(token);
    let payload = token.get(header..)?.strip_prefix('.')?;
    let claims = part(payload);
    let signature = payload.get(claims..)?.strip_prefix('.')?;
    let signed = part(signature);
    if header < 10 || claims < 10 || signed < 16 || !payload.starts_with(JWT) {
        return None;
    }
    // The example of the specification's site: its subject is 1234567890.
    let example = payload.starts_with("eyJzdWIiOiIxMjM0NTY3ODkw");
    if example || is_dummy(signature.get(..signed)?) {
        return None;
    }
    Some(Secret {
        kind: Kind::Jwt,
        span: Span::new(start, start + header + 1 + claims + 1 + signed),
    })
}

/// The password in `scheme://user:password@host`, or a token in place of both.
fn url_password(text: &str, at: usize) -> Option<Secret> {
    /// Longest user and password together.
    const REACH: usize = 256;
    let bytes = text.as_bytes();
    let from = at.saturating_sub(REACH);
    let apart = |byte: &u8| byte.is_ascii_whitespace() || b"/?#<>\"'`@()[]{}".contains(byte);
    let start = bytes.get(from..at)?.iter().rposition(apart)? + from + 1;
    let before = text.get(..start)?;
    if !before.ends_with("://") || !before.strip_suffix("://")?.ends_with(char::is_alphanumeric) {
        return None;
    }
    let login = text.get(start..at)?;
    let is_token = |login: &str| {
        let has = |class: fn(char) -> bool| login.contains(class);
        login.len() >= 20 && has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic())
    };
    let token = Some(("", login)).filter(|(_, login)| is_token(login));
    let (user, password) = login.split_once(':').or(token)?;
    let host = text.get(at + 1..)?;
    let host = host
        .split(|c: char| c.is_whitespace() || "/:?#`\"'<>)".contains(c))
        .next()?;
    // A password for one's own machine, or for a host that does not exist, keeps nothing secret.
    let local = ["localhost", "127.0.0.1", "host.docker.internal", "db"].contains(&host)
        || host.split('.').any(|part| part.starts_with("example"))
        || host.is_empty()
        || host.starts_with('[');
    if local || password.len() < 4 || password == user || is_word_for_password(password) {
        return None;
    }
    Some(Secret {
        kind: Kind::UrlPassword,
        span: Span::new(at - password.len(), at),
    })
}

fn is_word_for_password(password: &str) -> bool {
    let words = [
        "password",
        "passwd",
        "pass",
        "secret",
        "token",
        "changeme",
        "test",
        "root",
        "admin",
        "guest",
        "user",
        "username",
        "postgres",
        "mysql",
        "apikey",
        "api_key",
        "api-key",
        "hidden",
        "x-oauth-basic",
    ];
    words.iter().any(|word| word.eq_ignore_ascii_case(password))
        || password.contains(['$', '%', '*', '…', '\\', ','])
        || password.contains("..")
        || password
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'_')
        || is_dummy(password)
}

/// Whether a value can only stand for one.
fn is_dummy(value: &str) -> bool {
    const WORDS: [&str; 12] = [
        "example",
        "redacted",
        "placeholder",
        "dummy",
        "xxxx",
        "fake",
        "your_",
        "your-",
        "abcdefg",
        "1234567",
        "0123456",
        "00000000",
    ];
    let bytes = value.as_bytes();
    let mut seen = [false; 256];
    let distinct = bytes
        .iter()
        .filter(|&&byte| {
            let slot = seen.get_mut(usize::from(byte));
            slot.is_some_and(|slot| !std::mem::replace(slot, true))
        })
        .count();
    let few = distinct < 4 || (bytes.len() >= 16 && distinct < 6);
    few || WORDS.iter().any(|word| {
        let mut places = bytes.windows(word.len());
        places.any(|place| place.eq_ignore_ascii_case(word.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
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
        fn what_is_found_is_in_order_and_gone_once_redacted(
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
