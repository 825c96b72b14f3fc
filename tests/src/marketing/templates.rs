//! Templates of messages.

use serde_json::{Value, json};

use crate::crm::common::{act, at, with};
use crate::harness::Server;

/// A template that any campaign can use.
#[track_caller]
pub fn template(s: &Server, more: Value) -> Value {
    let base = json!({
        "company_id": s.company_id(), "name": format!("Letter {}", crate::fixtures::unique()), "subject": "News for {{ recipient.name }}",
        "html": "<p>Hi {{ recipient.name }}</p><a href=\"https://shop.example/new\">New</a> <a href=\"{{ unsubscribe_url }}\">Stop</a>",
        "text": "Hi {{ recipient.name }}\n{{ unsubscribe_url }}",
    });
    s.post("/v1/marketing/templates", with(base, more)).created()
}

fn render(s: &Server, body: Value) -> crate::harness::Answer {
    s.post("/v1/marketing/templates/render", body)
}

each_engine! {
    fn every_content_is_a_revision_that_stays(s) {
        let t = template(s, json!({"name": "Letter"}));
        assert_eq!((&t["revision"], &t["variables"]), (&json!(1), &json!(["recipient.name", "unsubscribe_url"])));
        let t = s.patch(&at("templates", &t), &t, json!({"name": "Letter of May"})).ok();
        assert_eq!(t["revision"], 1);
        let t = s.patch(&at("templates", &t), &t, json!({"subject": "May {{ a }}", "html": null})).ok();
        assert_eq!((&t["revision"], &t["html"]), (&json!(2), &json!(null)));
        let kept = s.all(&format!("{}/revisions", at("templates", &t)));
        assert_eq!(kept.iter().map(|r| r["subject"].as_str().unwrap()).collect::<Vec<_>>(), ["News for {{ recipient.name }}", "May {{ a }}"]);
        let old = json!({"template_id": t["id"], "revision": 1, "values": {"recipient": {"name": "Ana & Co"}, "unsubscribe_url": "https://x.example"}});
        let shown = render(s, old).ok();
        assert_eq!(shown["subject"], "News for Ana & Co");
        assert!(shown["html"].as_str().unwrap().contains("Ana &amp; Co"), "{shown}");
        render(s, json!({"template_id": t["id"], "revision": 3})).problem(422, "template.unknown_revision");
    }

    fn a_preview_names_everything_that_is_wrong(s) {
        let content = json!({"subject": "{{ a }}", "html": "x\n{{ b.c }}", "text": "{{ d|default('e') }}"});
        let problem = render(s, with(content.clone(), json!({"values": {"b": {}}}))).problem(422, "template.missing_variable");
        let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/subject", "/html"]);
        let words: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap()).collect();
        assert_eq!(words, ["line 1: `a` has no value.", "line 2: `b.c` has no value."]);
        let shown = render(s, with(content, json!({"values": {"a": 1, "b": {"c": "<i>"}}}))).ok();
        assert_eq!((&shown["subject"], &shown["html"], &shown["text"]), (&json!("1"), &json!("x\n&lt;i&gt;"), &json!("e")));
        let of = |source: &str, values: Value, code: &str| render(s, json!({"subject": "s", "text": source, "values": values})).problem(422, code);
        of("{{ x", json!({}), "template.syntax");
        of("{% set x = 1 %}", json!({}), "template.forbidden");
        of("{{ [1]|sum }}", json!({}), "template.forbidden");
        let many: Vec<i32> = (0..300).collect();
        of("{% for a in xs %}{% for b in xs %}{% for c in xs %}{% endfor %}{% endfor %}{% endfor %}", json!({"xs": many}), "template.too_complex");
        of("{% for a in xs %}{{ s }}{% endfor %}", json!({"xs": many, "s": "x".repeat(3000)}), "template.too_large");
        of("{{ xs[0] + 'a' }}", json!({"xs": many}), "template.render_failed");
        render(s, json!({"subject": "{{ x }}", "text": "t", "values": {"x": "a\r\nBcc: b@example.org"}})).problem(422, "template.subject_not_one_line");
        render(s, json!({"subject": "s"})).problem(422, "template.empty");
        render(s, json!({})).problem(422, "template.one_source");
    }

    fn what_is_no_template_is_not_stored(s) {
        let new = |more: Value| s.post("/v1/marketing/templates", with(json!({"company_id": s.company_id(), "name": "x", "subject": "s"}), more));
        new(json!({})).problem(422, "template.empty");
        new(json!({"text": "{{ x"})).problem(422, "template.syntax");
        new(json!({"text": "{% include 'x' %}"})).problem(422, "template.forbidden");
        let t = new(json!({"text": "t"})).created();
        new(json!({"text": "t"})).problem(409, "template.name_taken");
        let t = act(s, "templates", &t, "archive", json!({}));
        assert_eq!(t["allowed_actions"], json!(["restore"]));
        s.act(&format!("{}/archive", at("templates", &t)), &t, json!({})).problem(409, "invalid_state");
        let t = act(s, "templates", &t, "restore", json!({}));
        assert!(t["archived_at"].is_null());
        s.delete(&at("templates", &t), &t).no_content();
        s.get(&at("templates", &t)).problem(404, "not_found");
    }
}
