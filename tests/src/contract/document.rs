//! What a reader of the published document relies on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Breaches, operations};

/// Lists of rows with a version that do not say when a row last changed, and why.
const WITHOUT_UPDATED_AT: [(&str, &str); 14] = [
    ("accounting/gl-lines", "the ledger: written once"),
    ("marketing/attribution-credits", "a ledger: what changes is told by another row"),
    ("marketing/attribution-restatements", "a ledger: what changes is told by another row"),
    ("insight/clv-fits", "what was learnt on one day stays"),
    ("marketing/consents", "a ledger: what changes is told by another row"),
    ("crm/forecast-snapshots", "what was expected on one day stays"),
    ("crm/forecast-submissions", "each is a row of its own"),
    ("marketing/touchpoints", "what happened stays; who it was is learnt of the visitor and told by events"),
    ("directory/currencies", "the standard's list: nobody changes it"),
    ("identity/my-sessions", "they say when they were refreshed and revoked"),
    ("identity/sessions", "they say when they were refreshed and revoked"),
    ("platform/audit-log", "facts stay"),
    ("platform/events", "the feed itself, followed by `after`"),
    ("platform/files", "a file is deleted and never changed"),
];

fn collect<'v>(value: &'v serde_json::Value, references: &mut Vec<&'v str>) {
    match value {
        serde_json::Value::Object(o) => o.iter().for_each(|(k, v)| match v.as_str() {
            Some(r) if k == "$ref" => references.push(r),
            _ => collect(v, references),
        }),
        serde_json::Value::Array(a) => a.iter().for_each(|v| collect(v, references)),
        _ => {}
    }
}

/// The ids of the operations at a path of the document.
fn ids_of(item: &serde_json::Value) -> Vec<String> {
    item.as_object().unwrap().values().map(|o| o["operationId"].as_str().unwrap().to_string()).collect()
}

/// Ids that are not those of records, by their names.
const FREE_IDS: [(&str, &str); 7] = [
    ("tax_id", "what a tax office calls a company"),
    ("customer_tax_id", "as tax_id"),
    ("request_id", "what the caller or the server calls a request"),
    ("anonymous_id", "what a browser calls its visitor"),
    ("click_id", "what an advertiser calls a click"),
    ("operation_id", "what the document calls an operation"),
    ("record_id", "a record of any noun, beside which something stands"),
];

/// Ids of whatever record it is, and those of other systems.
const ANY_RECORD: [&str; 13] = [
    "Activity.regarding_id",
    "AttributionRestatement.cause_id",
    "BulkItem.id",
    "ExternalId.id",
    "NewActivity.regarding_id",
    "OpenItem.document_id",
    "OverviewItem.id",
    "StockMove.source_id",
    "StockMove.source_line_id",
    "TimelineEntry.actor_id",
    "TraceNode.id",
    "ValueEntry.source_id",
    "ValueEntry.source_line_id",
];

each_engine! {
    fn every_tag_is_declared(s) {
        let document = s.anonymous().get("/openapi.json").ok();
        let declared: BTreeSet<&str> = document["tags"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
        let mut breaches = Breaches::default();
        for (path, item) in document["paths"].as_object().unwrap() {
            for tag in item.as_object().unwrap().values().flat_map(|o| o["tags"].as_array().into_iter().flatten()) {
                if !declared.contains(tag.as_str().unwrap()) {
                    breaches.add(format!("{path}: {tag}"));
                }
            }
        }
        breaches.none("every tag of an operation is declared");
    }

    fn every_operation_is_described(s) {
        let mut breaches = Breaches::default();
        let mut ids = BTreeSet::new();
        for o in operations(s) {
            let text = |name: &str| o.spec[name].as_str().is_some_and(|t| !t.trim().is_empty());
            if !text("summary") || !text("description") {
                breaches.add(format!("{}: no summary or description", o.shown()));
            }
            if o.spec["tags"].as_array().is_none_or(|t| t.len() != 1) {
                breaches.add(format!("{}: not one tag", o.shown()));
            }
            if !ids.insert(o.id.clone()) {
                breaches.add(format!("{}: the id is used twice", o.shown()));
            }
            for p in o.parameters() {
                if p["description"].as_str().is_none_or(str::is_empty) {
                    breaches.add(format!("{}: the parameter {} is not described", o.shown(), p["name"]));
                }
            }
            if !o.is_public() && o.spec.get("x-required-scopes").is_none() {
                breaches.add(format!("{}: does not say which permission it needs", o.shown()));
            }
        }
        breaches.none("every operation has summary, description, one tag, an id of its own, described parameters");
    }

    /// Whoever keeps a copy of a list asks it for what changed since.
    fn every_list_of_what_changes_can_be_asked_for_what_changed_since(s) {
        let mut breaches = Breaches::default();
        let mut unused: BTreeSet<&str> = WITHOUT_UPDATED_AT.iter().map(|(path, _)| *path).collect();
        for o in operations(s).iter().filter(|o| o.method == "GET" && o.path.starts_with("/v1/") && !o.path.contains('{')) {
            let has = |name: &str| o.parameters().iter().any(|p| p["name"] == name);
            let page = o.resolve(&o.spec["responses"]["200"])["content"].as_object().and_then(|c| c.values().next());
            let Some(page) = page.filter(|_| has("cursor")) else { continue };
            let row = o.resolve(&o.resolve(&page["schema"])["properties"]["data"]["items"]);
            if row["properties"]["version"].is_null() || unused.remove(o.path.trim_start_matches("/v1/")) {
                continue;
            }
            if row["properties"]["updated_at"].is_null() || !has("updated_at_gte") {
                breaches.add(o.shown());
            }
        }
        breaches.none("every list of what changes has `updated_at_gte`");
        assert!(unused.is_empty(), "these need no exception: {unused:?}");
    }

    fn the_document_is_short_and_has_a_part_for_each_area(s) {
        let whole = s.anonymous().get("/openapi.json");
        let tag = whole.header("etag").unwrap().to_string();
        assert_eq!(s.anonymous().request("GET", "/openapi.json").header("if-none-match", &tag).send().status, 304);
        assert_eq!(s.anonymous().get("/openapi.json").header("etag"), Some(tag.as_str()));
        let all = operations(s);
        let each = whole.body.len() / all.len();
        assert!(each <= 4096, "{each} bytes for an operation");
        let areas: BTreeSet<&str> = all.iter().filter_map(|o| o.path.strip_prefix("/v1/")?.split_once('/')).map(|(area, _)| area).chain(["server"]).collect();
        let mut listed = BTreeSet::new();
        for area in areas {
            let part = s.anonymous().get(&format!("/openapi/{area}.json"));
            assert!(part.header("etag").is_some_and(|t| t != tag) && part.body.len() < whole.body.len());
            let part = part.ok();
            for item in part["paths"].as_object().unwrap().values() {
                listed.extend(ids_of(item));
            }
            let mut references = Vec::new();
            collect(&part, &mut references);
            for r in references {
                assert!(part.pointer(r.trim_start_matches('#')).is_some(), "{area}: {r} leads nowhere");
            }
        }
        let published = whole.ok()["paths"].as_object().unwrap().values().flat_map(ids_of).collect();
        assert_eq!(listed, published, "each operation is in the document of one area");
        s.anonymous().get("/openapi/nowhere.json").problem(404, "not_found");
    }

    fn what_must_be_sent_is_required(s) {
        let mut seen = 0;
        for o in operations(s) {
            for p in o.parameters().into_iter().filter(|p| p["name"] == "If-Match") {
                assert_eq!(p["required"], true, "{}", o.shown());
                seen += 1;
            }
        }
        assert!(seen > 200, "only {seen} operations name If-Match");
    }

    fn an_id_says_what_it_is_the_id_of(s) {
        let document = s.anonymous().get("/openapi.json").ok();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut untyped = BTreeSet::new();
        for (schema, spec) in schemas {
            for (name, property) in spec["properties"].as_object().into_iter().flatten() {
                let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
                if is_id && !property.to_string().contains("#/components/schemas/") && !FREE_IDS.iter().any(|(n, _)| n == name) {
                    untyped.insert(format!("{schema}.{name}"));
                }
            }
        }
        let known: BTreeSet<String> = ANY_RECORD.iter().map(|n| n.to_string()).collect();
        assert_eq!(untyped, known, "left: ids that are not typed; right: those of whatever record");
        let mut prefixes: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for (schema, spec) in schemas.iter().filter(|(n, _)| n.ends_with("Id")) {
            if let Some((prefix, _)) = spec["pattern"].as_str().and_then(|p| p.strip_prefix('^')?.split_once('_')) {
                prefixes.entry(prefix.to_string()).or_default().push(schema);
            }
        }
        prefixes.retain(|_, ids| ids.len() > 1);
        assert_eq!(prefixes, BTreeMap::new(), "two nouns share the prefix of their ids");
    }

    fn each_status_has_an_example_of_its_own(s) {
        let document = s.anonymous().get("/openapi.json").ok();
        for (name, response) in document["components"]["responses"].as_object().unwrap() {
            let Some(example) = response["content"]["application/problem+json"]["example"].as_object() else { continue };
            let code = example["code"].as_str().unwrap();
            assert!(response["x-problem-codes"].as_array().unwrap().iter().any(|c| c == code), "{name}: {code}");
        }
    }

    fn what_is_not_in_the_document_does_not_answer(s) {
        let mut methods: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
        for o in operations(s).iter().filter(|o| o.path.starts_with("/v1/")) {
            let entry = methods.entry(o.path.clone()).or_insert_with(|| (BTreeSet::new(), o.path_with(&BTreeMap::new())));
            entry.0.insert(o.method.clone());
        }
        let mut breaches = Breaches::default();
        for (template, (known, path)) in &methods {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().filter(|m| !known.contains(**m)) {
                let answer = s.request(method, path).send();
                let allow: BTreeSet<String> = answer.header("allow").unwrap_or_default().split(',').map(|m| m.trim().to_string()).collect();
                if answer.status != 405 || !known.is_subset(&allow) {
                    breaches.add(format!("{method} {template}: {} with Allow {allow:?}", answer.status));
                }
            }
        }
        s.get("/v1/sales/no-such-noun").problem(404, "not_found");
        s.get("/v2").problem(404, "not_found");
        breaches.none("an undocumented method answers 405 and names the documented ones");
    }
}
