//! The operation table and the door, tried as the small framework they are, on a noun of this file alone.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::kernel::{Amount, PatchBody};
use persistence::{Conn, Database, DatabaseConfig, sql};
use platform::prelude::*;
use platform::table::{Answer, Output};
use platform::{AppConfig, Caller, Clock, Reactions, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

domain::ids! {
    /// A widget.
    WidgetId "wdg";
    /// A part.
    PieceId "pce";
}

domain::string_enum! {
    /// Where a widget stands.
    pub enum WidgetStatus {
        /// New.
        Draft = "draft",
        /// Done.
        Polished = "polished",
    }
}

/// A widget.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Widget {
    pub id: WidgetId,
    #[schema(max_length = 20)]
    pub name: String,
    pub status: WidgetStatus,
    pub price: Amount,
    #[schema(max_length = 50, required)]
    pub note: Option<String>,
    #[schema(minimum = 1, maximum = 1000)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    #[schema(max_items = 10)]
    pub pieces: Vec<String>,
}

domain::entity! { undated Widget, WidgetId, "widget", actions: |w| if w.status == WidgetStatus::Draft { vec!["polish"] } else { vec![] } }

persistence::record! {
    widgets: Widget { id: uid, name: text, status: word, price: amount, note: opt(text), version: int, created_at: instant }
    unstored { pieces }
    complete = complete
}

fn complete(_: &mut Conn, rows: &mut [Widget]) -> persistence::Result<()> {
    rows.iter_mut().for_each(|w| w.pieces = vec![format!("piece of {}", w.name)]);
    Ok(())
}

/// A widget to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWidget {
    #[schema(min_length = 1, max_length = 20)]
    pub name: String,
    pub price: Amount,
    #[schema(max_length = 50)]
    pub note: Option<String>,
}

/// Changes to a widget.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidgetPatch {
    #[serde(default, deserialize_with = "domain::kernel::present")]
    #[schema(min_length = 1, max_length = 20)]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "domain::kernel::some")]
    #[schema(value_type = Option<String>, max_length = 50)]
    pub note: Option<Option<String>>,
}

impl PatchBody for WidgetPatch {
    const CLEARABLE: &'static [&'static str] = &["note"];
}

const TOO_DEAR: Code = Code::invalid("widget.too_dear", "The price is too high.");

fn operations(t: &mut Table) {
    let mut n = t.noun::<Widget>("platform/widgets", "Widgets.");
    n.list("List widgets.").filter(&["status", "price", "name"]).search(&["name"]).sort(&["name", "price", "note"]);
    n.create(create, "Create a widget.").fails(&[TOO_DEAR]);
    n.bulk(create);
    n.read("Get a widget.").expand::<Widget>("self", "id");
    n.update(update, "Change a widget.");
    n.delete(|cx, id| cx.load_for_update::<Widget>(id).and_then(|w| cx.remove(w)), "Delete a widget.");
    n.action("polish", polish, "Polish a widget.");
}

fn create(cx: &mut Cx, new: NewWidget) -> Result<Widget> {
    cx.ensure(new.price.get() < 1000.into(), TOO_DEAR, || "Below 1000, please.".into())?;
    let (id, created_at) = (cx.new_id(), cx.now);
    cx.create(Widget {
        id,
        name: new.name,
        status: WidgetStatus::Draft,
        price: new.price,
        note: new.note,
        version: 1,
        created_at,
        pieces: vec![],
    })
}

fn update(cx: &mut Cx, id: WidgetId, patch: WidgetPatch) -> Result<Widget> {
    let before = cx.load_for_update::<Widget>(id)?;
    let mut after = before.clone();
    if let Some(name) = patch.name {
        after.name = name;
    }
    if let Some(note) = patch.note {
        after.note = note;
    }
    cx.save(&before, after, "updated")
}

fn polish(cx: &mut Cx, id: WidgetId) -> Result<Widget> {
    let before = cx.load_for_update::<Widget>(id)?;
    if before.status != WidgetStatus::Draft {
        return Err(problems::invalid_state.with("Only drafts are polished.").in_state(before.status, &before.allowed_actions()));
    }
    cx.save(&before, Widget { status: WidgetStatus::Polished, ..before.clone() }, "polished")
}

struct Tried {
    app: Arc<App>,
    _dir: tempfile::TempDir,
}

fn tried() -> Tried {
    tried_with(|reactions| {
        reactions.on("widget.polished", |cx, event| {
            let new = NewWidget { name: format!("dust {}", event.version), price: Amount::ONE, note: None };
            create(cx, new).map(drop)
        });
    })
}

fn tried_with(declare: fn(&mut Reactions)) -> Tried {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(&DatabaseConfig::new(format!("sqlite:{}", dir.path().join("t.db").display()))).unwrap();
    db.migrate().unwrap();
    let ddl = "CREATE TABLE widgets (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, status TEXT NOT NULL, price INTEGER NOT NULL, note TEXT, version INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT";
    db.write(Box::new(move |c: &mut Conn<'_>| -> Result<_> {
        persistence::Statement::new(ddl).execute(c)?;
        Ok(persistence::Outcome::Keep(()))
    }))
    .unwrap();
    let mut table = Table::default();
    operations(&mut table);
    let mut reactions = Reactions::default();
    declare(&mut reactions);
    let app = App::new(AppConfig {
        table: Arc::new(table.finish()),
        database: db,
        reactions,
        questions: Default::default(),
        clock: Clock::default(),
    })
    .unwrap();
    Tried { app, _dir: dir }
}

#[derive(Default)]
struct Ask<'a> {
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Value>,
    if_match: Option<i64>,
    key: Option<&'a str>,
}

impl Tried {
    fn call(&self, op: &str, ask: Ask) -> Result<Answer> {
        self.app.call(self.request(op, ask))
    }
    fn request(&self, op: &str, ask: Ask) -> Request {
        Request {
            op: self.app.table.ops.iter().position(|o| o.id == op).unwrap(),
            caller: Arc::new(Caller::system()),
            path: ask.path.iter().map(|s| s.to_string()).collect(),
            query: ask.query.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            body: ask.body,
            upload: None,
            if_match: ask.if_match,
            idempotency_key: ask.key.map(String::from),
            request_id: "req_test".into(),
            deadline: None,
        }
    }
    fn made(&self, name: &str, price: &str) -> Value {
        json_of(self.call("create_widget", Ask { body: Some(json!({ "name": name, "price": price })), ..Ask::default() }).unwrap())
    }
    fn names(&self, query: &[(&str, &str)]) -> Vec<String> {
        let page = json_of(self.call("list_widgets", Ask { query, ..Ask::default() }).unwrap());
        page["data"].as_array().unwrap().iter().map(|w| w["name"].as_str().unwrap().to_string()).collect()
    }
    fn count(&self, of: &'static str) -> i64 {
        let statement = persistence::Statement::new(format!("SELECT COUNT(*) FROM {of}"));
        self.app.db.read(|c| -> persistence::Result<_> { statement.first::<(i64,)>(c) }).unwrap().unwrap().0
    }
}

fn json_of(a: Answer) -> Value {
    assert!(matches!(a.output, Output::Json(_)), "{:?}", a.output);
    a.output.value()
}

fn code<T: std::fmt::Debug>(r: Result<T>) -> (&'static str, Vec<String>) {
    let p = r.unwrap_err();
    (p.code().code, p.errors().iter().map(|e| e.pointer.clone().or(e.parameter.clone()).or(e.header.clone()).unwrap_or_default()).collect())
}

#[test]
fn a_resource_is_made_read_changed_and_deleted() {
    let t = tried();
    let w = t.made("one", "12.5");
    assert_eq!((&w["price"], &w["allowed_actions"], &w["version"]), (&json!("12.50"), &json!(["polish"]), &json!(1)));
    let id = w["id"].as_str().unwrap();
    let a = t.call("update_widget", Ask { path: &[id], body: Some(json!({ "note": "x" })), if_match: Some(1), ..Ask::default() }).unwrap();
    assert_eq!(a.version, Some(2));
    let a = t
        .call("update_widget", Ask { path: &[id], body: Some(json!({ "note": null, "name": "uno" })), if_match: Some(2), ..Ask::default() })
        .unwrap();
    assert_eq!(json_of(a)["note"], Value::Null);
    let got = json_of(
        t.call("get_widget", Ask { path: &[id], query: &[("fields", "name,pieces"), ("expand", "self")], ..Ask::default() }).unwrap(),
    );
    assert_eq!(
        (&got["name"], &got["pieces"], &got["self"]["name"], got.get("price")),
        (&json!("uno"), &json!(["piece of uno"]), &json!("uno"), None)
    );
    t.call("delete_widget", Ask { path: &[id], if_match: Some(3), ..Ask::default() }).unwrap();
    assert_eq!(code(t.call("get_widget", Ask { path: &[id], ..Ask::default() })).0, "not_found");
    assert_eq!(t.count("events"), 4);
}

#[test]
fn everything_wrong_with_a_body_is_said_at_once() {
    let t = tried();
    let body = |b: Value| code(t.call("create_widget", Ask { body: Some(b), ..Ask::default() }));
    let (c, at) = body(json!({ "name": "", "price": "abc", "nme": 1 }));
    assert_eq!((c, at.len()), ("invalid_body", 3), "{at:?}");
    assert_eq!(body(json!({ "name": "a", "price": 12.5 })), ("decimal_must_be_string", vec!["/price".into()]));
    assert_eq!(body(json!({ "name": "a", "price": "1", "x": 1 })), ("unknown_field", vec!["/x".into()]));
    assert_eq!(body(json!({ "name": "a", "price": "1.00001" })), ("too_many_decimals", vec!["/price".into()]));
    assert_eq!(body(json!({ "price": "1" })), ("invalid_body", vec!["/name".into()]));
    assert_eq!(body(json!([])).0, "invalid_body");
    assert_eq!(body(json!({ "name": "a", "price": "1", "note": 5 })), ("decimal_must_be_string", vec!["/note".into()]));
    assert_eq!(body(json!({ "name": "a", "price": "1000" })).0, "widget.too_dear");
    let id = t.made("b", "1")["id"].as_str().unwrap().to_string();
    let patch = |b: Value| code(t.call("update_widget", Ask { path: &[&id], body: Some(b), if_match: Some(1), ..Ask::default() }));
    assert_eq!(patch(json!({ "name": null })), ("invalid_body", vec!["/name".into()]));
}

#[test]
fn a_stale_or_missing_if_match_is_refused() {
    let t = tried();
    let id = t.made("one", "1")["id"].as_str().unwrap().to_string();
    let polish = |v| t.call("polish_widget", Ask { path: &[&id], if_match: v, ..Ask::default() });
    assert_eq!(code(polish(None)), ("precondition_required", vec!["If-Match".into()]));
    let stale = polish(Some(7)).unwrap_err();
    assert_eq!((stale.code().code, stale.version()), ("precondition_failed", Some(1)));
    polish(Some(1)).unwrap();
    let wrong = polish(Some(2)).unwrap_err();
    assert_eq!((wrong.code().code, wrong.state().map(|s| s.0)), ("invalid_state", Some("polished")));
    assert_eq!(t.names(&[]), ["one", "dust 2"], "the reaction ran in the same transaction");
}

#[test]
fn a_key_has_one_effect_and_the_same_answer() {
    let t = tried();
    let make = |name: &str, key| {
        t.call("create_widget", Ask { body: Some(json!({ "name": name, "price": "1" })), key: Some(key), ..Ask::default() })
    };
    let first = make("one", "k").unwrap();
    let again = make("one", "k").unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(json_of(first).to_string(), json_of(again).to_string());
    assert_eq!(code(make("two", "k")).0, "idempotency_key_reused");
    assert_eq!(code(make("one", "other")).0, "already_exists");
    std::thread::scope(|s| {
        let all: Vec<_> = (0..32).map(|_| s.spawn(|| make("thirty-two", "same").map(json_of).map(|v| v.to_string()))).collect();
        let mut answers: Vec<_> = all.into_iter().map(|h| h.join().unwrap().unwrap()).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1);
    });
    assert_eq!(t.count("widgets"), 2);
}

#[test]
fn a_dry_run_computes_everything_and_keeps_nothing() {
    let t = tried();
    let ask =
        || Ask { body: Some(json!({ "name": "one", "price": "1" })), query: &[("dry_run", "true")], key: Some("k"), ..Ask::default() };
    let a = t.call("create_widget", ask()).unwrap();
    assert!(a.dry_run);
    assert_eq!((t.count("widgets"), t.count("events"), t.count("idempotency_keys")), (0, 0, 0));
    t.made("one", "1");
    assert_eq!(code(t.call("create_widget", ask())).0, "already_exists");
}

#[test]
fn lists_filter_sort_search_and_page_without_loss() {
    let t = tried();
    for i in 0..25 {
        t.made(&format!("w{i:02}"), &format!("{}.5", i % 4));
    }
    assert_eq!(t.names(&[("price_gte", "3.5")]).len(), 6);
    assert_eq!(t.names(&[("price", "0.5"), ("sort", "-name"), ("limit", "2")]), ["w24", "w20"]);
    assert_eq!(t.names(&[("q", "W1")]).len(), 10);
    assert_eq!(t.names(&[("q", "%")]).len(), 0);
    assert_eq!(t.names(&[("status", "polished,draft")]).len(), 25);
    for sort in ["price,-name", "-price", "name", "note,name", "-note", ""] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut query = vec![("limit", "4")];
            if !sort.is_empty() {
                query.push(("sort", sort));
            }
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let page = json_of(t.call("list_widgets", Ask { query: &query, ..Ask::default() }).unwrap());
            seen.extend(page["data"].as_array().unwrap().iter().map(|w| w["id"].as_str().unwrap().to_string()));
            match page["next_cursor"].as_str() {
                Some(c) => cursor = c.to_string(),
                None => break,
            }
        }
        let n = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((n, seen.len()), (25, 25), "{sort}");
    }
    let page = json_of(
        t.call("list_widgets", Ask { query: &[("limit", "1"), ("include_total", "true"), ("fields", "id,name")], ..Ask::default() })
            .unwrap(),
    );
    assert_eq!((&page["total_count"], page["data"][0].as_object().unwrap().len()), (&json!(25), 2));
    let cursor = page["next_cursor"].as_str().unwrap().to_string();
    let list = |query: &[(&str, &str)]| code(t.call("list_widgets", Ask { query, ..Ask::default() }));
    assert_eq!(list(&[("cursor", &cursor), ("sort", "name")]).0, "cursor_mismatch");
    for (bad, with) in [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "x"),
        ("sort", "colour"),
        ("status", "shiny"),
        ("price_gte", "1e5"),
        ("fields", "nope"),
        ("cursor", "AAAA"),
        ("q", ""),
        ("expand", "x"),
    ] {
        let (c, at) = list(&[(bad, with)]);
        assert!(matches!(c, "invalid_parameter" | "unknown_parameter" | "invalid_query"), "{bad} {c}");
        assert_eq!(at, [bad]);
    }
    assert_eq!(list(&[("pric", "1"), ("colour", "2")]), ("unknown_parameter", vec!["pric".into(), "colour".into()]));
}

#[test]
fn bulk_keeps_all_or_none_or_each_for_itself() {
    let t = tried();
    let bulk = |mode: &str, items: Value| {
        t.call("bulk_create_widgets", Ask { body: Some(json!({ "mode": mode, "items": items })), ..Ask::default() })
    };
    let items = json!([{ "name": "a", "price": "1" }, { "name": "b", "price": "5000" }, { "name": "a", "price": "1" }]);
    assert_eq!(code(bulk("atomic", items.clone())), ("widget.too_dear", vec!["/items/1".into()]));
    assert_eq!(t.count("widgets"), 0);
    let done = json_of(bulk("partial", items).unwrap());
    assert_eq!(
        (&done["created"], &done["items"][1]["error"]["code"], &done["items"][2]["error"]["code"]),
        (&json!(1), &json!("widget.too_dear"), &json!("already_exists"))
    );
    assert_eq!((t.count("widgets"), t.count("events")), (1, 1));
    assert_eq!(code(bulk("atomic", json!([{ "name": "c", "price": "1", "z": 1 }]))).1, ["/items/0/z"]);
}

#[test]
fn a_caller_without_the_permission_is_refused_before_anything_is_read() {
    let t = tried();
    let mut rq = t.request("create_widget", Ask { body: Some(json!({ "nonsense": true })), ..Ask::default() });
    rq.caller = Arc::new(Caller::anonymous());
    assert_eq!(code(t.app.call(rq)).0, "missing_scope");
}

#[test]
fn values_are_exact_in_sql() {
    let t = tried();
    (0..50).for_each(|i| drop(t.made(&format!("w{i}"), "0.1")));
    let sum = t
        .app
        .db
        .read(|c| -> persistence::Result<_> {
            sql!("SELECT SUM(price), COUNT(*) FROM widgets WHERE price = {}", "0.1".parse::<Amount>().unwrap()).first::<(Amount, i64)>(c)
        })
        .unwrap();
    assert_eq!(sum, Some(("5".parse().unwrap(), 50)));
}

/// Makes a widget called so, with the names of those there were before as its note.
fn note_down(cx: &mut Cx, name: &str) -> Result<()> {
    let before = sql!("SELECT name FROM widgets WHERE name <> 'a' ORDER BY rowid").load::<(String,)>(cx.db())?;
    let note = before.into_iter().map(|r| r.0).collect::<Vec<_>>().join(" ");
    create(cx, NewWidget { name: name.into(), price: Amount::ONE, note: Some(note) }).map(drop)
}

#[test]
fn who_asked_to_hear_first_hears_first_whichever_was_declared_first() {
    let t = tried_with(|reactions| {
        reactions.on("widget.polished", |cx, _| note_down(cx, "third"));
        reactions.first("widget.polished", |cx, _| note_down(cx, "first"));
        reactions.on("widget.polished", |cx, _| note_down(cx, "fourth"));
        reactions.first("widget.polished", |cx, _| note_down(cx, "second"));
    });
    let made = t.made("a", "1");
    t.call("polish_widget", Ask { path: &[made["id"].as_str().unwrap()], if_match: Some(1), ..Ask::default() }).unwrap();
    let note = sql!("SELECT note FROM widgets WHERE name = 'fourth'");
    let notes = t.app.db.read(|c| -> persistence::Result<_> { note.load::<(String,)>(c) }).unwrap();
    assert_eq!(notes[0].0, "first second third");
}
