//! The schemas of the operation's types, as the document shows them, and the judge that holds bodies to them. One
//! source for both: what the document says is what happens.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use domain::kernel::{Code, FieldError, Problem, problems, text};
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

use super::form;
use super::shape::Shape;
use crate::bulk;

/// All schemas that a shape is made of, by name.
pub fn components(shape: &Shape) -> BTreeMap<String, Value> {
    let mut found = Vec::new();
    (shape.collect)(&mut found);
    found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect()
}

/// The schemas of a body. In an update, a field that must keep a value takes no null.
pub(super) fn body_components(shape: &Shape, clearable: Option<&'static [&'static str]>) -> BTreeMap<String, Value> {
    let mut found = components(shape);
    if let Some(clearable) = clearable
        && let Some(properties) = found.get_mut(&*(shape.name)()).and_then(|s| s["properties"].as_object_mut())
    {
        for (name, property) in properties {
            if !clearable.contains(&name.as_str()) {
                strip_null(property);
            }
        }
    }
    found
}

/// Takes `null` out of a schema that Rust's `Option` put in.
pub fn strip_null(schema: &mut Value) {
    let not_null = |v: &Value| v != "null" && v.get("type") != Some(&json!("null"));
    for key in ["type", "oneOf"] {
        if let Some(list) = schema.get_mut(key).and_then(Value::as_array_mut) {
            list.retain(not_null);
            if let [only] = &list[..] {
                let only = only.clone();
                if key == "type" {
                    schema["type"] = only;
                } else if let Some(object) = schema.as_object_mut() {
                    object.remove("oneOf");
                    object.extend(only.as_object().cloned().unwrap_or_default());
                }
            }
        }
    }
}

/// The names of the properties of a shape.
pub fn properties(shape: &Shape) -> Vec<String> {
    let found = components(shape);
    let own = found.get(&*(shape.name)()).and_then(|s| s["properties"].as_object());
    own.map(|p| p.keys().cloned().collect()).unwrap_or_default()
}

/// The schema that a property refers to: directly, as items of a list, or as "null or this".
pub fn refers_to(property: &Value) -> Option<String> {
    let direct = property["$ref"].as_str().or(property["items"]["$ref"].as_str());
    let inside = || property["oneOf"].as_array()?.iter().find_map(|o| o["$ref"].as_str().or(o["items"]["$ref"].as_str()));
    let name = direct.or_else(inside)?;
    name.rsplit('/').next().map(String::from)
}

/// Places that a refusal names at most.
const MOST: usize = 100;

/// The formats that every text is held to: one line, or several without control characters.
const LINE: &str = "line";
const TEXT: &str = "text";

/// Gives every string that has no format of its own that of its kind, so that no noun can forget it. Strings that are
/// longer than a line and hold one all the same declare `format: line` themselves.
fn guard_texts(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(guard_texts),
        Value::Object(members) => {
            let is =
                |kind: &str| members.get("type").is_some_and(|t| t == kind || t.as_array().is_some_and(|all| all.contains(&json!(kind))));
            let (string, map) = (is("string"), is("object") && members.get("additionalProperties").is_some_and(Value::is_object));
            if string && !members.contains_key("format") {
                let one_line = members.get("maxLength").and_then(Value::as_u64).is_none_or(|most| most <= text::ONE_LINE as u64);
                members.insert("format".into(), json!(if one_line { LINE } else { TEXT }));
            }
            if map && !members.contains_key("propertyNames") {
                members.insert("propertyNames".into(), json!({ "format": LINE }));
            }
            members.values_mut().for_each(guard_texts);
        }
        _ => {}
    }
}

/// Holds bodies to their schema.
pub struct Judge {
    whole: Option<jsonschema::Validator>,
    /// For a body of many items: what one of them is, and its validator once it was needed.
    item: Option<(Shape, Shape, OnceLock<Option<jsonschema::Validator>>)>,
}

fn validator(name: &str, components: BTreeMap<String, Value>) -> Option<jsonschema::Validator> {
    let mut schemas = json!(components);
    guard_texts(&mut schemas);
    let root = json!({ "$ref": format!("#/components/schemas/{name}"), "components": { "schemas": schemas } });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    let options = options.with_format(LINE, text::is_one_line).with_format(TEXT, text::is_plain);
    let options = options.with_format("date", |t: &str| form::stored_day(t).is_some());
    let built = options.with_format("date-time", |t: &str| form::instant(t).is_some()).build(&root);
    built.inspect_err(|e| log::error!("the schema {name} is unsound: {e}")).ok()
}

impl Judge {
    /// For bodies of a shape; of many items, when one has the shape `item`; in an update, with the fields that null may clear.
    pub(super) fn of(body: Option<Shape>, item: Option<Shape>, clearable: Option<&'static [&'static str]>) -> Self {
        let Some(shape) = body else { return Judge { whole: None, item: None } };
        let item = item.map(|item| (item, shape, OnceLock::new()));
        Judge { whole: validator(&(shape.name)(), body_components(&shape, clearable)), item }
    }
    /// Everything that is wrong with the body, each at its place.
    pub(crate) fn judge(&self, body: &Value) -> Result<(), Problem> {
        let Some(whole) = &self.whole else { return Err(problems::internal.into()) };
        if whole.is_valid(body) {
            return Ok(());
        }
        let mut errors = self.in_items(whole, body);
        if errors.is_empty() {
            whole.iter_errors(body).take(MOST).for_each(|e| explain(&e, &mut errors));
        }
        errors.dedup();
        errors.truncate(MOST);
        let all = |code: &str| errors.iter().all(|e| e.code == code);
        let code: Code =
            [problems::unknown_field, problems::decimal_must_be_string].into_iter().find(|c| all(c.code)).unwrap_or(problems::invalid_body);
        Err(code.at(errors))
    }
}

impl Judge {
    /// What is wrong with a body of many items: with what is beside them, then with one after the other until enough was
    /// found. The validator collects everything that is wrong with what it is given before it tells the first of it.
    fn in_items(&self, whole: &jsonschema::Validator, body: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let (Some((item, shape, built)), Some(members)) = (&self.item, body.as_object()) else { return errors };
        let Some(items) = members.get("items").and_then(Value::as_array).filter(|items| !items.is_empty()) else { return errors };
        if items.len() > bulk::MOST_ITEMS {
            return vec![too_many("/items".into(), bulk::MOST_ITEMS)];
        }
        let beside = members.iter().filter(|(name, _)| *name != "items").map(|(name, v)| (name.clone(), v.clone()));
        let beside = Value::Object(beside.chain([("items".to_string(), json!([]))]).collect());
        whole.iter_errors(&beside).take(MOST).for_each(|e| explain(&e, &mut errors));
        errors.retain(|e| e.pointer.as_deref() != Some("/items"));
        let Some(one) = built.get_or_init(|| validator(&(item.name)(), components(shape))) else { return errors };
        for (i, item) in items.iter().enumerate().filter(|(_, item)| !one.is_valid(item)) {
            let before = errors.len();
            one.iter_errors(item).take(MOST).for_each(|e| explain(&e, &mut errors));
            for e in errors.iter_mut().skip(before) {
                e.pointer = e.pointer.as_deref().map(|p| format!("/items/{i}{p}"));
            }
            if errors.len() >= MOST {
                break;
            }
        }
        errors
    }
}

/// An array with more items than it may have.
pub fn too_many(pointer: String, most: usize) -> FieldError {
    FieldError::body(pointer, "too_many", format!("There may be at most {most} items.")).param("max_items", most.to_string())
}

fn explain(e: &jsonschema::ValidationError<'_>, out: &mut Vec<FieldError>) {
    if out.len() >= MOST {
        return;
    }
    let pointer = e.instance_path().to_string();
    let mut add = |pointer: String, code: &str, message: String| out.push(FieldError::body(pointer, code, message));
    match e.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            add(format!("{pointer}/{}", escape(name)), "required", format!("{name} is required."));
        }
        ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected.iter().take(MOST) {
                add(format!("{pointer}/{}", escape(name)), "unknown_field", format!("There is no field {name}."));
            }
        }
        // a body without any field: whatever it has is unknown
        ValidationErrorKind::FalseSchema => match e.instance().as_object() {
            Some(members) => members
                .keys()
                .take(MOST)
                .for_each(|name| add(format!("{pointer}/{}", escape(name)), "unknown_field", format!("There is no field {name}."))),
            None => add(pointer, "unknown_field", "There is no such field.".into()),
        },
        // `Option<T>` is "null or T": what is wrong is what is wrong as a T.
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            let is_null = |e: &jsonschema::ValidationError<'_>| matches!(e.kind(), ValidationErrorKind::Type { kind } if format!("{kind:?}").contains("Null") && !format!("{kind:?}").contains("String"));
            match context.iter().find(|branch| !branch.is_empty() && !branch.iter().any(is_null)) {
                Some(branch) => branch.iter().for_each(|e| explain(e, out)),
                None => add(pointer, "invalid", e.masked().to_string()),
            }
        }
        ValidationErrorKind::Format { format } if format == LINE => {
            add(pointer, "control_character", "It is one line: it has no line breaks and no control characters.".into());
        }
        ValidationErrorKind::Format { format } if format == TEXT => {
            add(pointer, "control_character", "It has no control characters but line breaks and tabs.".into());
        }
        ValidationErrorKind::PropertyNames { .. } => {
            add(pointer, "control_character", "The names are of one line: they have no line breaks and no control characters.".into());
        }
        ValidationErrorKind::Type { .. } if e.instance().is_number() && e.masked().to_string().contains("string") => {
            let decimal = "A decimal is a JSON string, such as \"12.50\"; text is a JSON string too.";
            add(pointer, "decimal_must_be_string", decimal.into());
        }
        kind => {
            let error = FieldError::body(pointer, word(kind), format!("{}.", e.masked()));
            out.push(match limit(kind) {
                Some((name, value)) => error.param(name, value),
                None => error,
            });
        }
    }
}

/// The limit that a value passed, by its name in JSON Schema.
fn limit(kind: &ValidationErrorKind) -> Option<(&'static str, String)> {
    Some(match kind {
        ValidationErrorKind::MinLength { limit } => ("min_length", limit.to_string()),
        ValidationErrorKind::MaxLength { limit } => ("max_length", limit.to_string()),
        ValidationErrorKind::MinItems { limit } => ("min_items", limit.to_string()),
        ValidationErrorKind::MaxItems { limit } => ("max_items", limit.to_string()),
        ValidationErrorKind::MaxProperties { limit } => ("max_properties", limit.to_string()),
        ValidationErrorKind::Minimum { limit } => ("minimum", limit.to_string()),
        ValidationErrorKind::Maximum { limit } => ("maximum", limit.to_string()),
        ValidationErrorKind::Pattern { pattern } => ("pattern", pattern.clone()),
        ValidationErrorKind::Format { format } => ("format", format.clone()),
        ValidationErrorKind::Enum { options } => {
            let names = options.as_array()?.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), String::from));
            ("allowed", names.collect::<Vec<_>>().join(", "))
        }
        _ => return None,
    })
}

fn word(kind: &ValidationErrorKind) -> &'static str {
    match kind {
        ValidationErrorKind::Type { .. } => "wrong_type",
        ValidationErrorKind::MinLength { .. } => "too_short",
        ValidationErrorKind::MaxLength { .. } => "too_long",
        ValidationErrorKind::MinItems { .. } => "too_few",
        ValidationErrorKind::MaxItems { .. } | ValidationErrorKind::MaxProperties { .. } => "too_many",
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::ExclusiveMinimum { .. } => "too_small",
        ValidationErrorKind::Maximum { .. } | ValidationErrorKind::ExclusiveMaximum { .. } => "too_large",
        ValidationErrorKind::Pattern { .. } => "wrong_pattern",
        ValidationErrorKind::Format { .. } => "wrong_format",
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => "not_allowed",
        _ => "invalid",
    }
}

/// One step of a JSON Pointer (RFC 6901).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
