//! Rows of the knowledge base: articles, their published versions, and the cases they answer.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{CaseId, KbArticleId};
use domain::kernel::Id;
use domain::service::cases::Case;
use domain::service::kb_articles::{KbArticle, KbArticleVersion};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::{Conn, Result, list, sql};

crate::record! {
    kb_articles: KbArticle {
        id: uid, company_id: uid, status: word, title: text, body: text, category: opt(text), visibility: word, article_version: small,
        has_changes: bool, published_at: opt(instant), archived_at: opt(instant), metadata: json, created_at: instant,
        updated_at: instant, version: int,
    }
    derived { search: text = |a| crate::search_text(&[&a.title, a.category.as_deref().unwrap_or_default(), &a.body]) }
}
crate::record! {
    kb_article_versions: KbArticleVersion {
        id: uid, kb_article_id: uid, article_version: small, title: text, body: text, published_by_user_id: opt(uid),
        published_at: instant,
    }
}

/// Reads along which articles answer these cases, in the order in which they were named.
pub fn complete_cases(db: &mut Conn, rows: &mut [Case]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|c| c.id.uuid()).collect();
    let found = sql!(
        "SELECT case_id, kb_article_id FROM case_articles WHERE case_id IN ({}) ORDER BY case_id, linked_at, kb_article_id",
        list(&ids)
    );
    let mut articles: HashMap<Uuid, Vec<KbArticleId>> = HashMap::new();
    for (case, article) in found.load::<(Uuid, Uuid)>(db)? {
        articles.entry(case).or_default().push(KbArticleId::from_uuid(article));
    }
    for case in rows {
        case.kb_article_ids = articles.remove(&case.id.uuid()).unwrap_or_default();
    }
    Ok(())
}

/// Writes that an article answers a case, after those that are there.
pub fn link(db: &mut Conn, case: CaseId, article: KbArticleId, now: DateTime<Utc>) -> Result<()> {
    let made = sql!("INSERT INTO case_articles (case_id, kb_article_id, linked_at) VALUES ({}, {}, {})", case.uuid(), article.uuid(), now);
    made.execute(db).map(drop)
}

/// Takes an article from a case.
pub fn unlink(db: &mut Conn, case: CaseId, article: KbArticleId) -> Result<()> {
    sql!("DELETE FROM case_articles WHERE case_id = {} AND kb_article_id = {}", case.uuid(), article.uuid()).execute(db).map(drop)
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "kb_article_versions", columns: &[] }];
