//! The bodies that new sessions start with: those built in, and the project's own in
//! `.agents/templates`. A template of the project takes the place of a built-in one of its name.

mod check;
mod draft;
mod file;
mod render;

use std::path::PathBuf;

use serde::Serialize;

pub use check::{Checked, check};
pub use draft::Problem;
pub use file::{Template, Variable};

pub(super) use draft::{draft, placeholder};
pub(super) use render::Values;

use crate::error::{Error, Kind, Result, nearest};
use crate::store::Store;

const BUILT_IN: [&str; 5] = [
    include_str!("../../../templates/session.md"),
    include_str!("../../../templates/full.md"),
    include_str!("../../../templates/bugfix.md"),
    include_str!("../../../templates/research.md"),
    include_str!("../../../templates/review.md"),
];

/// The template that is used when none is named.
const DEFAULT: &str = "session";

/// Variables that every template has, with what stands for each in a check.
const ALWAYS: [(&str, &str); 5] = [
    ("title", "A title"),
    ("issue", "ABC-1"),
    ("branch", "main"),
    ("agent", "dev"),
    ("date", "2025-12-04"),
];

/// A row of the list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The name; of a broken template, that of its file.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its file; absent where it is built in.
    pub path: Option<PathBuf>,
    /// Whether a built-in template has the same name, which is therefore not used.
    pub shadows_built_in: bool,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// All templates that can be used, in the order of their names, and those that are broken.
///
/// # Errors
///
/// When the folder of templates cannot be read.
pub fn list(store: &Store) -> Result<Vec<Listed>> {
    let (own, broken) = own(store)?;
    let mut rows: Vec<Listed> = built_in()
        .filter(|built_in| own.iter().all(|own| own.name != built_in.name))
        .chain(own.iter().cloned())
        .map(|template| Listed {
            shadows_built_in: template.path.is_some() && is_built_in(&template.name),
            name: template.name,
            description: template.description,
            path: template.path,
            error: None,
        })
        .collect();
    rows.extend(broken.into_iter().map(|(path, error)| Listed {
        name: stem(&path),
        description: String::new(),
        path: Some(path),
        shadows_built_in: false,
        error: Some(error.to_string()),
    }));
    rows.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(rows)
}

/// The template of this name; without one, that of an ordinary session.
///
/// # Errors
///
/// When there is none, there are two, or the file that is called so is broken.
pub fn find(store: &Store, name: Option<&str>) -> Result<Template> {
    let name = name.unwrap_or(DEFAULT);
    let (own, broken) = own(store)?;
    let mut found = own.iter().filter(|own| own.name == name);
    if let Some(template) = found.next() {
        let Some(again) = found.next() else {
            return Ok(template.clone());
        };
        let mut error = Error::new(
            Kind::Ambiguous,
            format!("two templates are called `{name}`"),
        );
        let paths = [template, again]
            .into_iter()
            .filter_map(|t| t.path.as_ref());
        error.details = paths.map(|path| path.display().to_string()).collect();
        return Err(error.hint("agentsess template list"));
    }
    // A broken file must not be passed over for the built-in template that it was to replace.
    if let Some((_, error)) = broken.into_iter().find(|(path, _)| stem(path) == name) {
        return Err(error);
    }
    if let Some(template) = built_in().find(|template| template.name == name) {
        return Ok(template);
    }
    let mut known: Vec<String> = built_in().chain(own).map(|known| known.name).collect();
    known.sort();
    known.dedup();
    let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
    let mut error = Error::usage(format!("there is no template `{name}`"));
    error.details = known;
    Err(error.hint(match near {
        Some(near) => format!("{} --template {near}", super::new::AGAIN),
        None => "agentsess template list".to_owned(),
    }))
}

fn built_in() -> impl Iterator<Item = Template> {
    // They are read once in a test, so none is left out.
    BUILT_IN
        .iter()
        .filter_map(|text| Template::parse(text.as_bytes(), None).ok())
}

fn is_built_in(name: &str) -> bool {
    built_in().any(|template| template.name == name)
}

type Broken = (PathBuf, Error);

/// The project's templates, and the files that are none.
fn own(store: &Store) -> Result<(Vec<Template>, Vec<Broken>)> {
    let (mut own, mut broken) = (Vec::new(), Vec::new());
    for path in store.templates()? {
        let shown = store.shown(&path);
        let bytes = store.read_template(&path);
        // A shell makes the file before it starts `template show`, which is to fill it.
        if bytes.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        match bytes.and_then(|bytes| Template::parse(&bytes, Some(&shown))) {
            Ok(template) => own.push(template),
            Err(error) => broken.push((shown, error)),
        }
    }
    Ok((own, broken))
}

fn stem(path: &std::path::Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

impl Template {
    /// The names of all variables that its body can use.
    fn known(&self) -> Vec<String> {
        let always = ALWAYS.iter().map(|(name, _)| (*name).to_owned());
        let own = self.variables.iter().map(|own| own.name.clone());
        own.chain(always).collect()
    }

    /// The values of its variables: those given, and else the defaults.
    ///
    /// # Errors
    ///
    /// When one is given that it does not have, or is given twice, or is required and not given.
    pub(super) fn values(&self, given: &[(String, String)]) -> Result<Values> {
        let show = format!("agentsess template show {}", self.name);
        let mut values = Values::new();
        for (name, value) in given {
            if self.variables.iter().all(|known| known.name != *name) {
                let message = format!("template `{}` has no variable `{name}`", self.name);
                let near = nearest(name, self.variables.iter().map(|v| v.name.as_str()));
                let mut error = Error::usage(match near {
                    Some(near) => format!("{message}; did you mean `{near}`?"),
                    None => message,
                });
                error.details = self.variables.iter().map(|v| v.name.clone()).collect();
                return Err(error.hint(show));
            }
            if values.insert(name.clone(), value.clone()).is_some() {
                return Err(Error::usage(format!("`--var {name}` is given twice")).hint(show));
            }
        }
        let missing: Vec<_> = self
            .variables
            .iter()
            .filter(|variable| variable.required)
            .filter(|variable| {
                let value = values.get(&variable.name);
                value.is_none_or(|value| value.trim().is_empty())
            })
            .collect();
        if !missing.is_empty() {
            let mut error = Error::usage(format!(
                "template `{}` needs a value for {}",
                self.name,
                super::counted(missing.len(), "variable")
            ));
            error.details = missing
                .iter()
                .map(|v| {
                    format!("{}  {}", v.name, v.description)
                        .trim_end()
                        .to_owned()
                })
                .collect();
            let vars = missing.iter().map(|v| format!(" --var {}=VALUE", v.name));
            let vars: String = vars.collect();
            let (again, name) = (super::new::AGAIN, &self.name);
            return Err(error.hint(format!("{again} --template {name}{vars}")));
        }
        for variable in &self.variables {
            let default = variable.default.clone().unwrap_or_default();
            values.entry(variable.name.clone()).or_insert(default);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_can_be_read_and_rendered_to_the_last_byte() {
        let templates: Vec<_> = built_in().collect();
        assert_eq!(templates.len(), BUILT_IN.len());
        for template in &templates {
            let mut values = template.values(&[]).unwrap();
            values.extend(ALWAYS.map(|(name, value)| (name.to_owned(), value.to_owned())));
            values.insert("title".into(), "A {{ b }}".into());
            let body = template.render(&values).unwrap();
            assert!(
                body.starts_with("# Session: A {{ b }}\n\n## Context\n"),
                "{body}"
            );
            assert!(body.ends_with("---\n\n## Session Log\n"), "{body}");
            assert!(!template.description.is_empty());
        }
    }

    fn template(body: &str) -> Template {
        let text = format!("---\nname: t\nvariables:\n  area: x\n---\n{body}");
        Template::parse(text.as_bytes(), Some(std::path::Path::new("t.md"))).unwrap()
    }

    fn render(body: &str) -> Result<String, String> {
        let template = template(body);
        let values = template.values(&[]).unwrap();
        let error = |e: Error| format!("{e} ({})", e.hint.as_deref().unwrap_or("-"));
        template.render(&values).map_err(error)
    }

    #[test]
    fn errors_have_their_place_in_the_file() {
        for (body, error) in [
            (
                "# T\n{{ aera }}\n",
                "t.md:7:4: there is no variable `aera` (write `area`, or declare `aera` under `variables`)",
            ),
            (
                "{% set x = 1 %}\n",
                "t.md:6:4: templates have no statement `set`",
            ),
            (
                "a {%- include 'x' %}\n",
                "t.md:6:7: templates have no statement `include`",
            ),
            ("{{ area | upper }}\n", "t.md:6:"),
            ("{% if area %}\n", "t.md:"),
            (
                "{% for a in [1,2,3,4,5,6,7,8,9,0] %}{% for b in [1,2,3,4,5,6,7,8,9,0] %}{% for c in [1,2,3,4,5,6,7,8,9,0] %}{% for d in [1,2,3,4,5,6,7,8,9,0] %}{% for e in [1,2,3,4,5,6,7,8,9,0] %}x{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
                "t.md:6:",
            ),
            ("{{ 'x' * 10000000 }}", "t.md:6:"),
        ] {
            let found = render(body).unwrap_err();
            assert!(found.starts_with(error), "{body}: {found}");
        }
    }

    #[test]
    fn statements_leave_no_empty_lines() {
        let body = "a\n{% if area %}\nb {{ area }}\n{% else %}\nc\n{% endif %}\nd\n";
        assert_eq!(render(body).unwrap(), "a\nb x\nd\n");
    }
}
