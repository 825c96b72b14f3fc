//! Templates of messages. Every change of the content is a new revision; what was sent says which. How a content becomes
//! a message is in [`self::rendering`].

pub mod rendering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, TemplateId, TemplateRevisionId};
use crate::kernel::{Code, Result};

/// A message has a body, as HTML or as text.
pub const EMPTY: Code = Code::invalid("template.empty", "A template needs an HTML body or a text body.");
/// It does not compile.
pub const SYNTAX: Code = Code::invalid("template.syntax", "The template does not compile.");
/// It uses what the sandbox does not know.
pub const FORBIDDEN: Code = Code::invalid("template.forbidden", "The template uses a tag, filter or function that does not exist here.");
/// A variable has no value and no fallback.
pub const MISSING_VARIABLE: Code = Code::invalid("template.missing_variable", "A variable has no value; give one or a default.");
/// It takes too many steps.
pub const TOO_COMPLEX: Code = Code::invalid("template.too_complex", "The template takes too many steps.");
/// The message would be too large.
pub const TOO_LARGE: Code = Code::invalid("template.too_large", "The message would be too large.");
/// A subject with a line break could carry other headers.
pub const SUBJECT_NOT_ONE_LINE: Code = Code::invalid("template.subject_not_one_line", "The subject must be one line.");
/// Any other failure.
pub const RENDER_FAILED: Code = Code::invalid("template.render_failed", "The template cannot be rendered with these values.");
/// The template has no such revision.
pub const UNKNOWN_REVISION: Code = Code::invalid("template.unknown_revision", "The template has no such revision.");
/// A preview is of a stored template or of a content.
pub const ONE_SOURCE: Code = Code::invalid("template.one_source", "Give a template or a content, not both.");
/// The name is taken in this company.
pub const NAME_TAKEN: Code = Code::conflict("template.name_taken", "The company has a template of this name.");

/// What the rules of a content can answer on writing it.
pub const REFUSALS: &[Code] = &[EMPTY, SYNTAX, FORBIDDEN];
/// What rendering can answer.
pub const RENDERING: &[Code] = &[SYNTAX, FORBIDDEN, MISSING_VARIABLE, TOO_COMPLEX, TOO_LARGE, SUBJECT_NOT_ONE_LINE, RENDER_FAILED];

/// What is sent, with places for variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub subject: String,
    pub html: Option<String>,
    pub text: Option<String>,
}

/// A message as it would be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RenderedTemplate)]
pub struct Rendered {
    /// The subject.
    #[schema(max_length = 500)]
    pub subject: String,
    /// The HTML body.
    #[schema(required, max_length = 524288)]
    pub html: Option<String>,
    /// The text body.
    #[schema(required, max_length = 524288)]
    pub text: Option<String>,
}

/// A template of messages.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Template {
    /// The id.
    pub id: TemplateId,
    /// The company that writes.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 200, example = "Spring newsletter")]
    pub name: String,
    /// Counts the contents, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub revision: i64,
    /// The subject.
    #[schema(max_length = 1000, example = "News for {{ recipient.name }}")]
    pub subject: String,
    /// The HTML body. Values are escaped.
    #[schema(required, max_length = 65536)]
    pub html: Option<String>,
    /// The text body.
    #[schema(required, max_length = 65536)]
    pub text: Option<String>,
    /// The variables in it.
    #[schema(max_items = 1000)]
    pub variables: Vec<String>,
    /// Since when it is not offered any more.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Template, TemplateId, "template", company: |t| Some(t.company_id),
actions: |t| if t.archived_at.is_some() { vec!["restore"] } else { vec!["archive"] } }

/// A content that a template had or has.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TemplateRevision {
    /// The id.
    pub id: TemplateRevisionId,
    /// The template.
    pub template_id: TemplateId,
    /// Its number.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub revision: i64,
    /// The subject.
    #[schema(max_length = 1000)]
    pub subject: String,
    /// The HTML body.
    #[schema(required, max_length = 65536)]
    pub html: Option<String>,
    /// The text body.
    #[schema(required, max_length = 65536)]
    pub text: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// A template to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// The company that writes.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Spring newsletter")]
    pub name: String,
    /// The subject.
    #[schema(min_length = 1, max_length = 1000, example = "News for {{ recipient.name }}")]
    pub subject: String,
    /// The HTML body.
    #[serde(default)]
    #[schema(max_length = 65536, example = "<p>Hello {{ recipient.name }}</p><p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>")]
    pub html: Option<String>,
    /// The text body.
    #[serde(default)]
    #[schema(max_length = 65536)]
    pub text: Option<String>,
}

crate::patch! {
    /// Changes to a template. A changed content is a new revision; campaigns that were launched keep theirs.
    pub struct TemplatePatch for Template {
        /// What it is called.
        set name: String [min_length = 1, max_length = 200],
        /// The subject.
        set subject: String [min_length = 1, max_length = 1000],
        /// The HTML body.
        clear html: String [max_length = 65536],
        /// The text body.
        clear text: String [max_length = 65536],
    }
}

/// What is to be shown: a stored template, or a content that is being written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderTemplate {
    /// The stored template.
    #[serde(default)]
    pub template_id: Option<TemplateId>,
    /// Which revision of it; the latest when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub revision: Option<i64>,
    /// The subject of a content.
    #[serde(default)]
    #[schema(max_length = 1000, example = "News for {{ recipient.name }}")]
    pub subject: Option<String>,
    /// The HTML body of a content.
    #[serde(default)]
    #[schema(max_length = 65536)]
    pub html: Option<String>,
    /// The text body of a content.
    #[serde(default)]
    #[schema(max_length = 65536)]
    pub text: Option<String>,
    /// The values of the variables, by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub values: serde_json::Map<String, serde_json::Value>,
}

impl Content {
    fn checked(self) -> Result<(Self, Vec<String>)> {
        if self.html.is_none() && self.text.is_none() {
            return Err(EMPTY.field("/html", "Give an HTML body or a text body."));
        }
        let variables = rendering::check(&self)?;
        Ok((self, variables))
    }
}

impl Template {
    /// A new template. Fails with [`REFUSALS`].
    pub fn new(id: TemplateId, new: NewTemplate, now: DateTime<Utc>) -> Result<Self> {
        let content = Content { subject: new.subject, html: new.html, text: new.text };
        let (content, variables) = content.checked()?;
        Ok(Self {
            id,
            company_id: new.company_id,
            name: new.name.trim().to_string(),
            revision: 1,
            subject: content.subject,
            html: content.html,
            text: content.text,
            variables,
            archived_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
    pub fn content(&self) -> Content {
        Content { subject: self.subject.clone(), html: self.html.clone(), text: self.text.clone() }
    }
    /// The template with these changes; a changed content counts a revision. Fails with [`REFUSALS`].
    pub fn change(self, patch: TemplatePatch, now: DateTime<Utc>) -> Result<Self> {
        let before = self.content();
        let mut after = self;
        patch.apply(&mut after);
        after.name = after.name.trim().to_string();
        let (content, variables) = after.content().checked()?;
        after.variables = variables;
        after.revision += i64::from(content != before);
        after.updated_at = now;
        Ok(after)
    }
    /// Not offered any more, or again.
    pub fn archived(mut self, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        self.archived_at = at;
        self.updated_at = now;
        self
    }
    /// The present content as a revision.
    pub fn as_revision(&self, id: TemplateRevisionId, now: DateTime<Utc>) -> TemplateRevision {
        let Content { subject, html, text } = self.content();
        TemplateRevision { id, template_id: self.id, revision: self.revision, subject, html, text, created_at: now }
    }
}

impl TemplateRevision {
    pub fn content(&self) -> Content {
        Content { subject: self.subject.clone(), html: self.html.clone(), text: self.text.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn new() -> Template {
        let company_id = Id::from_uuid(uuid::Uuid::from_u128(1));
        let new = NewTemplate { company_id, name: " N ".into(), subject: "s {{ a }}".into(), html: Some("h".into()), text: None };
        Template::new(Id::from_uuid(uuid::Uuid::from_u128(2)), new, Default::default()).expect("valid")
    }

    #[test]
    fn a_changed_content_is_a_new_revision() {
        let t = new();
        assert_eq!((t.revision, t.name.as_str(), &*t.variables), (1, "N", &["a".to_string()][..]));
        let renamed = t.clone().change(TemplatePatch { name: Some("M".into()), ..Default::default() }, Default::default()).expect("valid");
        assert_eq!(renamed.revision, 1);
        let changed =
            t.clone().change(TemplatePatch { subject: Some("t".into()), ..Default::default() }, Default::default()).expect("valid");
        assert_eq!((changed.revision, changed.variables.len()), (2, 0));
        let empty = t.change(TemplatePatch { html: Some(None), ..Default::default() }, Default::default());
        assert_eq!(empty.expect_err("no body").code(), EMPTY);
    }
}
