//! What fields of a body refer to. A resource that was merged into another leads to the one that stands for it.

use std::collections::BTreeMap;

use domain::kernel::{Problem, problems};
use domain::{Entity, Result};
use persistence::Record;

use super::Cx;

/// A merge moves those before it along, so one step leads to who stays; more are only there while two merges meet.
const MOST_MERGES: usize = 8;

impl Cx<'_> {
    /// The resource that a field of the body refers to; `pointer` names the field. Where that one was merged away it is the
    /// one that stands for it: keep the id of what is answered, not the id that was given.
    pub fn refer<T: Entity + Record>(&mut self, pointer: &str, id: T::Id) -> Result<T> {
        self.find_survivor::<T>(id).map_err(|p| unknown_at(pointer, p))
    }
    /// As [`Cx::refer`], of the very one that is named, for whoever refuses those that were merged away.
    pub fn refer_itself<T: Entity + Record>(&mut self, pointer: &str, id: T::Id) -> Result<T> {
        self.find_to_refer::<T>(id).map_err(|p| unknown_at(pointer, p))
    }
    /// As [`Cx::refer_itself`], and nobody is kept from changing it: for whoever locks it next.
    pub(crate) fn exists<T: Entity + Record>(&mut self, pointer: &str, id: T::Id) -> Result<T> {
        self.find::<T>(id).map_err(|p| unknown_at(pointer, p))
    }
    /// As [`Cx::find`]; one that was merged away leads to the one that stands for it.
    pub fn find_survivor<T: Entity + Record>(&mut self, id: T::Id) -> Result<T> {
        let mut found = self.find_to_refer::<T>(id)?;
        for _ in 0..MOST_MERGES {
            let Some(next) = found.survivor() else { break };
            found = self.find_to_refer::<T>(next)?;
        }
        Ok(found)
    }
    /// Who stands for each of these: itself, or the one it was merged into. Those that do not exist for the caller are left out.
    pub fn survivors<T: Entity + Record>(&mut self, ids: &[T::Id]) -> Result<BTreeMap<T::Id, T::Id>> {
        let mut known: BTreeMap<T::Id, T::Id> = BTreeMap::new();
        for found in self.find_all::<T>(ids)? {
            let stands = match found.survivor() {
                Some(next) => self.find_survivor::<T>(next)?.id(),
                None => found.id(),
            };
            known.insert(found.id(), stands);
        }
        Ok(known)
    }
}

/// What a path does not find, said of a field of the body.
fn unknown_at(pointer: &str, p: Problem) -> Problem {
    match p.code() == problems::not_found {
        true => problems::unknown_reference.field(pointer, p.to_string()),
        false => p,
    }
}
