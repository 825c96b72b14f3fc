//! Operations on the knowledge base, and which articles answer a case.

use domain::ids::{CaseId, KbArticleId};
use domain::service::cases::Case;
use domain::service::kb_articles::*;
use persistence::service::kb_articles as rows;
use platform::prelude::*;

use crate::service::cases::clocks::save;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<KbArticle>("service/kb-articles", "What service knows: articles with published versions.");
    n.searched(Words::titled("title").details(&["category", "body"]));
    n.list("List articles of the knowledge base. `q` looks into titles, categories and texts.")
        .filter(&["status", "category", "visibility", "published_at"])
        .search(&["search"])
        .sort(&["title", "published_at"]);
    n.create(create, "Create an article. It is a draft until it is published.");
    n.read("Get an article.");
    n.update(update, "Change an article. What is published stays as it is until the article is published again.").fails(&[ARCHIVED]);
    n.action("publish", publish, "Publish an article as it is now, as a version that never changes.")
        .fails(&[ARCHIVED, NOTHING_TO_PUBLISH]);
    n.action("archive", archive, "Archive an article. Cases that it answered keep it.").fails(&[ARCHIVED]);
    n.action("restore", restore, "Restore an archived article, published when it ever was.");
    n.page_of::<KbArticleVersion>("versions", versions, "List the published versions of an article, the oldest first.");
}

fn create(cx: &mut Cx, new: NewKbArticle) -> Result<KbArticle> {
    cx.company(new.company_id)?;
    let made = KbArticle::new(cx.new_id(), new, cx.now)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: KbArticleId, patch: KbArticlePatch) -> Result<KbArticle> {
    let before = cx.load_for_update::<KbArticle>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn publish(cx: &mut Cx, id: KbArticleId) -> Result<KbArticle> {
    let before = cx.load_for_update::<KbArticle>(id)?;
    let (after, version) = before.clone().publish(cx.new_id(), cx.caller.user_id, cx.now)?;
    cx.insert_all(&[version])?;
    cx.save(&before, after, "published")
}

fn archive(cx: &mut Cx, id: KbArticleId) -> Result<KbArticle> {
    let before = cx.load_for_update::<KbArticle>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: KbArticleId) -> Result<KbArticle> {
    let before = cx.load_for_update::<KbArticle>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn versions(cx: &mut Cx, id: KbArticleId, mut list: List) -> Result<Page<KbArticleVersion>> {
    cx.find::<KbArticle>(id)?;
    list.only("kb_article_id", id.uuid());
    cx.page(list)
}

/// Says that an article answers a case; once is enough.
pub(crate) fn link(cx: &mut Cx, id: CaseId, what: LinkKbArticle) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    before.must_not_be_closed()?;
    let article = cx.refer::<KbArticle>("/kb_article_id", what.kb_article_id)?;
    if article.company_id != before.company_id {
        return Err(problems::unknown_reference.field("/kb_article_id", "The article belongs to another company."));
    }
    article.must_be_published()?;
    if before.kb_article_ids.contains(&article.id) {
        return Ok(before);
    }
    if before.kb_article_ids.len() >= MOST_ARTICLES {
        return Err(TOO_MANY_ARTICLES.with(format!("A case has at most {MOST_ARTICLES} articles.")));
    }
    let now = cx.now;
    rows::link(cx.db(), id, article.id, now)?;
    let mut after = Case { updated_at: cx.now, ..before.clone() };
    after.kb_article_ids.push(article.id);
    save(cx, &before, after, "article_linked")
}

/// Takes an article from a case.
pub(crate) fn unlink(cx: &mut Cx, id: CaseId, what: LinkKbArticle) -> Result<Case> {
    let before = cx.load_for_update::<Case>(id)?;
    before.must_not_be_closed()?;
    if !before.kb_article_ids.contains(&what.kb_article_id) {
        return Err(problems::unknown_reference.field("/kb_article_id", "The case does not have this article."));
    }
    rows::unlink(cx.db(), id, what.kb_article_id)?;
    let mut after = Case { updated_at: cx.now, ..before.clone() };
    after.kb_article_ids.retain(|a| *a != what.kb_article_id);
    save(cx, &before, after, "article_unlinked")
}
