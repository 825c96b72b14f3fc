//! Service level policies and the versions of their terms.

use serde_json::{Value, json};

use crate::crm::common::{act, at};
use crate::fixtures::id;
use crate::harness::Engine;
use crate::service::cases::story::{case, office, policy, say, told};

each_engine! {
    fn changed_terms_are_a_new_version_and_cases_keep_theirs(s) {
        let p = policy(s, json!({}));
        assert_eq!((&p["is_default"], &p["terms_version"]), (&json!(true), &json!(1)), "the first of a company is its default");
        let old = case(s, json!({}));
        let renamed = s.patch(&at("sla-policies", &p), &p, json!({"name": "Gold"})).ok();
        assert_eq!(renamed["terms_version"], 1);
        let tight = json!([{"priority": "normal", "first_response_minutes": 10, "resolution_minutes": 20}]);
        let changed = s.patch(&at("sla-policies", &p), &renamed, json!({"targets": tight})).ok();
        assert_eq!(changed["terms_version"], 2);
        let versions = s.all(&format!("{}/versions", at("sla-policies", &p)));
        assert_eq!(versions.iter().map(|v| v["terms_version"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(versions[0]["targets"], p["targets"]);
        let new = case(s, json!({}));
        assert_eq!((&old["sla_policy_version_id"], &new["sla_policy_version_id"]), (&versions[0]["id"], &versions[1]["id"]));
        let urgent = s.patch(&at("cases", &old), &old, json!({"impact": "high", "urgency": "high"})).ok();
        assert_eq!(urgent["clocks"][0]["target_minutes"], 120, "by the terms it began with");
        assert_eq!(s.get(&format!("{}/sla", at("cases", &old))).ok()["terms"]["terms_version"], 1);
    }

    fn a_holiday_declared_later_moves_what_is_not_due_yet_and_nothing_that_was_missed(s) {
        let calendar = office(s);
        let p = policy(s, json!({"calendar_id": calendar["id"]}));
        s.at("2026-05-19T09:00:00Z");
        let (missed, held) = (case(s, json!({})), case(s, json!({})));
        say(s, &held, json!({}));
        let held = act(s, "cases", &s.get(&at("cases", &held)).ok(), "hold", json!({"reason": "A photo"}));
        s.at("2026-05-20T12:00:00Z");
        assert_eq!(told(s, &missed, "case.sla_breached"), 2);
        let answered = case(s, json!({}));
        say(s, &answered, json!({}));
        let before = |c: &Value| s.get(&at("cases", c)).ok();
        let (late, open, still) = (before(&missed), before(&answered), before(&held));
        assert_eq!(open["resolution_due_at"], "2026-05-21T12:00:00Z");
        let path = format!("/v1/platform/calendars/{}", id(&calendar));
        let renamed = s.patch(&path, &calendar, json!({"name": "Headquarters"})).ok();
        s.patch(&path, &renamed, json!({"holidays": [{"date": "2026-05-21", "name": "A day off"}]})).ok();
        assert_eq!(told(s, &answered, "case.sla_recounted"), 1);
        let c = before(&answered);
        assert_eq!((&c["resolution_due_at"], &c["first_response_due_at"]), (&json!("2026-05-22T12:00:00Z"), &json!(null)));
        assert_eq!((&c["sla_policy_version_id"], &c["clocks"][0]["completed_at"]), (&open["sla_policy_version_id"], &open["clocks"][0]["completed_at"]));
        assert_eq!((&before(&missed)["clocks"], &before(&missed)["sla_state"]), (&late["clocks"], &json!("breached")), "a breach stays one");
        assert_eq!(before(&held), still, "what stands still has as much left as before");
        // more hours bring it nearer; by the terms it began with, whatever the policy says since
        let tight = json!([{"priority": "normal", "first_response_minutes": 10, "resolution_minutes": 20}]);
        s.patch(&at("sla-policies", &p), &p, json!({"targets": tight})).ok();
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let seven: Vec<Value> = days.iter().map(|d| json!({"day": d, "from": "00:00", "to": "24:00"})).collect();
        s.patch(&path, &s.get(&path).ok(), json!({"working_hours": seven, "holidays": []})).ok();
        let began = std::time::Instant::now();
        while before(&answered)["resolution_due_at"] != "2026-05-20T20:00:00Z" {
            assert!(began.elapsed().as_secs() < 10, "{}", before(&answered));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let jobs = s.all("/v1/platform/jobs?kind=case_recount");
        assert_eq!(jobs.len(), 2, "another name moves nothing");
    }

    fn what_makes_no_policy_is_refused(s) {
        let calendar = office(s);
        let body = |targets: serde_json::Value| json!({"company_id": s.company_id(), "name": "P", "calendar_id": calendar["id"], "targets": targets});
        let high = json!({"priority": "high", "first_response_minutes": 60});
        s.post("/v1/service/sla-policies", body(json!([high, high]))).problem(422, "sla_policy.doubled_priority");
        let problem = s.post("/v1/service/sla-policies", body(json!([{"priority": "high"}]))).problem(422, "sla_policy.empty_target");
        assert_eq!(problem["errors"][0]["pointer"], "/targets/0");
        s.post("/v1/service/sla-policies", body(json!([]))).problem(422, "invalid_body");
        s.post("/v1/service/sla-policies", json!({"company_id": s.company_id(), "name": "P", "calendar_id": "cal_00000000000000000000000000", "targets": [high]})).problem(422, "unknown_reference");
        let sparse = json!({"name": "Sparse", "time_zone": "UTC", "working_hours": [{"day": "monday", "from": "09:00", "to": "10:00"}],
            "holidays": (0..900).map(|w| json!({"date": (chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + chrono::Days::new(7 * w)).to_string(), "name": "Off"})).collect::<Vec<_>>()});
        let sparse = s.post("/v1/platform/calendars", sparse).created();
        let far = json!({"company_id": s.company_id(), "name": "P", "calendar_id": sparse["id"], "targets": [{"priority": "high", "resolution_minutes": 50000}]});
        s.post("/v1/service/sla-policies", far).problem(422, "calendar.out_of_reach");
    }

    fn a_company_has_one_default_policy(s) {
        let (first, second) = (policy(s, json!({})), policy(s, json!({})));
        assert_eq!(second["is_default"], false);
        s.act(&format!("{}/archive", at("sla-policies", &first)), &first, json!({})).problem(409, "sla_policy.is_default");
        let second = act(s, "sla-policies", &second, "make-default", json!({}));
        let defaults = s.all("/v1/service/sla-policies?is_default=true");
        assert_eq!(defaults.iter().map(id).collect::<Vec<_>>(), [id(&second)]);
        let first = s.get(&at("sla-policies", &first)).ok();
        let gone = act(s, "sla-policies", &first, "archive", json!({}));
        assert_eq!(gone["allowed_actions"], json!([]));
        s.act(&format!("{}/make-default", at("sla-policies", &gone)), &gone, json!({})).problem(409, "sla_policy.archived");
        s.act(&format!("{}/archive", at("sla-policies", &gone)), &gone, json!({})).problem(409, "sla_policy.archived");
        s.patch(&at("sla-policies", &gone), &gone, json!({"name": "x"})).problem(409, "sla_policy.archived");
        s.get(&format!("{}?expand=calendar", at("sla-policies", &second))).ok();
    }
}

/// No API reaches them, so they are tried below it.
#[test]
fn the_database_keeps_terms_and_messages_as_they_are() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        crate::platform::ground(engine, |d| {
            for table in ["sla_policy_versions", "case_messages"] {
                let made = match table {
                    "case_messages" => below::message(d),
                    _ => below::terms(d),
                };
                made.unwrap();
                for text in [format!("UPDATE {table} SET created_at = created_at"), format!("DELETE FROM {table}")] {
                    let refused = d.run(persistence::Statement::new(text.clone()));
                    assert!(matches!(refused, Err(persistence::Error::Guard(_))), "{text}: {refused:?}");
                }
            }
        });
    }
}

mod below {
    //! Rows made below the API, only to see whether they can be changed.

    use domain::directory::companies::{Company, NewCompany};
    use domain::ids::{CalendarId, CaseId, CaseMessageId, CompanyId, SlaPolicyId, SlaPolicyVersionId};
    use domain::kernel::Id;
    use domain::platform::business_time::Hours;
    use domain::platform::calendars::{Calendar, NewCalendar};
    use domain::service::cases::messages::{CaseMessage, MessageAuthor, MessageVisibility};
    use domain::service::cases::{Case, CaseChannel, NewCase};
    use domain::service::sla_policies::{NewSlaPolicy, SlaPolicy};
    use persistence::{Error, record};
    use serde_json::json;
    use uuid::Uuid;

    use crate::platform::{Ground, keep};

    fn uuid(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }
    fn now() -> chrono::DateTime<chrono::Utc> {
        "2026-01-02T09:00:00Z".parse().unwrap()
    }

    pub fn terms(d: &Ground) -> Result<(), Error> {
        let company: NewCompany = serde_json::from_value(json!({"code": "X", "name": "X", "currency": "EUR", "time_zone": "UTC"})).unwrap();
        let company = Company::new(CompanyId::from_uuid(uuid(1)), company, now()).unwrap();
        let hours = json!([{"day": "monday", "from": "09:00", "to": "17:00"}]);
        let calendar: NewCalendar = serde_json::from_value(json!({"name": "X", "time_zone": "UTC", "working_hours": hours})).unwrap();
        let calendar = Calendar::new(CalendarId::from_uuid(uuid(2)), calendar, now()).unwrap();
        let targets = json!([{"priority": "high", "first_response_minutes": 60}]);
        let policy: NewSlaPolicy =
            serde_json::from_value(json!({"company_id": company.id, "name": "X", "calendar_id": calendar.id, "targets": targets})).unwrap();
        let policy = SlaPolicy::new(SlaPolicyId::from_uuid(uuid(3)), policy, &Hours::around_the_clock(), now()).unwrap();
        let terms = policy.terms(SlaPolicyVersionId::from_uuid(uuid(4)));
        d.db.write(keep(move |c| {
            record::insert(c, std::slice::from_ref(&company))?;
            record::insert(c, std::slice::from_ref(&calendar))?;
            record::insert(c, std::slice::from_ref(&policy))?;
            record::insert(c, std::slice::from_ref(&terms))
        }))
    }

    pub fn message(d: &Ground) -> Result<(), Error> {
        let company = CompanyId::from_uuid(uuid(1));
        let new: NewCase = serde_json::from_value(json!({"company_id": company, "subject": "X"})).unwrap();
        let case = Case { number: "CASE-1".into(), ..Case::new(CaseId::from_uuid(uuid(5)), &new, now()).unwrap() };
        let message = CaseMessage {
            id: CaseMessageId::from_uuid(uuid(6)),
            case_id: case.id,
            company_id: company,
            author: MessageAuthor::Agent,
            visibility: MessageVisibility::Public,
            body: "X".into(),
            channel: CaseChannel::Email,
            author_user_id: None,
            author_contact_id: None,
            spent_minutes: 0,
            created_at: now(),
        };
        d.db.write(keep(move |c| {
            record::insert(c, std::slice::from_ref(&case))?;
            record::insert(c, std::slice::from_ref(&message))
        }))
    }
}
