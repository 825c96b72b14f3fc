//! What the table knows of records of all nouns alike: which have a page of their own, so that comments, attachments and watchers stand
//! beside them, which take tags, and whose facts their owners are told.

use persistence::Condition;

use super::all::Table;
use super::expand::Expansion;
use super::kind::Kind;
use super::op::Op;
use crate::visibility::NounRows;

/// A noun with a page of its own.
pub(crate) struct RecordNoun<'t> {
    pub rows: &'t NounRows,
    /// The permission to read it.
    pub permission: &'t str,
}

impl Table {
    /// Whether records of a noun take tags.
    pub(crate) fn takes_tags(&self, noun: &str) -> bool {
        self.tagged.values().any(|(known, _)| *known == noun)
    }
    pub(crate) fn take_tags(&mut self, schema: &str, noun: &'static str, tagged: fn(&str) -> Condition) {
        self.tagged.insert(schema.into(), (noun, tagged));
    }
    pub(crate) fn is_told_to_owners(&self, schema: &str) -> bool {
        self.told_to_owners.contains_key(schema)
    }
    /// The nouns whose facts their owners are told.
    pub(crate) fn told_to_owners(&self) -> impl Iterator<Item = &'static str> {
        self.told_to_owners.values().copied()
    }
    pub(crate) fn tell_owners(&mut self, schema: &str, noun: &'static str) {
        self.told_to_owners.insert(schema.into(), noun);
    }
    /// The nouns with a page of their own, which comments, attachments and watchers stand beside: business nouns that are read one by
    /// one, with the permission to do so.
    pub(crate) fn record_nouns(&self) -> impl Iterator<Item = RecordNoun<'_>> {
        self.opened.iter().filter_map(|(schema, permission)| Some(RecordNoun { rows: self.nouns.get(schema)?, permission }))
    }
    /// Finds the nouns with a page of their own, when all operations are there.
    pub(super) fn open_records(&mut self) {
        let opens = |op: &&Op| op.kind == Kind::Read && op.path_params.len() == 1 && !op.permission.is_empty() && !op.public;
        for op in self.ops.iter().filter(opens) {
            let is_business = !["identity.", "platform."].iter().any(|area| op.permission.starts_with(area));
            if let Some(entity) = op.entity.as_ref().filter(|e| is_business && self.nouns.contains_key(*e)) {
                self.opened.insert(entity.clone(), op.permission.clone());
            }
        }
    }
    /// Lists of nouns whose records take tags have the filter, and embed the tags.
    pub(super) fn embed_tags(&mut self) {
        for op in self.ops.iter_mut().filter(|op| op.kind == Kind::List && op.path_params.is_empty()) {
            if let Some((_, tagged)) = op.entity.as_ref().and_then(|entity| self.tagged.get(entity)) {
                op.filter_text("tag", "Only records with this tag, whatever its case and accents.", *tagged);
                op.embed(Expansion::tags());
            }
        }
    }
}
