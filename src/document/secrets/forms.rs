//! What each secret looks like, and what only looks like one.

use memchr::memmem;

use super::{Kind, Secret};
use crate::document::Span;

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
pub(super) struct Form {
    kind: Kind,
    pub prefix: &'static str,
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
pub(super) static FORMS: &[Form] = &[
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
pub(super) const AWS_SECRET: &str = "aws_secret_access_key";

/// How something may begin that is no address.
pub(super) fn beginnings() -> impl Iterator<Item = &'static str> {
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

/// The secret that begins where something [may](beginnings).
pub(super) fn secret_at(text: &str, start: usize) -> Option<Secret> {
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
pub(super) fn url_password(text: &str, at: usize) -> Option<Secret> {
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
