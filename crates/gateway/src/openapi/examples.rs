//! Examples for the document, made from the schemas themselves so that they cannot rot. Only valid ones are kept.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde_json::{Map, Value, json};

type Schemas = BTreeMap<String, Value>;

/// Gives every request body an example and every resource that has none.
pub fn add(schemas: &mut Schemas, paths: &mut BTreeMap<String, Map<String, Value>>) {
    let mut maker = Maker { schemas: schemas.clone(), patterns: HashMap::new() };
    for operation in paths.values_mut().flat_map(|p| p.values_mut()) {
        let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) else { continue };
        for media in content.values_mut() {
            if let Some(example) = maker.example("", &media["schema"], 0) {
                media["example"] = example;
            }
        }
    }
    for (name, schema) in schemas.iter_mut() {
        // the example of a page is that of its rows
        let page = schema["properties"].get("next_cursor").is_some();
        let plain = schema["type"] == "object" && !page && schema.get("examples").is_none() && schema.get("properties").is_some();
        if plain && let Some(example) = maker.example(name, schema, 0) {
            schema["examples"] = json!([example]);
        }
    }
}

struct Maker {
    schemas: Schemas,
    /// Patterns already tried and what fits them.
    patterns: HashMap<String, Option<String>>,
}

/// Plain values for properties by name; the first whose schema takes it is used.
const TEXTS: [(&str, &str); 24] = [
    ("email", "ann@example.com"),
    ("phone", "+49 30 1234567"),
    ("currency", "EUR"),
    ("country", "DE"),
    ("language", "en"),
    ("locale", "en"),
    ("time_zone", "Europe/Berlin"),
    ("password", "a long walk in the woods"),
    ("url", "https://example.com"),
    ("website", "https://example.com"),
    ("city", "Berlin"),
    ("postal_code", "10115"),
    ("street", "Chausseestraße 1"),
    ("sku", "BOLT-M8"),
    ("account", "1200"),
    ("code", "A1"),
    ("number", "2026-00012"),
    ("description", "Bolt M8, box of 100"),
    ("reason", "Ordered twice"),
    ("note", "Call before delivery"),
    ("name", "Acme Trading"),
    ("title", "Framework contract 2026"),
    ("q", "acme"),
    ("unit", "pcs"),
];

/// Values of properties that are called exactly so; they are tried before those whose names contain a word.
const EXACT: [(&str, &str); 60] = [
    ("actor", "usr_01hv1g3m9rfqq1z9q9h4d2k7aa"),
    ("anonymous_id", "a7f3c2d1-visitor"),
    ("better", "price"),
    ("billing_status", "unbilled"),
    ("body", "The parcel arrived wet."),
    ("breaks", "je_01hv1g3m9rfqq1z9q9h4d2k7aa"),
    ("campaign", "spring-2026"),
    ("carrier", "DHL"),
    ("category", "count"),
    ("click_id", "EAIaIQobChMI"),
    ("competitor", "Globex"),
    ("contact", "Ann Miller"),
    ("consent_text", "I agree to receive the newsletter."),
    ("customer_reference", "PO-4711"),
    ("definition", "The number of deals that were won in the period."),
    ("detail", "The order was confirmed."),
    ("drill_down", "/v1/sales/orders?status=confirmed"),
    ("fulfilment_status", "unfulfilled"),
    ("grade", "A"),
    ("from_grade", "C"),
    ("to_grade", "B"),
    ("html", "<p>Hello {{ recipient.name }}</p>"),
    ("id", "so_01hv1g3m9rfqq1z9q9h4d2k7aa"),
    ("ip_address", "203.0.113.9"),
    ("key", "sk_live_example"),
    ("kid", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    ("kty", "OKP"),
    ("alg", "EdDSA"),
    ("label", "Won"),
    ("last_name", "Miller"),
    ("link", "https://example.com/offer"),
    ("medium", "email"),
    ("message", "name is required."),
    ("next_cursor", "dG5kbQmZ3c0yT5hJx1ZpWk9uRrA4Xw2LqVs8Ee7f"),
    ("order_line_id", "sol_01hv1g3m9rfqq1z9q9h4d2k7aa"),
    ("path", "/v1/sales/orders"),
    ("pointer", "/lines/0/quantity"),
    ("reference", "PO-4711"),
    ("regarding_id", "pty_01hv1g3m9rfqq1z9q9h4d2k7aa"),
    ("reply_to", "service@example.com"),
    ("resolution", "A new seal was sent."),
    ("risk", "late_payment"),
    ("rule", "lines_over_total"),
    ("salutation", "Ms"),
    ("serials", "SN-0001"),
    ("source", "website"),
    ("source_id", "so_01hv1g3m9rfqq1z9q9h4d2k7aa"),
    ("stage", "Proposal"),
    ("status", "confirmed"),
    ("step", "Welcome"),
    ("subject", "Your offer"),
    ("tax_id", "DE123456789"),
    ("customer_tax_id", "DE123456789"),
    ("text", "Hello Ann, thank you for your message."),
    ("token", "eyJhbGciOiJFZERTQSJ9.e30.c2ln"),
    ("topic", "news"),
    ("type", "/problems/not_found"),
    ("user_agent", "Mozilla/5.0"),
    ("value", "42"),
    ("variant", "a"),
];

const FALLBACKS: [&str; 16] = [
    "text",
    "EUR",
    "DE",
    "en",
    "1200",
    "A1",
    "1",
    "2026",
    "2026-01",
    "a",
    "a.b.c",
    "sales.orders.read",
    "00:00",
    "https://example.com",
    "P1D",
    "QmZ3c0yT5hJx1ZpWk9uRrA4Xw2LqVs8Ee7fdG5kbQmZ",
];

impl Maker {
    fn example(&mut self, name: &str, schema: &Value, depth: usize) -> Option<Value> {
        if depth > 8 {
            return None;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.schemas.get(reference.rsplit('/').next()?)?.clone();
            return self.example(name, &target, depth + 1);
        }
        let given =
            schema["examples"].get(0).or(schema.get("example")).or(schema.get("default")).or(schema["enum"].get(0)).or(schema.get("const"));
        if let Some(given) = given {
            return Some(given.clone());
        }
        if let Some(branches) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let branch = branches.iter().find(|b| b["type"] != "null")?.clone();
            return self.example(name, &branch, depth + 1);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts: Vec<Value> = parts.iter().filter_map(|p| self.example(name, p, depth + 1)).collect();
            let objects = parts.into_iter().filter_map(|p| p.as_object().cloned()).flatten();
            return Some(Value::Object(objects.collect()));
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(name, schema, depth),
            "string" => self.text(name, schema).map(Value::from),
            "integer" => Some(schema.get("minimum").filter(|m| m.as_i64().is_some_and(|m| m > 0)).cloned().unwrap_or(json!(1))),
            "number" => Some(json!(1)),
            "boolean" => Some(json!(true)),
            "null" => Some(Value::Null),
            // a value of whatever type is a text, too
            _ => EXACT.iter().find(|(known, _)| *known == name).map(|(_, text)| json!(text)),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let Some(properties) = schema["properties"].as_object() else { return Some(json!({})) };
        let required: Vec<&str> = schema["required"].as_array().map(|r| r.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        let mut out = Map::new();
        for (name, property) in properties {
            if required.contains(&name.as_str()) {
                let value = self.example(name, property, depth + 1);
                let value = value.or_else(|| nullable(property).then_some(Value::Null))?;
                out.insert(name.clone(), value);
            }
        }
        // a change of nothing is no example; the name says most, and an upsert needs it
        let named = ["name", "last_name"].into_iter().filter_map(|n| properties.get_key_value(n));
        if out.is_empty()
            && let Some((name, value)) = named.chain(properties).find_map(|(n, p)| Some((n.clone(), self.example(n, p, depth + 1)?)))
        {
            out.insert(name, value);
        }
        Some(out.into())
    }

    fn array(&mut self, name: &str, schema: &Value, depth: usize) -> Option<Value> {
        let singular = name.trim_end_matches('s');
        let least = schema["minItems"].as_u64().unwrap_or(0);
        match self.example(singular, &schema["items"], depth + 1) {
            Some(item) => Some(vec![item; least.max(1) as usize].into()),
            None if least == 0 => Some(json!([])),
            None => None,
        }
    }

    fn text(&mut self, name: &str, schema: &Value) -> Option<String> {
        match schema["format"].as_str() {
            Some("date") => return Some("2026-01-31".into()),
            Some("date-time") => return Some("2026-01-31T09:30:00Z".into()),
            Some("uuid") => return Some("0192f0c1-2d3e-7abc-8def-0123456789ab".into()),
            Some("email") => return Some("ann@example.com".into()),
            Some("uri") => return Some("https://example.com".into()),
            _ => {}
        }
        let fits = |t: &str| {
            let n = t.chars().count() as u64;
            n >= schema["minLength"].as_u64().unwrap_or(0) && n <= schema["maxLength"].as_u64().unwrap_or(u64::MAX)
        };
        let exact = EXACT.iter().filter(|(word, _)| name == *word).map(|(_, text)| *text);
        let by_name = TEXTS.iter().filter(|(word, _)| name.contains(word)).map(|(_, text)| *text);
        // a name says more than any word for all of them
        let words = [capitalized(name), name.to_string()];
        let own = words.iter().map(String::as_str).filter(|w| !w.is_empty());
        let mut candidates = exact.chain(by_name).chain(own).chain(FALLBACKS).filter(|t| fits(t));
        match schema["pattern"].as_str() {
            None => candidates.next().map(String::from),
            Some(pattern) => {
                let key = format!("{name}\n{pattern}");
                if !self.patterns.contains_key(&key) {
                    let judge = jsonschema::validator_for(&json!({ "type": "string", "pattern": pattern })).ok();
                    let found = judge.and_then(|j| candidates.find(|t| j.is_valid(&json!(t)))).map(String::from);
                    self.patterns.insert(key.clone(), found);
                }
                self.patterns.get(&key).cloned().flatten()
            }
        }
    }
}

/// `Weak point` of `weak_point`.
fn capitalized(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(s) => s,
        Value::Array(many) => many.iter().filter_map(Value::as_str).find(|t| *t != "null").unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

fn nullable(schema: &Value) -> bool {
    let in_type = schema["type"].as_array().is_some_and(|t| t.iter().any(|t| t == "null"));
    in_type || schema["oneOf"].as_array().is_some_and(|b| b.iter().any(|b| b["type"] == "null"))
}
