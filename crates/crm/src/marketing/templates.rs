//! Operations on templates of messages.

use domain::ids::TemplateId;
use domain::marketing::templates::{
    Content, EMPTY, NAME_TAKEN, NewTemplate, ONE_SOURCE, REFUSALS, RENDERING, RenderTemplate, Rendered, Template, TemplatePatch,
    TemplateRevision, UNKNOWN_REVISION, rendering,
};
use persistence::marketing::templates as rows;
use platform::prelude::*;
use serde_json::Value;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Template>("marketing/templates", "What messages say, with places for what is known of their readers.");
    n.searched(Words::titled("name").details(&["subject"]));
    n.list("List templates.").filter(&["name", "archived_at"]).search(&["search"]).sort(&["name"]);
    n.create(create, CREATE).fails(REFUSALS).fails(&[NAME_TAKEN]);
    n.read("Get a template with its latest content.");
    n.update(update, "Change a template. A changed content is a new revision; what was launched keeps its own.")
        .fails(REFUSALS)
        .fails(&[NAME_TAKEN]);
    n.delete(delete, "Delete a template that no campaign uses.");
    n.action("archive", archive, "Archive a template. It is not offered any more.");
    n.action("restore", restore, "Restore an archived template.");
    n.page_of::<TemplateRevision>("revisions", revisions, "List the contents that a template had, the oldest first.").filter(&["revision"]);
    t.command("render_template", "marketing/templates/render", render, RENDER).read_only().fails(RENDERING).fails(&[
        ONE_SOURCE,
        UNKNOWN_REVISION,
        EMPTY,
        problems::not_found,
    ]);
}

const CREATE: &str = "Create a template. It is written in a small part of Jinja: `{{ variable }}`, `if`, `for` and the filters `default`, \
`upper`, `lower`, `title`, `capitalize`, `trim`, `length`, `first` and `last`. Values in HTML are escaped. A campaign gives `recipient` \
(`name`, `first_name`, `last_name`, `email`, `language`, `country`), `company.name`, `campaign.name`, `unsubscribe_url`, `preferences_url` and its own values.";
const RENDER: &str = "Render a template for a preview. Of a stored one or of a content that is being written. A variable without a value and \
without a default is refused; everything that is wrong is named with its part and line. Nothing is stored.";

fn create(cx: &mut Cx, new: NewTemplate) -> Result<Template> {
    cx.company(new.company_id)?;
    let template = Template::new(cx.new_id(), new, cx.now)?;
    unique(cx, &template)?;
    let template = cx.create(template)?;
    keep_revision(cx, &template)?;
    Ok(template)
}

fn unique(cx: &mut Cx, template: &Template) -> Result<()> {
    match rows::name_taken(cx.db(), template)? {
        true => Err(NAME_TAKEN.field("/name", format!("There is a template {:?}.", template.name))),
        false => Ok(()),
    }
}

fn keep_revision(cx: &mut Cx, template: &Template) -> Result<()> {
    let revision = template.as_revision(cx.new_id(), cx.now);
    cx.insert_all(&[revision])
}

fn update(cx: &mut Cx, id: TemplateId, patch: TemplatePatch) -> Result<Template> {
    let before = cx.load_for_update::<Template>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    unique(cx, &after)?;
    let after = cx.save(&before, after, "updated")?;
    if after.revision != before.revision {
        keep_revision(cx, &after)?;
    }
    Ok(after)
}

fn delete(cx: &mut Cx, id: TemplateId) -> Result<()> {
    let template = cx.load_for_update::<Template>(id)?;
    cx.delete_by::<TemplateRevision>("template_id", id.uuid())?;
    cx.remove(template)
}

fn archive(cx: &mut Cx, id: TemplateId) -> Result<Template> {
    let before = cx.load_for_update::<Template>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: TemplateId) -> Result<Template> {
    let before = cx.load_for_update::<Template>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn revisions(cx: &mut Cx, id: TemplateId, mut list: List) -> Result<Page<TemplateRevision>> {
    cx.find::<Template>(id)?;
    list.only("template_id", id.uuid());
    cx.page(list)
}

fn render(cx: &mut Cx, asked: RenderTemplate) -> Result<Rendered> {
    let own = asked.subject.is_some() || asked.html.is_some() || asked.text.is_some();
    let content = match (asked.template_id, own) {
        (Some(_), true) | (None, false) => return Err(ONE_SOURCE.field("/template_id", "Give a template or a content.")),
        (Some(id), false) => {
            let template = cx.refer::<Template>("/template_id", id)?;
            content_of(cx, &template, asked.revision)?
        }
        (None, true) => Content { subject: asked.subject.unwrap_or_default(), html: asked.html, text: asked.text },
    };
    if content.html.is_none() && content.text.is_none() {
        return Err(EMPTY.field("/html", "Give an HTML body or a text body."));
    }
    rendering::render(&content, &Value::Object(asked.values))
}

/// The content of a revision; the latest when none is named.
pub fn content_of(cx: &mut Cx, template: &Template, revision: Option<i64>) -> Result<Content> {
    let Some(revision) = revision else { return Ok(template.content()) };
    let found = rows::revision(cx.db(), template.id, revision)?;
    found.map(|r| r.content()).ok_or_else(|| UNKNOWN_REVISION.field("/revision", format!("The latest is {}.", template.revision)))
}
