//! The schemas of the document: those of utoipa's traits, made to say what really travels.

use std::collections::BTreeMap;

use platform::table::{Expansion, Shape, Table, schema};
use serde_json::{Value, json};

use crate::problem::WireProblem;

/// All schemas by name. Says when two types share a name.
pub fn all(table: &Table, findings: &mut Vec<String>) -> BTreeMap<String, Value> {
    let mut out: BTreeMap<String, Value> = BTreeMap::new();
    // the body of an update says the same inside another body
    let patches: BTreeMap<String, Value> = table
        .ops
        .iter()
        .filter(|op| op.clearable.is_some())
        .filter_map(|op| {
            let name = (op.body.as_ref()?.name)();
            Some((name.to_string(), op.body_components().remove(&*name)?))
        })
        .collect();
    let mut add = |found: BTreeMap<String, Value>| {
        for (name, schema) in found {
            let schema = patches.get(&name).cloned().unwrap_or(schema);
            if let Some(old) = out.get(&name) {
                if old != &schema {
                    findings.push(format!("two types are named {name}: {old} and {schema}"));
                }
            } else {
                out.insert(name, schema);
            }
        }
    };
    add(schema::components(&Shape::of::<WireProblem>()));
    for op in &table.ops {
        op.path_params.iter().for_each(|(_, s)| add(schema::components(s)));
        op.output.iter().chain(&op.item).for_each(|s| add(schema::components(s)));
        op.expansions.iter().for_each(|e| add(schema::components(&e.shape)));
        add(op.body_components());
    }
    for op in &table.ops {
        for e in &op.expansions {
            let row = op.listing.as_ref().map(|l| &l.row).or(op.output.as_ref());
            if let Some(row) = row {
                expanded(&mut out, &(row.name)(), e);
            }
        }
    }
    let names: Vec<String> = out.keys().cloned().collect();
    for name in names.iter().filter(|n| table.has_actions(n)) {
        actions(&mut out, name);
    }
    let hiding: Vec<String> = table.masked_schemas().map(String::from).collect();
    for name in hiding {
        let fields: Vec<&str> = table.masks_of(&name).iter().flat_map(|m| m.fields.iter().copied()).collect();
        fields.iter().for_each(|field| may_be_null(&mut out, &name, field));
        masked(&mut out, &name, &fields);
    }
    out.values_mut().for_each(tidy);
    out
}

/// The property that an expansion adds. Absent unless it was asked for.
fn expanded(schemas: &mut BTreeMap<String, Value>, root: &str, e: &Expansion) {
    let mut at = root.to_string();
    let path: Vec<&str> = e.source.split('.').collect();
    for step in &path[..path.len().saturating_sub(1)] {
        let property = &schemas.get(&at).map(|s| s["properties"][*step].clone()).unwrap_or_default();
        match schema::refers_to(property) {
            Some(name) => at = name,
            None => return,
        }
    }
    let what = (e.shape.name)();
    if let Some(properties) = schemas.get_mut(&at).and_then(|s| s["properties"].as_object_mut()) {
        let reference = json!({ "$ref": format!("#/components/schemas/{what}") });
        let about = format!("Present with `expand={}`.", e.name);
        let added = match e.many {
            true => json!({ "type": "array", "items": reference, "maxItems": 10000, "description": about }),
            false => json!({ "oneOf": [reference, { "type": "null" }], "description": about }),
        };
        properties.insert(e.property().into(), added);
    }
}

/// What may be done with it now. Only resources that are answered themselves carry it, not those inside others.
fn actions(schemas: &mut BTreeMap<String, Value>, name: &str) {
    if let Some(properties) = schemas.get_mut(name).and_then(|s| s["properties"].as_object_mut()) {
        let verb = json!({ "type": "string", "maxLength": 60 });
        let about = "The actions that its state and your permissions allow now.";
        properties.insert("allowed_actions".into(), json!({ "type": "array", "items": verb, "maxItems": 50, "description": about }));
    }
}

/// A field that is null for callers who may not see it.
fn may_be_null(schemas: &mut BTreeMap<String, Value>, root: &str, field: &str) {
    let mut at = root.to_string();
    let path: Vec<&str> = field.split('.').collect();
    let (last, steps) = (path[path.len() - 1], &path[..path.len() - 1]);
    for step in steps {
        match schema::refers_to(&schemas.get(&at).map(|s| s["properties"][*step].clone()).unwrap_or_default()) {
            Some(name) => at = name,
            None => return,
        }
    }
    let Some(property) = schemas.get_mut(&at).map(|s| &mut s["properties"][last]).filter(|p| p.is_object()) else { return };
    if property["type"].is_string() {
        property["type"] = json!([property["type"], "null"]);
    } else if property.get("$ref").is_some() {
        let about = property.as_object_mut().and_then(|o| o.remove("description"));
        *property = json!({ "oneOf": [property, { "type": "null" }] });
        property.as_object_mut().into_iter().for_each(|o| o.extend(about.clone().map(|a| ("description".to_string(), a))));
    } else if let Some(either) = property.get_mut("oneOf").and_then(Value::as_array_mut)
        && !either.contains(&json!({ "type": "null" }))
    {
        either.push(json!({ "type": "null" }));
    }
}

/// The names of the fields that the caller may not see.
fn masked(schemas: &mut BTreeMap<String, Value>, name: &str, fields: &[&str]) {
    if let Some(properties) = schemas.get_mut(name).and_then(|s| s["properties"].as_object_mut()) {
        let field = json!({ "type": "string", "maxLength": 100 });
        let about = format!("The fields that you may not see and that are null therefore, of {}.", fields.join(", "));
        properties.insert("masked".into(), json!({ "type": "array", "items": field, "maxItems": 50, "description": about }));
    }
}

/// One form for what utoipa writes in several.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(o) => {
            if o.get("format").is_some_and(|f| f == "date-time" || f == "date") && !o.contains_key("maxLength") {
                o.insert("maxLength".into(), json!(if o["format"] == "date" { 10 } else { 40 }));
            }
            // `example` is the 3.0 form of `examples`
            if let Some(example) = o.remove("example").filter(|_| o.contains_key("type") || o.contains_key("$ref")) {
                o.insert("examples".into(), json!([example]));
            }
            o.values_mut().for_each(tidy);
        }
        Value::Array(a) => a.iter_mut().for_each(tidy),
        _ => {}
    }
}
