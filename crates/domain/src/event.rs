//! Facts: what happened, past tense, told once by the operation that made it happen. One row of facts is audit trail,
//! timeline, change feed and webhook outbox at once.

use serde_json::Value;

use crate::entity::Entity;
use crate::ids::{CompanyId, PartyId};

/// One fact about one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `sales_order.confirmed`: the noun, then the verb in the past tense.
    pub kind: String,
    /// The id of the thing, as on the wire.
    pub subject: String,
    pub company: Option<CompanyId>,
    pub party: Option<PartyId>,
    /// Its version afterwards.
    pub version: i64,
    /// The thing as it is now; for a deletion, as it last was.
    pub data: Value,
    /// The thing as it was, when it existed before.
    pub previous: Option<Value>,
}

impl Event {
    /// Something came to be: `Event::of("created", &order)`.
    pub fn of<T: Entity>(verb: &str, after: &T) -> Self {
        Self {
            kind: format!("{}.{verb}", T::NOUN),
            subject: after.id().to_string(),
            company: after.company(),
            party: after.party(),
            version: after.version(),
            data: json(after),
            previous: None,
        }
    }
    /// Something changed: `Event::change("confirmed", &before, &after)`.
    pub fn change<T: Entity>(verb: &str, before: &T, after: &T) -> Self {
        Self { previous: Some(json(before)), ..Self::of(verb, after) }
    }
    /// The noun of the type: `sales_order`.
    pub fn noun(&self) -> &str {
        self.kind.split_once('.').map_or(&*self.kind, |(noun, _)| noun)
    }
}

/// Entities are plain data: strings, numbers, lists and maps with string keys, which always have a JSON form.
fn json<T: Entity>(v: &T) -> Value {
    serde_json::to_value(v).unwrap_or(Value::Null)
}
