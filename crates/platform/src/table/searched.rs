//! The words to declare what the records of a noun are found by.

use std::collections::BTreeSet;

use domain::Entity;
use persistence::Record;
use uuid::Uuid;

use super::all::Table;
use super::shape::Shape;
use crate::search::{Searched, Words};

impl Table {
    /// Records of this noun are found by these words, by the search and by `q` of its list.
    pub fn searched_as<T: Entity + Record>(&mut self, words: Words) {
        for field in words.fields() {
            let root = field.split('.').next().unwrap_or(field);
            assert!(self.properties(&Shape::of::<T>()).contains(&root), "{} has no field {field}", T::name());
        }
        assert!(self.searched.insert(T::NOUN, Searched::of::<T>(words)).is_none(), "what finds {} is declared twice", T::name());
    }
    /// The nouns whose records are found.
    pub fn searched(&self) -> impl Iterator<Item = &Searched> {
        self.searched.values()
    }
    /// What finds the record with this id on the wire, of which a fact of this noun tells. Nouns may share a prefix.
    pub(crate) fn searched_by(&self, id: &str, noun: &str) -> Option<(&Searched, Uuid)> {
        let (prefix, _) = id.rsplit_once('_')?;
        let mut all = self.searched.values().filter(|s| s.prefix == prefix);
        let found = match (all.next(), all.next()) {
            (Some(only), None) => only,
            (Some(_), Some(_)) => self.searched.get(noun)?,
            (None, _) => return None,
        };
        Some((found, domain::kernel::decode(found.prefix, id)?))
    }
    /// Refuses a field that some may not see: they would learn of it by looking for it.
    pub(super) fn check_searched(&self) {
        for searched in self.searched.values() {
            let hidden: BTreeSet<&str> = self.masks_of(&searched.schema).iter().flat_map(|m| m.fields.iter().copied()).collect();
            let found = searched.fields().find(|field| hidden.iter().any(|h| h == field || field.starts_with(&format!("{h}."))));
            assert!(found.is_none(), "{} is found by {found:?}, which some may not see", searched.schema);
        }
    }
}
