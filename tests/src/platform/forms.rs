//! Forms: fields, labels, filters and actions of every noun, as far as the caller has rights to them.

use domain::kernel::labels::{LabelLanguage, Labelled};
use serde_json::{Value, json};

use crate::fixtures::user_with;
use crate::harness::{Client, Server};

fn form(c: &Client, noun: &str) -> Value {
    c.get(&format!("/v1/platform/schemas/{noun}")).ok()
}

fn field<'f>(form: &'f Value, name: &str) -> &'f Value {
    form["fields"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("{name} in {form}"))
}

fn names(form: &Value, part: &str) -> Vec<String> {
    form[part].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_string()).collect()
}

fn nouns(c: &Client) -> Vec<String> {
    c.get("/v1/platform/schemas").ok()["nouns"].as_array().unwrap().iter().map(|n| n["noun"].as_str().unwrap().to_string()).collect()
}

fn in_german(s: &Server, path: &str) -> Value {
    s.request("GET", path).header("accept-language", "de-DE,de;q=0.9,en;q=0.5").send().ok()
}

each_engine! {
    fn a_form_says_what_a_field_takes(s) {
        let form = form(s, "opportunity");
        assert_eq!((&form["label"], &form["path"], &form["language"]), (&json!("Opportunity"), &json!("/v1/crm/opportunities"), &json!("en")));
        let stage = field(&form, "stage_id");
        assert_eq!((&stage["kind"], &stage["refers_to"], &stage["label"]), (&json!("reference"), &json!("stage"), &json!("Stage")));
        let name = field(&form, "name");
        assert_eq!((&name["kind"], &name["is_required"], &name["is_updatable"], &name["max_length"]), (&json!("text"), &json!(true), &json!(true), &json!(200)));
        let status = field(&form, "status");
        assert_eq!((&status["kind"], &status["is_creatable"], &status["is_updatable"]), (&json!("choice"), &json!(false), &json!(false)));
        assert!(status["words"].as_array().unwrap().contains(&json!({"value": "won", "label": "Won"})), "{status}");
        assert_eq!(field(&form, "amount")["kind"], "decimal");
        assert_eq!((&field(&form, "expected_close_date")["kind"], &field(&form, "created_at")["kind"]), (&json!("date"), &json!("instant")));
        let lines = field(&form, "lines");
        assert_eq!((&lines["kind"], &lines["items"]), (&json!("list"), &json!("group")));
        assert_eq!(field(&form, "lines.quantity")["kind"], "decimal");
        for (part, some) in [("filters", "amount_gte"), ("filters", "has_owner"), ("sorts", "expected_close_date"), ("expansions", "stage"), ("actions", "win")] {
            assert!(names(&form, part).contains(&some.to_string()), "{part}: {form}");
        }
        let all = s.get("/v1/platform/schemas").ok();
        assert!(all["nouns"].as_array().unwrap().contains(&json!({"noun": "opportunity", "label": "Opportunity", "path": "/v1/crm/opportunities"})));
    }

    /// What is required and nothing else makes a record, and without any of it there is none.
    fn what_a_form_requires_is_what_creating_requires(s) {
        let party = crate::fixtures::customer(s, "Alfreds");
        let form = form(s, "opportunity");
        let required: Vec<&str> = form["fields"].as_array().unwrap().iter().filter(|f| f["is_required"] == true && !f["name"].as_str().unwrap().contains('.')).map(|f| f["name"].as_str().unwrap()).collect();
        let mut sorted = required.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["company_id", "name", "party_id"]);
        let whole = json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"]});
        for name in required {
            let mut body = whole.clone();
            body.as_object_mut().unwrap().remove(name);
            assert_eq!(s.post("/v1/crm/opportunities", body).problem(422, "invalid_body")["errors"][0]["pointer"], format!("/{name}"));
        }
        s.post("/v1/crm/opportunities", whole).created();
    }

    fn every_label_is_there_in_german(s) {
        let mut missing = std::collections::BTreeSet::new();
        let mut need = |what: Labelled, name: &str| {
            if LabelLanguage::German.find(what, name).is_none() {
                missing.insert(format!("{what:?} {name}"));
            }
        };
        let table = &s.running().app.table;
        for noun in nouns(s) {
            let form = in_german(s, &format!("/v1/platform/schemas/{noun}"));
            assert_eq!(form["language"], "de");
            for field in form["fields"].as_array().unwrap() {
                need(Labelled::Field, field["name"].as_str().unwrap().rsplit('.').next().unwrap());
                field["words"].as_array().unwrap().iter().for_each(|w| need(Labelled::Word, w["value"].as_str().unwrap()));
            }
            names(&form, "actions").iter().for_each(|name| need(Labelled::Action, name));
        }
        for op in table.ops.iter().filter(|op| op.path_params.is_empty()) {
            op.listing.iter().for_each(|l| need(Labelled::Noun, &(l.row.name)()));
        }
        assert!(missing.is_empty(), "no German label: {missing:#?}");
        let form = in_german(s, "/v1/platform/schemas/opportunity");
        assert_eq!((&form["label"], &field(&form, "owner_id")["label"]), (&json!("Verkaufschance"), &json!("Zuständiger")));
        let groups = in_german(s, "/v1/crm/opportunities/aggregate?group_by=status");
        assert_eq!(groups["groups"], json!([]));
    }

    fn a_form_shows_only_what_the_caller_has_rights_to(s) {
        let reader = user_with(s, &["crm.opportunities.read", "crm.opportunities.win", "sales.deliveries.read"], &[s.company_id()]);
        assert_eq!(nouns(&reader), ["delivery", "opportunity"]);
        reader.get("/v1/platform/schemas/lead").problem(404, "not_found");
        reader.get("/v1/platform/schemas/nonsense").problem(404, "not_found");
        let seen = form(&reader, "opportunity");
        assert_eq!(names(&seen, "actions"), ["win"]);
        assert!(seen["fields"].as_array().unwrap().iter().all(|f| f["is_creatable"] == false && f["is_updatable"] == false && f["is_required"] == false));
        let (hidden, shown) = (form(&reader, "delivery"), form(s, "delivery"));
        let fields = |form: &Value| names(form, "fields");
        for cost in ["cost_total", "lines.unit_cost", "lines.cost_amount"] {
            assert!(fields(&shown).contains(&cost.to_string()) && !fields(&hidden).contains(&cost.to_string()), "{cost}: {hidden}");
        }
        s.anonymous().get("/v1/platform/schemas").problem(401, "unauthenticated");
        assert_eq!(nouns(&user_with(s, &[], &[s.company_id()])), Vec::<String>::new());
    }
}
