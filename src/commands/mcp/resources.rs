use rmcp::model::{
    ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
};

use super::super::Context;
use crate::document::{Document, Status, slugify, stem_of};
use crate::error::{Error, Kind, Result};
use crate::operations::slug_of;
use crate::render::{one_line, sanitize, uri};
use crate::store::Store;

const SCHEME: &str = "session://";
const MARKDOWN: &str = "text/markdown";

/// Sessions on a page of the list.
const PAGE: usize = 100;

/// The sessions of this work tree that are not completed, in the order of their names. The cursor is
/// the stem of the last one that was listed.
pub(super) fn list(context: &Context, cursor: Option<&str>) -> Result<ListResourcesResult> {
    let is_active = |document: &Document| document.frontmatter.status() != Some(Status::Completed);
    let mut active = context.store()?.candidates(&is_active)?;
    active.sort_by(|a, b| a.name.cmp(&b.name));
    active.retain(|session| cursor.is_none_or(|cursor| stem_of(&session.name) > cursor));
    let more = active.len() > PAGE;
    active.truncate(PAGE);
    let last = active
        .last()
        .map(|session| stem_of(&session.name).to_owned());
    let resources = active.iter().map(|session| {
        let document = Document::parse(&session.source);
        let name = one_line(slug_of(&session.name)).into_owned();
        let title = document.frontmatter.title().unwrap_or(&name);
        let mut resource = Resource::new(address(&session.name), name.as_str())
            .with_title(one_line(title))
            .with_mime_type(MARKDOWN)
            .with_size(session.source.bytes().len() as u64);
        if let Some(task) = document.frontmatter.current_task() {
            resource = resource.with_description(one_line(task));
        }
        resource
    });
    let mut page = ListResourcesResult::with_all_items(resources.collect());
    page.next_cursor = last.filter(|_| more);
    Ok(page)
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    [
        ("session://{name}", "session", "A session", "The whole file"),
        (
            "session://{name}/{section}",
            "section",
            "A section of a session",
            "One section, such as current-state or next-steps",
        ),
    ]
    .into_iter()
    .map(|(template, name, title, about)| {
        ResourceTemplate::new(template, name)
            .with_title(title)
            .with_description(about)
            .with_mime_type(MARKDOWN)
    })
    .collect()
}

/// The whole file or one section, fit for a terminal. A session is named in full, because what an
/// address means must not depend on which other sessions there are.
pub(super) fn read(context: &Context, address: &str) -> Result<ReadResourceResult> {
    let store = context.store()?;
    let nothing = || {
        let error = Error::new(Kind::NotFound, format!("there is no `{address}`"));
        error.hint("agentsess list")
    };
    let path = address.strip_prefix(SCHEME).ok_or_else(nothing)?;
    let (session, section) = match path.split_once('/') {
        None | Some((_, "")) => (path.trim_end_matches('/'), None),
        Some((session, section)) => (session, Some(section)),
    };
    let name = named(&store, session).ok_or_else(nothing)?;
    let source = store.read(&name)?;
    let document = Document::parse(&source);
    let text = match section {
        None => document.text,
        Some(wanted) => {
            let mut sections = document.body.sections.iter();
            let section = sections
                .find(|section| slugify(document.body.name(section)) == wanted)
                .ok_or_else(nothing)?;
            section.body.of(document.text)
        }
    };
    let contents = ResourceContents::text(sanitize(text), address).with_mime_type(MARKDOWN);
    Ok(ReadResourceResult::new(vec![contents]))
}

fn address(name: &str) -> String {
    format!("{SCHEME}{}", uri(stem_of(name).as_bytes()))
}

/// The file name of the session with this address. Nothing is decoded, so that nothing can be hidden
/// in an address: it is one of those that are given out, or it is none.
fn named(store: &Store, session: &str) -> Option<String> {
    let names = store.names().ok()?;
    names
        .into_iter()
        .find(|name| uri(stem_of(name).as_bytes()) == session)
}
