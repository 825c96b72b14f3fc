//! Rows of templates and their revisions.

use domain::ids::TemplateId;
use domain::kernel::Id;
use domain::marketing::templates::{Template, TemplateRevision};
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

record! {
    templates: Template {
        id: uid, company_id: uid, name: text, revision: int, subject: text, html: opt(text), text: opt(text), variables: json,
        archived_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |t| crate::search_text(&[&t.name, &t.subject]) }
}
record! {
    template_revisions: TemplateRevision {
        id: uid, template_id: uid, revision: int, subject: text, html: opt(text), text: opt(text), created_at: instant,
    }
}

/// One revision of a template.
pub fn revision(db: &mut Conn, template: TemplateId, revision: i64) -> Result<Option<TemplateRevision>> {
    let mut s = record::select::<TemplateRevision>();
    s.append(sql!(" WHERE template_id = {} AND revision = {}", template.uuid(), revision));
    Ok(record::load(db, &s)?.pop())
}

/// Whether another template of the company has this name.
pub fn name_taken(db: &mut Conn, template: &Template) -> Result<bool> {
    let rows = sql!(
        "SELECT id FROM templates WHERE company_id = {} AND name = {} AND id <> {} LIMIT 1",
        template.company_id.uuid(),
        &template.name,
        template.id.uuid()
    );
    Ok(rows.first::<(Uuid,)>(db)?.is_some())
}
