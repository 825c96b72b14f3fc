//! Rows of comments.

use domain::platform::comments::Comment;

use crate::beside::{ABOUT_OR_NAMING, key};
use crate::personal::{Personal, array, blank, null};
use crate::reference::{OnMerge, Reference};

crate::record! {
    comments: Comment {
        id: uid, record_id: text, record_kind: text, company_id: opt(uid), party_id: opt(uid), author_id: opt(uid), body: opt(text),
        mention_ids: json, edited_at: opt(instant), deleted_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    derived { record_key: uid = |c| key(&c.record_id), search: text = |c| crate::search_text(&[c.body.as_deref().unwrap_or_default()]) }
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Comment>()
    .ways(&ABOUT_OR_NAMING)
    .columns(&[null("body"), array("mention_ids"), blank("search")])
    .plain(&["record_id", "record_kind"]);

/// What leads to parties from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Comment>("party_id", OnMerge::Follow)];
