//! Records of any noun, found by their ids: for what stands beside them, such as comments, attachments and watchers. Whoever may not
//! read a record does not find it here, and sees nothing that stands beside it.

use std::sync::Arc;

use domain::ids::UserId;
use domain::kernel::{decode, problems};
use domain::platform::records::About;
use domain::platform::trace::title_of;
use domain::{Entity, Result};
use persistence::platform::records as rows;
use persistence::{Condition, Record};

use crate::cx::{Cx, VisibleRecords};

/// Finds a record of one noun by its id; one that was merged away leads to the one that stands for it.
pub(crate) type Open = fn(&mut Cx, &str) -> Result<Option<About>>;

/// As [`Open`], for the noun `T`.
pub(crate) fn open<T: Entity + Record>(cx: &mut Cx, id: &str) -> Result<Option<About>> {
    let Ok(id) = id.parse::<T::Id>() else { return Ok(None) };
    let found = match cx.find_survivor::<T>(id) {
        Ok(found) => found,
        Err(p) if p.code() == problems::not_found => return Ok(None),
        Err(p) => return Err(p),
    };
    let data = domain::Event::of("read", &found).data;
    let user = |field: &str| data[field].as_str().and_then(|id| id.parse::<UserId>().ok());
    Ok(Some(About {
        id: found.id().to_string(),
        kind: T::NOUN,
        company: found.company(),
        party: found.party(),
        owner: user("owner_id").or_else(|| user("assignee_id")),
        title: title_of(&data),
    }))
}

impl Cx<'_> {
    /// The record with this id, of any noun that has a page of its own, when the caller may read it.
    pub fn record(&mut self, id: &str) -> Result<Option<About>> {
        let app = self.app().clone();
        for noun in app.table.record_nouns().filter(|n| decode(n.rows.prefix, id).is_some()) {
            if !self.unlimited && !self.caller.may(noun.permission) {
                continue;
            }
            if let Some(found) = (noun.rows.open)(self, id)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
    /// The record that a field of the body refers to.
    pub fn refer_record(&mut self, pointer: &str, id: &str) -> Result<About> {
        let found = self.record(id)?;
        found.ok_or_else(|| problems::unknown_reference.field(pointer, format!("There is no record {id}.")))
    }
    /// The rows of a table beside records, of the records that the caller may read; nothing when these are all.
    pub(crate) fn beside_visible(&mut self, table: &str) -> Result<Option<Condition>> {
        let records = match self.around.records.clone() {
            Some(known) => known,
            None => {
                let found = Arc::new(self.visible_records()?);
                self.around.records = Some(found.clone());
                found
            }
        };
        Ok((!records.is_all).then(|| rows::visible(table, &records.whole, &records.parts)))
    }
    fn visible_records(&mut self) -> Result<VisibleRecords> {
        let app = self.app().clone();
        let mut found = VisibleRecords { is_all: true, ..VisibleRecords::default() };
        for noun in app.table.record_nouns() {
            if !self.caller.may(noun.permission) {
                found.is_all = false;
                continue;
            }
            match self.visible_rows(noun.rows.table)? {
                None => found.whole.push(noun.rows.noun),
                Some(condition) => {
                    found.is_all = false;
                    found.parts.push((noun.rows.noun, noun.rows.table, condition));
                }
            }
        }
        Ok(found)
    }
    /// Removes what stands beside a record that is deleted.
    pub(crate) fn forget_beside<T: Entity + Record>(&mut self, record: &T) -> Result<()> {
        let app = self.app().clone();
        if app.table.record_nouns().any(|n| n.rows.table == T::TABLE) && !rows::is_bare(self.db(), record.key())? {
            rows::forget(self.db(), record.key())?;
        }
        Ok(())
    }
}
