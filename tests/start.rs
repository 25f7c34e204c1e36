//! What a session is started from is text by anybody: templates, values for their variables, other
//! sessions. Whatever it says, a valid session comes of it or an error that says where.

use std::fs;
use std::path::Path;

use agentsess::document::time::{Timestamp, parse_minute};
use agentsess::document::{Document, Fences, LogEntry, Source, Status};
use agentsess::lint::{self, Severity};
use agentsess::operations::new::{self, Request};
use agentsess::operations::template;
use agentsess::store::{Place, Store};
use proptest::prelude::*;

fn now() -> Timestamp {
    parse_minute("2025-12-04 14:30").unwrap()
}

fn store(folder: &Path) -> Store {
    let place = Place {
        directory: Some(folder.to_owned()),
        ..Place::default()
    };
    Store::open(&place).unwrap()
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn text(extra: &'static [&'static str]) -> impl Strategy<Value = String> {
    let mut pieces = vec![
        "---\n",
        "# Session: {{ title }}\n",
        "# Other\n",
        "## Context\n",
        "## Next Steps\n\n",
        "## Session Log\n",
        "### 2025-12-04 14:30 - a/b\n",
        "### Wave 1: A (ACTIVE)\n",
        "```\n",
        "<!--",
        "-->",
        "<pre>",
        "text\n",
        "\n",
        "- [ ] open\n",
        "- [x] done\n",
        "  - [ ] nested\n",
        "> ",
        "é",
        "\u{feff}",
        "\r\n",
        "\0",
        "\u{202e}",
        "===\n",
        "* * *\n",
        "\t",
        "<<<<<<< HEAD\n",
        "None.\n",
    ];
    pieces.extend(extra);
    prop::collection::vec(prop::sample::select(pieces), 0..25).prop_map(|pieces| pieces.concat())
}

const TEMPLATE: &[&str] = &[
    "{{ a }}",
    "{{ a ~ a }}",
    "{{ nothing }}",
    "{{ a.b }}",
    "{{ 'x' * 99999 }}",
    "{{",
    "}}",
    "{% if a %}",
    "{% else %}",
    "{% endif %}",
    "{% for x in [1, 2] %}",
    "{% for x in a %}",
    "{% endfor %}",
    "{% set a = a ~ a %}",
    "{% include 't' %}",
    "{#",
    "#}",
    "{% raw %}",
    "{% endraw %}",
    "{%",
    "%}",
    "{{ title }}\n",
];

const HEAD: &[&str] = &[
    "name: t\n",
    "name: [t]\n",
    "description: d\n",
    "variables:\n",
    "  a: b\n",
    "  a: {required: true}\n",
    "  title: x\n",
    "  a: [",
    "  a: *b\n",
    "names: t\n",
    "- ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_template_makes_a_valid_session_or_an_error_with_its_place(
        body in text(TEMPLATE), value in text(&[]), title in "[-#a-z{}é <>!=~`*]{1,12}x",
    ) {
        let folder = tempfile::tempdir().unwrap();
        let head = "---\nname: t\nvariables: {a: b}\n---\n";
        write(folder.path(), ".agents/templates/t.md", &format!("{head}{body}"));
        let store = store(&folder.path().canonicalize().unwrap());
        let vars = [("a".to_owned(), value)];
        let request = Request {
            title: Some(&title),
            template: Some("t"),
            vars: &vars,
            agent: "dev",
            ..Request::default()
        };
        match new::new(&store, &request, now()) {
            Ok(written) => {
                let source = store.read(&written.session).unwrap();
                let document = Document::parse(&source);
                prop_assert_eq!(document.frontmatter.fences, Fences::Closed);
                prop_assert_eq!(document.frontmatter.status(), Some(Status::InProgress));
                let log = document.body.log(document.text);
                let stamps = log.iter().filter_map(LogEntry::stamp);
                let created = stamps.filter(|stamp| stamp.action == "new").count();
                prop_assert_eq!(created, 1);
                let settings = lint::Settings::new(&store.config, now());
                let found = lint::check(&written.session, &source, settings);
                let errors = found.iter().filter(|found| found.severity == Severity::Error);
                // Words are taken as they are.
                let errors = errors.filter(|found| found.rule.name != "hidden-character");
                prop_assert_eq!(errors.count(), 0, "{}", source.text());
            }
            Err(error) => {
                let place = error.location.clone().and_then(|at| at.position);
                let lines = head.lines().count() + body.lines().count();
                prop_assert!(place.is_some_and(|(line, _)| line > 4 && line <= lines + 1), "{error:?}");
                prop_assert_eq!(store.names().unwrap().len(), 0);
            }
        }
    }

    #[test]
    fn a_value_is_never_a_heading(value in text(&["## Injected\n", "# Injected\n"])) {
        let folder = tempfile::tempdir().unwrap();
        let template = "---\nname: t\nvariables: {a: }\n---\n## Context\n\nBefore.\n\n{{ a }}\n\nAfter {{ a }}.\n{{ a }}\n\n<!--\n{{ a }}\n## Hidden\n-->\n\n- {{ a }}\n\n```\n{{ a }}\n## Code\n```\n";
        write(folder.path(), ".agents/templates/t.md", template);
        let store = store(&folder.path().canonicalize().unwrap());
        let vars = [("a".to_owned(), value)];
        let request = Request {
            title: Some("T"),
            template: Some("t"),
            vars: &vars,
            agent: "dev",
            ..Request::default()
        };
        if let Ok(written) = new::new(&store, &request, now()) {
            let source = store.read(&written.session).unwrap();
            let document = Document::parse(&source);
            let names = document.body.sections.iter().map(|section| document.body.name(section));
            let names: Vec<_> = names.collect();
            prop_assert_eq!(names, ["Context", "Current State", "Next Steps", "Session Log"]);
            prop_assert_eq!(document.body.log(document.text).len(), 1);
        }
    }

    #[test]
    fn any_file_among_the_templates_is_listed_and_checked(file in text(TEMPLATE), head in text(HEAD)) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), ".agents/templates/t.md", &format!("---\n{head}---\n{file}"));
        write(folder.path(), ".agents/templates/u.md", &file);
        let store = store(&folder.path().canonicalize().unwrap());
        let listed = template::list(&store).unwrap();
        // What a shell opens for output is empty, and no template yet.
        let least = 7 - usize::from(file.is_empty());
        prop_assert!(listed.len() >= least);
        for found in template::check(&store, None, now()).unwrap().findings {
            prop_assert!(found.line.is_some(), "{found:?}");
        }
    }

    #[test]
    fn open_work_of_any_session_is_carried_over_and_nothing_that_is_done(
        steps in text(&[]), waves in text(&["### Wave 2: B (blocked by Wave 1)\n\n", "### Wave 3: C (DONE)\n\n"]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let parent = format!(
            "---\nsession:\n  title: P\n  status: in_progress\n---\n\n# Session: P\n\n\
             ## Context\n\nc\n\n## Next Steps\n\n{steps}\n\n## Execution Progress\n\n{waves}\n"
        );
        write(folder.path(), ".agents/sessions/20251201-090000-p.md", &parent);
        let store = store(&folder.path().canonicalize().unwrap());
        let request = Request {
            parent: Some("p"),
            agent: "dev",
            ..Request::default()
        };
        let written = new::new(&store, &request, now()).unwrap();
        let parent = Source::new(parent.into());
        let child = store.read(&written.session).unwrap();
        let open = |source: &Source, done: bool| {
            let document = Document::parse(source);
            let skipped = ["Context", "Current State"];
            let boxes = document.boxes().filter(|(_, item, ticked)| {
                let section = item.section.and_then(|at| document.body.sections.get(at));
                let name = section.map_or("", |section| document.body.name(section));
                *ticked == done && !skipped.contains(&name)
            });
            boxes.count()
        };
        let simple = !["# ", "\r", "## ", "```", "<!--", "<pre>", "---", "===", "> ", "\t", "\0"]
            .iter()
            .any(|mark| steps.contains(mark) || waves.replace("### ", "").contains(mark));
        if simple {
            prop_assert_eq!(open(&parent, false), open(&child, false), "{}\n{}", parent.text(), child.text());
            prop_assert!(open(&parent, true) >= open(&child, true));
        }
    }
}
