//! The knowledge base: drafts, published versions, and the cases they answer.

use serde_json::{Value, json};

use crate::crm::common::{act, at, with};
use crate::fixtures::{id, user_with};
use crate::harness::Server;
use crate::service::cases::story::case;

fn article(s: &Server, more: Value) -> Value {
    let base = json!({"company_id": s.company_id(), "title": "The machine leaks", "body": "Tighten the screw of the pump."});
    s.post("/v1/service/kb-articles", with(base, more)).created()
}

each_engine! {
    fn what_is_published_has_versions_and_what_is_changed_waits(s) {
        let a = article(s, json!({}));
        assert_eq!((&a["status"], &a["allowed_actions"]), (&json!("draft"), &json!(["publish", "archive"])));
        let a = act(s, "kb-articles", &a, "publish", json!({}));
        s.act(&format!("{}/publish", at("kb-articles", &a)), &a, json!({})).problem(409, "kb_article.nothing_to_publish");
        let a = s.patch(&at("kb-articles", &a), &a, json!({"body": "Replace the pump."})).ok();
        assert_eq!((&a["status"], &a["has_changes"]), (&json!("published"), &json!(true)));
        let versions = |a: &Value| s.all(&format!("{}/versions", at("kb-articles", a)));
        assert_eq!(versions(&a).len(), 1, "a change waits");
        let a = act(s, "kb-articles", &a, "publish", json!({}));
        let texts: Vec<_> = versions(&a).iter().map(|v| (v["article_version"].clone(), v["body"].clone())).collect();
        assert_eq!(texts, [(json!(1), json!("Tighten the screw of the pump.")), (json!(2), json!("Replace the pump."))]);
        let a = act(s, "kb-articles", &a, "archive", json!({}));
        for verb in ["archive", "publish"] {
            s.act(&format!("{}/{verb}", at("kb-articles", &a)), &a, json!({})).problem(409, "kb_article.archived");
        }
        s.patch(&at("kb-articles", &a), &a, json!({"title": "x"})).problem(409, "kb_article.archived");
        let a = act(s, "kb-articles", &a, "restore", json!({}));
        assert_eq!(a["status"], "published");
        s.act(&format!("{}/restore", at("kb-articles", &a)), &a, json!({})).problem(409, "invalid_state");
        assert_eq!(s.get(&at("kb-articles", &a)).ok(), a);
        s.post("/v1/service/kb-articles", json!({"company_id": s.company_id(), "title": " ", "body": "x"})).problem(422, "invalid_body");
    }

    fn articles_are_found_by_their_words(s) {
        let a = article(s, json!({}));
        article(s, json!({"title": "Invoices", "body": "Where to find them", "category": "Billing", "visibility": "public"}));
        let ids = |query: &str| s.all(&format!("/v1/service/kb-articles?{query}")).iter().map(|a| id(a).to_string()).collect::<Vec<_>>();
        assert_eq!(ids("q=SCREW"), [id(&a)]);
        assert_eq!(ids("visibility=internal&status=draft"), [id(&a)]);
        assert_eq!(ids("q=billing").len(), 1);
        assert!(ids("status=published").is_empty());
    }

    fn a_case_has_the_articles_that_answer_it(s) {
        let (c, a) = (case(s, json!({})), article(s, json!({})));
        let link = |c: &Value, a: &Value| s.act(&format!("{}/link-article", at("cases", c)), c, json!({"kb_article_id": a["id"]}));
        let unlink = |c: &Value, a: &Value| s.act(&format!("{}/unlink-article", at("cases", c)), c, json!({"kb_article_id": a["id"]}));
        link(&c, &a).problem(409, "kb_article.not_published");
        link(&c, &json!({"id": "kba_00000000000000000000000000"})).problem(422, "unknown_reference");
        act(s, "kb-articles", &a, "publish", json!({}));
        let c = link(&c, &a).ok();
        assert_eq!(c["kb_article_ids"], json!([a["id"]]));
        assert_eq!(link(&c, &a).ok(), c, "once is enough");
        let seen = s.get(&format!("{}/context", at("cases", &c))).ok();
        assert_eq!(seen["kb_articles"], json!([{"id": a["id"], "title": a["title"], "status": "published"}]));
        let narrow = user_with(s, &["service.cases.read"], &[s.company_id()]);
        let seen = narrow.get(&format!("{}/context", at("cases", &c))).ok();
        assert_eq!((&seen["kb_articles"], &seen["withheld"]), (&json!([]), &json!(["kb_articles"])));
        assert_eq!(s.all("/v1/service/cases")[0]["kb_article_ids"], json!([a["id"]]));
        let c = unlink(&c, &a).ok();
        assert_eq!(s.get(&at("cases", &c)).ok()["kb_article_ids"], json!([]));
        unlink(&c, &a).problem(422, "unknown_reference");
        let mut c = c;
        for i in 0..20 {
            let one = article(s, json!({"title": format!("Article {i}")}));
            act(s, "kb-articles", &one, "publish", json!({}));
            c = link(&c, &one).ok();
        }
        link(&c, &a).problem(409, "case.too_many_articles");
    }

    fn articles_of_other_companies_do_not_exist(s) {
        let a = article(s, json!({}));
        let stranger = user_with(s, &["crm.*"], &[]);
        stranger.get(&at("kb-articles", &a)).problem(404, "not_found");
        stranger.get(&format!("{}/versions", at("kb-articles", &a))).problem(404, "not_found");
        let reader = user_with(s, &["service.kb_articles.read"], &[s.company_id()]);
        assert_eq!(reader.get(&at("kb-articles", &a)).ok()["allowed_actions"], json!([]));
        reader.act(&format!("{}/publish", at("kb-articles", &a)), &a, json!({})).problem(403, "missing_scope");
    }
}
