//! Filters by a party or contact that was merged away find what leads to the one that stands for it, too: rows follow a merge, and
//! callers keep the old id.

use domain::Result;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::ids::{ContactId, PartyId};
use domain::kernel::{Id, decode};
use persistence::reference::survivors;
use persistence::{Column, Condition, Record, Uuid, Value as Bound};

use crate::cx::Cx;

/// Columns that name the very one: the history of merges.
const HISTORY: [&str; 3] = ["merged_into", "winner_id", "loser_id"];

/// Who stands for those of these that were merged away, by the prefix of their ids.
pub(super) fn of(cx: &mut Cx, prefix: &str, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let table = match prefix {
        PartyId::PREFIX => Party::TABLE,
        ContactId::PREFIX => Contact::TABLE,
        _ => return Ok(Vec::new()),
    };
    Ok(survivors(cx.db(), table, ids)?.into_iter().map(|(_, stands)| stands).collect())
}

/// The condition of a filter on a column, with those that stand for whom it names.
pub(super) fn included(cx: &mut Cx, column: &Column, condition: Condition) -> Result<Condition> {
    let Condition::In(name, mut values) = condition else { return Ok(condition) };
    if let Some(prefix) = column.prefix.filter(|_| !HISTORY.contains(&name)) {
        let asked: Vec<Uuid> = values.iter().filter_map(|v| if let Bound::Uid(id) = v { Some(*id) } else { None }).collect();
        values.extend(of(cx, prefix, &asked)?.into_iter().map(Bound::Uid));
    } else if ["regarding_id", "record_id"].contains(&name) {
        // what an activity is about, and what stands beside a record, is named by its id as text
        let texts: Vec<String> = values.iter().filter_map(|v| if let Bound::Text(text) = v { Some(text.clone()) } else { None }).collect();
        let asked = |prefix: &str| -> Vec<Uuid> { texts.iter().filter_map(|text| decode(prefix, text)).collect() };
        let (parties, contacts) = (asked(PartyId::PREFIX), asked(ContactId::PREFIX));
        let parties = of(cx, PartyId::PREFIX, &parties)?.into_iter().map(|id| PartyId::from_uuid(id).to_string());
        let contacts = of(cx, ContactId::PREFIX, &contacts)?.into_iter().map(|id| ContactId::from_uuid(id).to_string());
        values.extend(parties.chain(contacts).map(Bound::Text));
    }
    Ok(Condition::In(name, values))
}

/// A condition of its own on an id, or on who stands for it.
pub(super) fn either(cx: &mut Cx, prefix: &str, id: Uuid, condition: fn(Uuid) -> Condition) -> Result<Condition> {
    let mut out = condition(id);
    for stands in of(cx, prefix, &[id])? {
        out = out.or(&condition(stands));
    }
    Ok(out)
}
