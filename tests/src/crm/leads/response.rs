//! How long leads wait for an answer.

use serde_json::{Value, json};

use crate::crm::common::{act, activity, lead, me};
use crate::fixtures::{id, user_with};
use crate::harness::Server;

fn report(s: &Server, more: &str) -> Value {
    s.get(&format!("/v1/crm/reports/lead-response?company_id={}{more}", s.company_id())).ok()
}

fn office(s: &Server) -> Value {
    let week: Vec<_> = ["monday", "tuesday", "wednesday", "thursday", "friday"]
        .iter()
        .map(|d| json!({"day": d, "from": "09:00", "to": "17:00"}))
        .collect();
    s.post("/v1/platform/calendars", json!({"name": "Office", "time_zone": "Europe/Berlin", "working_hours": week})).created()
}

each_engine! {
    fn nights_and_weekends_do_not_count(s) {
        let calendar = office(s);
        // Friday 16:30 in Berlin
        s.at("2026-01-09T15:30:00Z");
        let (slow, fast, waiting) = (lead(s, json!({})), lead(s, json!({"owner_id": me(s)})), lead(s, json!({})));
        act(s, "leads", &waiting, "assign", json!({"owner_id": me(s)}));
        s.at("2026-01-09T15:40:00Z");
        let call = activity(s, &fast, json!({"kind": "call"}));
        act(s, "activities", &call, "complete", json!({}));
        // Monday 09:30: an hour of work later
        s.at("2026-01-12T08:30:00Z");
        act(s, "leads", &slow, "disqualify", json!({"reason": "no budget"}));
        // Monday 11:00
        s.at("2026-01-12T10:00:00Z");
        let r = report(s, &format!("&calendar_id={}&target_minutes=30", id(&calendar)));
        assert_eq!(r["total"], json!({"leads": 3, "answered": 2, "waiting": 1, "within_target": 1, "beyond_target": 2,
            "mean_minutes": "35", "median_minutes": 10, "p90_minutes": 60}));
        assert_eq!((&r["from_date"], &r["to_date"]), (&json!("2025-12-13"), &json!("2026-01-12")));
        let owners: Vec<_> = r["owners"].as_array().unwrap().iter().map(|o| (o["owner_id"].is_string(), o["figures"]["leads"].as_i64().unwrap())).collect();
        assert_eq!(owners, [(true, 2), (false, 1)]);
        assert_eq!(s.all(r["drill_down"].as_str().unwrap()).len(), 3);
        // by the clock on the wall the weekend counts
        assert_eq!(report(s, "")["total"]["p90_minutes"], 10 + 50 + 64 * 60);
    }

    fn the_first_contact_is_the_response_and_an_assignment_is_none(s) {
        let l = lead(s, json!({}));
        let answered = |l: &Value| s.get(&crate::crm::common::at("leads", l)).ok()["first_response_at"].clone();
        let l2 = act(s, "leads", &l, "assign", json!({"owner_id": me(s)}));
        s.at("2026-01-02T10:00:00Z");
        let task = activity(s, &l, json!({"kind": "task"}));
        act(s, "activities", &task, "complete", json!({}));
        activity(s, &l, json!({"kind": "call"}));
        assert_eq!((answered(&l), &l2["status"]), (json!(null), &json!("working")));
        activity(s, &l, json!({"kind": "email", "completed_at": "2026-01-02T09:45:00Z"}));
        assert_eq!(answered(&l), "2026-01-02T09:45:00Z");
        s.at("2026-01-02T11:00:00Z");
        activity(s, &l, json!({"kind": "meeting", "completed_at": "2026-01-02T10:45:00Z"}));
        assert_eq!(answered(&l), "2026-01-02T09:45:00Z", "the first stays the first");
    }

    fn a_report_over_nothing_or_too_much_is_refused(s) {
        assert_eq!(report(s, "")["total"]["mean_minutes"], json!(null));
        let path = |more: &str| format!("/v1/crm/reports/lead-response?company_id={}{more}", s.company_id());
        s.get(&path("&from_date=2026-02-01&to_date=2026-01-01")).problem(422, "report.wrong_period");
        s.get(&path("&from_date=2024-01-01&to_date=2026-01-01")).problem(422, "report.wrong_period");
        s.get(&path("&target_minutes=0")).problem(400, "invalid_parameter");
        s.get(&path("&calendar_id=cal_00000000000000000000000000")).problem(404, "not_found");
        user_with(s, &["crm.reports.lead_response.read"], &[]).get(&path("")).problem(404, "not_found");
    }
}
