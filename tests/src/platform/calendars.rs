//! Business calendars: hours, breaks, holidays, time zone.

use serde_json::{Value, json};

use crate::fixtures::{id, user_with};
use crate::harness::Server;

fn body(more: Value) -> Value {
    let mut base = json!({"name": "Berlin office", "time_zone": "Europe/Berlin", "working_hours": [
        {"day": "monday", "from": "13:00", "to": "17:00"}, {"day": "monday", "from": "09:00", "to": "12:00"}]});
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn calendar(s: &Server, more: Value) -> Value {
    s.post("/v1/platform/calendars", body(more)).created()
}

each_engine! {
    fn a_calendar_keeps_hours_breaks_and_holidays_in_order(s) {
        let c = calendar(s, json!({"holidays": [{"date": "2026-12-25", "name": "Christmas"}, {"date": "2026-05-25", "name": "Whit Monday"}]}));
        assert_eq!(c["working_hours"][0], json!({"day": "monday", "from": "09:00", "to": "12:00"}));
        assert_eq!(c["holidays"][0], json!({"date": "2026-05-25", "name": "Whit Monday"}));
        let path = format!("/v1/platform/calendars/{}", id(&c));
        assert_eq!(s.get(&path).ok(), c);
        assert_eq!(s.all("/v1/platform/calendars?time_zone=Europe/Berlin").iter().map(id).collect::<Vec<_>>(), [id(&c)]);
        let changed = s.patch(&path, &c, json!({"holidays": [], "name": "Office"})).ok();
        assert_eq!((&changed["holidays"], &changed["name"], &changed["version"]), (&json!([]), &json!("Office"), &json!(2)));
        s.patch(&path, &c, json!({"name": "Stale"})).problem(412, "precondition_failed");
    }

    fn a_calendar_that_cannot_be_is_refused_with_the_place(s) {
        for (more, code, pointer) in [
            (json!({"time_zone": "Mars/Olympus"}), "calendar.unknown_time_zone", "/time_zone"),
            (json!({"working_hours": [{"day": "monday", "from": "09:00", "to": "12:00"}, {"day": "friday", "from": "12:00", "to": "12:00"}]}), "calendar.empty_interval", "/working_hours/1"),
            (json!({"working_hours": [{"day": "monday", "from": "09:00", "to": "12:00"}, {"day": "monday", "from": "11:00", "to": "13:00"}]}), "calendar.overlapping_intervals", "/working_hours/1"),
            (json!({"working_hours": [{"day": "monday", "from": "09:00", "to": "09:30"}]}), "calendar.too_little_working_time", "/working_hours"),
            (json!({"holidays": [{"date": "2026-05-25", "name": "a"}, {"date": "2026-05-25", "name": "b"}]}), "calendar.doubled_holiday", "/holidays/1/date"),
            (json!({"working_hours": [{"day": "monday", "from": "9", "to": "25:00"}]}), "invalid_body", "/working_hours/0/from"),
        ] {
            let problem = s.post("/v1/platform/calendars", body(more)).problem(422, code);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        calendar(s, json!({}));
        s.post("/v1/platform/calendars", body(json!({}))).problem(409, "already_exists");
    }

    fn a_change_is_judged_like_a_new_calendar(s) {
        let c = calendar(s, json!({}));
        let path = format!("/v1/platform/calendars/{}", id(&c));
        s.patch(&path, &c, json!({"time_zone": "Nowhere/None"})).problem(422, "calendar.unknown_time_zone");
        let reader = user_with(s, &["platform.calendars.read"], &[]);
        assert_eq!(reader.get(&path).ok()["id"], c["id"]);
        reader.patch(&path, &c, json!({"name": "Mine"})).problem(403, "missing_scope");
    }
}
