//! Facts: what happened, past tense, told once by the operation that made it happen. One row of facts is audit trail,
//! timeline, change feed and webhook outbox at once.

use std::collections::HashMap;

use serde_json::{Map, Value};

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
    /// Of what changed, how it was before; none when it did not exist. See [`Event::was`].
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
        let now = Self::of(verb, after);
        Self { previous: Some(changed(json(before), &now.data)), ..now }
    }
    /// A member as it was before; none when the thing or the member did not exist. Of parts, only those that changed.
    pub fn was(&self, member: &str) -> Option<&Value> {
        let before = self.previous.as_ref()?;
        before.get(member).or_else(|| self.data.get(member))
    }
    /// Whether the thing existed before and this member has changed.
    pub fn changes(&self, member: &str) -> bool {
        self.previous.as_ref().is_some_and(|before| before.get(member).is_some())
    }
    /// The noun of the type: `sales_order`.
    pub fn noun(&self) -> &str {
        self.kind.split_once('.').map_or(&*self.kind, |(noun, _)| noun)
    }
}

/// The members of `before` that are different now, as they were. Of a list of parts with ids only those that are gone, and of
/// those that changed the members that did; a part that only shares the new version of its whole has not changed.
fn changed(before: Value, after: &Value) -> Value {
    let Value::Object(before) = before else { return before };
    let mut out = Map::new();
    for (name, was) in before {
        match after.get(&name) {
            Some(is) if *is == was => {}
            Some(Value::Array(parts)) => {
                let had_parts = was.as_array().is_some_and(|had| !had.is_empty());
                match changed_parts(was, parts) {
                    Value::Array(none) if none.is_empty() && had_parts => {}
                    left => drop(out.insert(name, left)),
                }
            }
            _ => drop(out.insert(name, was)),
        }
    }
    Value::Object(out)
}

fn id_of(part: &Value) -> Option<&str> {
    part.get("id")?.as_str()
}

fn changed_parts(before: Value, after: &[Value]) -> Value {
    let Value::Array(before) = before else { return before };
    if !before.iter().chain(after).all(|part| id_of(part).is_some()) {
        return Value::Array(before);
    }
    let after: HashMap<&str, &Value> = after.iter().filter_map(|part| Some((id_of(part)?, part))).collect();
    let mut out = Vec::new();
    for part in before {
        let Some(is) = id_of(&part).and_then(|id| after.get(id)) else {
            out.push(part);
            continue;
        };
        let id = part["id"].clone();
        if let Value::Object(mut left) = changed(part, is)
            && left.keys().any(|name| name != "version")
        {
            left.insert("id".into(), id);
            out.push(Value::Object(left));
        }
    }
    Value::Array(out)
}

/// Entities are plain data: strings, numbers, lists and maps with string keys, which always have a JSON form.
fn json<T: Entity>(v: &T) -> Value {
    serde_json::to_value(v).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_changed_is_kept_of_before() {
        let before =
            json!({"id": "so_1", "status": "draft", "note": null, "total": "1.00", "tags": ["a"], "customer": {"name": "A", "vat": 1}});
        let after = json!({"id": "so_1", "status": "confirmed", "note": null, "total": "1.00", "tags": ["a", "b"], "customer": {"name": "B", "vat": 1}});
        let left = changed(before, &after);
        assert_eq!(left, json!({"status": "draft", "tags": ["a"], "customer": {"name": "A", "vat": 1}}));
    }

    #[test]
    fn of_parts_only_those_that_changed_are_kept() {
        let line = |id: &str, quantity: i64, version: i64| json!({"id": id, "quantity": quantity, "product": "p", "version": version});
        let before = json!({"lines": [line("a", 1, 1), line("b", 2, 1), line("c", 3, 1)]});
        let after = json!({"lines": [line("a", 1, 2), line("b", 5, 2), line("d", 4, 2)]});
        let left = changed(before.clone(), &after);
        assert_eq!(left, json!({"lines": [{"quantity": 2, "version": 1, "id": "b"}, line("c", 3, 1)]}));
        let same = json!({"lines": [line("a", 1, 2), line("b", 2, 2), line("c", 3, 2)]});
        assert_eq!(changed(before.clone(), &same), json!({}));
        assert_eq!(changed(before.clone(), &json!({"lines": []})), before, "all are gone");
        assert_eq!(changed(json!({"lines": []}), &before), json!({"lines": []}), "all are new");
    }

    #[test]
    fn what_it_was_is_what_changed_or_what_it_is() {
        let mut event = Event {
            kind: "x.changed".into(),
            subject: "x_1".into(),
            company: None,
            party: None,
            version: 2,
            data: json!({"a": 1, "b": 2}),
            previous: Some(json!({"a": 0})),
        };
        assert_eq!((event.was("a"), event.was("b"), event.was("c")), (Some(&json!(0)), Some(&json!(2)), None));
        assert!(event.changes("a") && !event.changes("b"));
        event.previous = None;
        assert_eq!(event.was("a"), None);
    }
}
