//! Articles of the knowledge base: what service knows, written once and used in many cases. What was published has
//! versions that never change; a draft beside them can be worked on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, KbArticleId, KbArticleVersionId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Code, Findings, Result, problems};
use crate::service::cases::messages::MessageVisibility;

crate::words! {
    /// Where an article stands.
    pub enum KbArticleStatus {
        /// Never published.
        Draft = "draft",
        /// In use; changes wait until it is published again.
        Published = "published",
        /// No longer in use.
        Archived = "archived",
    }
}

/// Nothing was changed since it was last published.
pub const NOTHING_TO_PUBLISH: Code = Code::conflict("kb_article.nothing_to_publish", "Nothing was changed since it was last published.");
/// The article is archived.
pub const ARCHIVED: Code = Code::conflict("kb_article.archived", "The article is archived.");
/// Only published articles answer a case.
pub const NOT_PUBLISHED: Code = Code::conflict("kb_article.not_published", "The article is not published.");
/// A case has at most [`MOST_ARTICLES`] articles.
pub const TOO_MANY_ARTICLES: Code = Code::conflict("case.too_many_articles", "The case has too many articles.");

/// Articles that a case has at most.
pub const MOST_ARTICLES: usize = 20;

/// An article of the knowledge base.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KbArticle {
    /// The id.
    pub id: KbArticleId,
    /// The company whose knowledge it is.
    pub company_id: CompanyId,
    /// Where it stands.
    pub status: KbArticleStatus,
    /// What it answers, as it is worked on.
    #[schema(max_length = 300, example = "The machine leaks")]
    pub title: String,
    /// The text, as it is worked on.
    #[schema(max_length = 100000)]
    pub body: String,
    /// What kind of matter it is about.
    #[schema(required, max_length = 100)]
    pub category: Option<String>,
    /// Whether customers may see it.
    pub visibility: MessageVisibility,
    /// How often it was published: the number of its latest version.
    #[schema(minimum = 0)]
    pub article_version: i32,
    /// Whether it was changed since it was last published.
    pub has_changes: bool,
    /// When it was last published.
    #[schema(required)]
    pub published_at: Option<DateTime<Utc>>,
    /// When it was archived.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { KbArticle, KbArticleId, "kb_article", company: |a| Some(a.company_id), actions: |a| a.actions() }

/// An article as it was published. No version ever changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KbArticleVersion {
    /// The id.
    pub id: KbArticleVersionId,
    /// The article.
    pub kb_article_id: KbArticleId,
    /// Its place among the versions, from 1.
    #[schema(minimum = 1)]
    pub article_version: i32,
    /// What it answers.
    #[schema(max_length = 300)]
    pub title: String,
    /// The text.
    #[schema(max_length = 100000)]
    pub body: String,
    /// The user who published it; null for API keys without a user.
    #[schema(required)]
    pub published_by_user_id: Option<UserId>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// An article to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKbArticle {
    /// The company whose knowledge it is.
    pub company_id: CompanyId,
    /// What it answers.
    #[schema(min_length = 1, max_length = 300, example = "The machine leaks")]
    pub title: String,
    /// The text.
    #[schema(min_length = 1, max_length = 100000, example = "Tighten the screw of the pump.")]
    pub body: String,
    /// What kind of matter it is about.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub category: Option<String>,
    /// Whether customers may see it; `internal` when left out.
    #[serde(default = "internal")]
    pub visibility: MessageVisibility,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

fn internal() -> MessageVisibility {
    MessageVisibility::Internal
}

crate::patch! {
    /// Changes to an article. What is published stays as it is until the article is published again.
    pub struct KbArticlePatch for KbArticle {
        /// What it answers.
        set title: String [min_length = 1, max_length = 300],
        /// The text.
        set body: String [min_length = 1, max_length = 100000],
        /// What kind of matter it is about.
        clear category: String [max_length = 100],
        /// Whether customers may see it.
        set visibility: MessageVisibility,
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// An article that answers a case.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkKbArticle {
    /// The article.
    pub kb_article_id: KbArticleId,
}

impl KbArticle {
    fn actions(&self) -> Vec<&'static str> {
        match (self.status, self.has_changes) {
            (KbArticleStatus::Archived, _) => vec!["restore"],
            (_, true) => vec!["publish", "archive"],
            (_, false) => vec!["archive"],
        }
    }
    /// A new draft.
    pub fn new(id: KbArticleId, new: NewKbArticle, now: DateTime<Utc>) -> Result<Self> {
        let article = Self {
            id,
            company_id: new.company_id,
            status: KbArticleStatus::Draft,
            title: new.title,
            body: new.body,
            category: new.category,
            visibility: new.visibility,
            article_version: 0,
            has_changes: true,
            published_at: None,
            archived_at: None,
            metadata: new.metadata,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        article.tidied()
    }
    /// The article with these changes; they are not published.
    pub fn change(self, patch: KbArticlePatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_not_be_archived()?;
        let mut after = self.clone();
        patch.apply(&mut after);
        after.updated_at = now;
        let mut after = after.tidied()?;
        after.has_changes |= after.title != self.title || after.body != self.body;
        Ok(after)
    }
    /// Puts what was written into use, as a version that never changes.
    pub fn publish(mut self, id: KbArticleVersionId, by: Option<UserId>, now: DateTime<Utc>) -> Result<(Self, KbArticleVersion)> {
        self.must_not_be_archived()?;
        if !self.has_changes {
            return Err(NOTHING_TO_PUBLISH.with("Change it first.").in_state(self.status, &self.actions()));
        }
        self.status = KbArticleStatus::Published;
        self.article_version += 1;
        self.has_changes = false;
        self.published_at = Some(now);
        self.updated_at = now;
        let version = KbArticleVersion {
            id,
            kb_article_id: self.id,
            article_version: self.article_version,
            title: self.title.clone(),
            body: self.body.clone(),
            published_by_user_id: by,
            published_at: now,
        };
        Ok((self, version))
    }
    /// Takes it out of use.
    pub fn archive(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_not_be_archived()?;
        self.status = KbArticleStatus::Archived;
        self.archived_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Brings it back as it was: published when it ever was.
    pub fn restore(mut self, now: DateTime<Utc>) -> Result<Self> {
        if self.status != KbArticleStatus::Archived {
            return Err(problems::invalid_state.with("The article is not archived.").in_state(self.status, &self.actions()));
        }
        self.status = if self.article_version > 0 { KbArticleStatus::Published } else { KbArticleStatus::Draft };
        self.archived_at = None;
        self.updated_at = now;
        Ok(self)
    }
    /// Refuses an article that answers no case.
    pub fn must_be_published(&self) -> Result<()> {
        match self.status {
            KbArticleStatus::Published => Ok(()),
            _ => Err(NOT_PUBLISHED.with(format!("It is {}.", self.status))),
        }
    }
    fn must_not_be_archived(&self) -> Result<()> {
        match self.status {
            KbArticleStatus::Archived => Err(ARCHIVED.with("Restore it first.").in_state(self.status, &self.actions())),
            _ => Ok(()),
        }
    }
    fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(title) = found.take("/title", filled(&self.title, "")) {
            self.title = title;
        }
        if let Some(body) = found.take("/body", filled(&self.body, "")) {
            self.body = body;
        }
        self.category = trimmed(self.category);
        found.done()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn what_is_published_has_versions_and_what_is_changed_waits() {
        let (now, nil) = (DateTime::UNIX_EPOCH, Uuid::nil());
        let new = json!({"company_id": CompanyId::from_uuid(nil), "title": " Leaks ", "body": "Tighten."});
        let draft = KbArticle::new(KbArticleId::from_uuid(nil), serde_json::from_value(new).expect("readable"), now).expect("made");
        assert_eq!((draft.title.as_str(), draft.status), ("Leaks", KbArticleStatus::Draft));
        assert_eq!(draft.must_be_published().expect_err("draft").code(), NOT_PUBLISHED);
        let publish = |a: &KbArticle| a.clone().publish(KbArticleVersionId::from_uuid(nil), None, now);
        let (article, version) = publish(&draft).expect("published");
        assert_eq!((version.article_version, version.body.as_str()), (1, "Tighten."));
        assert_eq!(publish(&article).expect_err("unchanged").code(), NOTHING_TO_PUBLISH);
        let change = |a: &KbArticle, body| a.clone().change(serde_json::from_value(body).expect("readable"), now);
        assert!(!change(&article, json!({"category": "x"})).expect("changed").has_changes, "only the text is published");
        let changed = change(&article, json!({"body": "Replace."})).expect("changed");
        assert_eq!(publish(&changed).expect("again").1.article_version, 2);
        let gone = changed.archive(now).expect("archived");
        assert_eq!(publish(&gone).expect_err("archived").code(), ARCHIVED);
        assert_eq!(gone.restore(now).expect("restored").status, KbArticleStatus::Published);
        assert_eq!(draft.archive(now).and_then(|a| a.restore(now)).expect("restored").status, KbArticleStatus::Draft);
    }
}
