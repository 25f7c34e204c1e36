use crate::config::Config;
use crate::document::issue_id;

/// An issue as the frontmatter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issue {
    /// An issue of Linear.
    Linear {
        /// Such as `BACK-123`.
        id: String,
        /// Its address, given or made from the configured workspace.
        url: Option<String>,
    },
    /// An issue of any other tracker, id or address.
    Other(String),
}

impl Issue {
    /// Reads what a user gave as an issue.
    pub fn parse(text: &str, config: &Config) -> Self {
        let text = text.trim();
        let from_url = text
            .strip_prefix("https://linear.app/")
            .and_then(|path| path.split('/').nth(2))
            .filter(|id| is_linear(id));
        if let Some(id) = from_url {
            return Self::Linear {
                id: id.to_owned(),
                url: Some(text.to_owned()),
            };
        }
        if is_linear(text) {
            let workspace = config.linear.workspace.as_deref();
            return Self::Linear {
                id: text.to_owned(),
                url: workspace.map(|name| format!("https://linear.app/{name}/issue/{text}")),
            };
        }
        Self::Other(text.to_owned())
    }

    /// The frontmatter keys that name issues.
    pub const KEYS: [[&'static str; 2]; 3] = [
        ["session", "linear_issue"],
        ["session", "linear_url"],
        ["session", "issue"],
    ];

    /// The frontmatter keys and values that name it.
    pub fn fields(&self) -> Vec<([&'static str; 2], &str)> {
        match self {
            Self::Linear { id, url } => {
                let mut fields = vec![(["session", "linear_issue"], id.as_str())];
                fields.extend(url.as_deref().map(|url| (["session", "linear_url"], url)));
                fields
            }
            Self::Other(issue) => vec![(["session", "issue"], issue)],
        }
    }
}

fn is_linear(text: &str) -> bool {
    !text.contains('#') && issue_id(&format!("{text} - "), |_| false) == Some(text)
}
