//! How many items the arrays of a body may have, place by place, taken from its schema: so that whoever reads a body can stop
//! at the first item too many instead of holding all of them in memory to be told so by the schema.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// The arrays of a body and where they are.
#[derive(Debug, Default)]
pub struct Outline {
    nodes: Vec<Node>,
    root: Place,
}

#[derive(Debug, Default)]
struct Node {
    most: Option<usize>,
    items: Place,
    members: HashMap<String, Place>,
}

/// A place in a body: what it may be there. A place of which nothing is known has no alternatives.
pub type Place = Vec<u32>;

impl Outline {
    /// Of a body with the schema `name`, which is one of `schemas`; of no body, when there is none.
    pub(super) fn of(schemas: BTreeMap<String, Value>, name: Option<&str>) -> Self {
        let mut builder = Builder { schemas: schemas.into_iter().collect(), named: HashMap::new(), nodes: vec![] };
        let root = name.map(|name| builder.named(name)).unwrap_or_default();
        Self { nodes: builder.nodes, root }
    }
    /// The body itself.
    pub fn root(&self) -> Place {
        self.root.clone()
    }
    fn at<'o>(&'o self, place: &'o Place) -> impl Iterator<Item = &'o Node> {
        place.iter().filter_map(|&n| self.nodes.get(n as usize))
    }
    /// The items of an array.
    pub fn items(&self, place: &Place) -> Place {
        self.at(place).flat_map(|n| n.items.iter().copied()).collect()
    }
    /// A member of an object.
    pub fn member(&self, place: &Place, name: &str) -> Place {
        self.at(place).filter_map(|n| n.members.get(name)).flatten().copied().collect()
    }
    /// How many items an array may have; nothing where the schema does not say.
    pub fn most_items(&self, place: &Place) -> Option<usize> {
        self.at(place).filter_map(|n| n.most).max()
    }
}

struct Builder {
    schemas: HashMap<String, Value>,
    /// What was begun already; schemas may contain themselves.
    named: HashMap<String, Place>,
    nodes: Vec<Node>,
}

impl Builder {
    fn named(&mut self, name: &str) -> Place {
        if let Some(known) = self.named.get(name) {
            return known.clone();
        }
        let Some(schema) = self.schemas.get(name).cloned() else { return Place::new() };
        if let Some(alternatives) = alternatives(&schema) {
            // only objects and arrays contain themselves; alternatives do so through one of these
            self.named.insert(name.into(), Place::new());
            let place: Place = alternatives.iter().flat_map(|s| self.place(s)).collect();
            self.named.insert(name.into(), place.clone());
            return place;
        }
        let at = self.reserve();
        self.named.insert(name.into(), vec![at]);
        self.fill(at, &schema);
        vec![at]
    }
    fn reserve(&mut self) -> u32 {
        self.nodes.push(Node::default());
        (self.nodes.len() - 1) as u32
    }
    fn place(&mut self, schema: &Value) -> Place {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
            return self.named(name);
        }
        if let Some(alternatives) = alternatives(schema) {
            return alternatives.iter().flat_map(|s| self.place(s)).collect();
        }
        if schema.get("properties").is_none() && schema.get("items").is_none() {
            return Place::new();
        }
        let at = self.reserve();
        self.fill(at, schema);
        vec![at]
    }
    fn fill(&mut self, at: u32, schema: &Value) {
        let items = self.place(&schema["items"]);
        let members = schema["properties"].as_object().into_iter().flatten().map(|(name, s)| (name.clone(), self.place(s)));
        let members = members.filter(|(_, place)| !place.is_empty()).collect();
        let most = schema["maxItems"].as_u64().and_then(|n| usize::try_from(n).ok());
        self.nodes[at as usize] = Node { most, items, members };
    }
}

fn alternatives(schema: &Value) -> Option<Vec<Value>> {
    ["oneOf", "anyOf", "allOf"].into_iter().find_map(|key| schema[key].as_array().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arrays_are_found_through_references_alternatives_and_themselves() {
        let schemas = [
            (
                "Order",
                json!({ "properties": { "lines": { "type": "array", "maxItems": 3, "items": { "$ref": "#/components/schemas/Line" } },
                "note": { "type": "string" }, "filter": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Filter" }] } } }),
            ),
            ("Line", json!({ "properties": { "serials": { "type": ["array", "null"], "maxItems": 2, "items": { "type": "string" } } } })),
            (
                "Filter",
                json!({ "properties": { "all": { "type": "array", "maxItems": 5, "items": { "$ref": "#/components/schemas/Filter" } } } }),
            ),
        ];
        let schemas = schemas.into_iter().map(|(n, s)| (n.to_string(), s)).collect();
        let mut builder = Builder { schemas, named: HashMap::new(), nodes: vec![] };
        let root = builder.named("Order");
        let outline = Outline { nodes: builder.nodes, root };
        let lines = outline.member(&outline.root(), "lines");
        assert_eq!(outline.most_items(&lines), Some(3));
        assert_eq!(outline.most_items(&outline.member(&outline.items(&lines), "serials")), Some(2));
        let all = outline.member(&outline.member(&outline.root(), "filter"), "all");
        let deeper = outline.member(&outline.items(&all), "all");
        assert_eq!((outline.most_items(&all), outline.most_items(&deeper)), (Some(5), Some(5)));
        assert!(outline.member(&outline.root(), "note").is_empty() && outline.member(&outline.root(), "unknown").is_empty());
    }
}
