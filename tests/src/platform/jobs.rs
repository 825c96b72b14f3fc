//! Jobs: asked for with one request, worked off after it, whatever happens to their workers.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::ids::JobId;
use domain::kernel::Id;
use persistence::{Conn, Database, DatabaseConfig, Error, Outcome, sql};
use serde_json::{Value, json};

use crate::harness::{Client, Server};

/// Asks until the job has ended.
fn ended(s: &Client, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let job = s.get(&format!("/v1/platform/jobs/{id}")).ok();
        if !["queued", "running"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it does not end: {job}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Does something to the rows that no operation does.
fn by_hand(s: &Server, text: &'static str) {
    let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
    let changed = db.write::<_, Error>(Box::new(move |c| Ok(Outcome::Keep(persistence::Statement::new(text).execute(c)?)))).unwrap();
    assert_eq!(changed, 1, "{text}");
}

fn start(s: &Server) -> Value {
    let answer = s.post("/v1/platform/verifications", json!({}));
    let job = answer.accepted();
    assert!(answer.header("retry-after").is_some(), "{}", answer.whole());
    let place = format!("/v1/platform/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(&*place), "{}", answer.whole());
    job
}

each_engine! {
    fn a_verification_runs_after_its_request(s) {
        let job = start(s);
        assert!(["queued", "running"].contains(&job["status"].as_str().unwrap()));
        let done = ended(s, job["id"].as_str().unwrap());
        assert_eq!(done["status"], "succeeded", "{done}");
        assert_eq!(done["result"]["passed"], true, "{done}");
        let chain = done["result"]["checks"].as_array().unwrap().iter().find(|c| c["name"] == "audit_chain").unwrap();
        assert_eq!(chain["passed"], true);
        assert!(chain["examined"].as_i64().unwrap() > 0);
        assert_eq!(done["progress"]["done"], done["progress"]["total"]);
        assert!(done["finished_at"].is_string());
        assert_eq!(done["allowed_actions"], json!([]));
    }

    fn jobs_are_measured_by_kind_and_state_with_what_else_waits(s) {
        let job = start(s);
        ended(s, job["id"].as_str().unwrap());
        let text = s.get("/metrics").text();
        let measured = |name: &str, labels: &[&str]| {
            text.lines().any(|l| l.starts_with(&format!("tandem_{name}")) && labels.iter().all(|label| l.contains(label)))
        };
        assert!(measured("jobs", &["kind=\"verification\"", "status=\"succeeded\""]), "{text}");
        assert!(measured("events_unnumbered", &[]) && measured("timer_last_run_timestamp_seconds", &["platform."]), "{text}");
    }

    fn a_lease_is_renewed_for_who_holds_it(s) {
        let job = start(s);
        ended(s, job["id"].as_str().unwrap());
        by_hand(s, "UPDATE jobs SET lease = 'ours'");
        let job: JobId = job["id"].as_str().unwrap().parse().unwrap();
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        let renewed = |lease: &'static str| {
            let renew = move |c: &mut Conn<'_>| Ok(Outcome::Keep(persistence::platform::jobs::renew(c, job.uuid(), lease, TimeDelta::seconds(20))?));
            db.write::<_, Error>(Box::new(renew)).unwrap()
        };
        assert_eq!((renewed("ours"), renewed("another")), (Some(false), None));
    }

    fn the_same_key_starts_one_job(s) {
        let ask = || s.request("POST", "/v1/platform/verifications").key("once").json(&json!({})).send().accepted();
        assert_eq!(ask()["id"], ask()["id"]);
        assert_eq!(s.get("/v1/platform/jobs?kind=verification").ok()["data"].as_array().unwrap().len(), 1);
    }

    fn a_job_that_has_ended_cannot_be_cancelled(s) {
        let id = start(s)["id"].as_str().unwrap().to_string();
        let done = ended(s, &id);
        let answer = s.act(&format!("/v1/platform/jobs/{id}/cancel"), &done["version"], json!({}));
        let problem = answer.problem(409, "invalid_state");
        assert_eq!(problem["current_state"], "succeeded");
    }

    fn a_job_whose_worker_died_is_taken_again(s) {
        let id = start(s)["id"].as_str().unwrap().to_string();
        ended(s, &id);
        // as a worker leaves it that was killed a while ago
        let now = if s.engine == crate::harness::Engine::Sqlite { "1000" } else { "now() - interval '1 hour'" };
        by_hand(s, Box::leak(format!("UPDATE jobs SET status = 'running', result = NULL, finished_at = NULL, lease = 'dead', leased_until = {now}").into_boxed_str()));
        let done = ended(s, &id);
        assert_eq!((&done["status"], &done["result"]["passed"]), (&json!("succeeded"), &json!(true)), "{done}");
    }

    fn a_job_in_the_hands_of_a_living_worker_is_left_alone(s) {
        let id = start(s)["id"].as_str().unwrap().to_string();
        ended(s, &id);
        let later = if s.engine == crate::harness::Engine::Sqlite { "4102444800000000" } else { "now() + interval '1 hour'" };
        by_hand(s, Box::leak(format!("UPDATE jobs SET status = 'running', result = NULL, finished_at = NULL, lease = 'other', leased_until = {later}").into_boxed_str()));
        std::thread::sleep(Duration::from_millis(700));
        let job = s.get(&format!("/v1/platform/jobs/{id}")).ok();
        assert_eq!(job["status"], "running", "{job}");
        let cancelled = s.act(&format!("/v1/platform/jobs/{id}/cancel"), &job["version"], json!({})).ok();
        assert_eq!((&cancelled["status"], &cancelled["cancel_requested"]), (&json!("running"), &json!(true)));
        // its worker dies too; the next one only has to end it
        by_hand(s, "UPDATE jobs SET leased_until = created_at");
        assert_eq!(ended(s, &id)["status"], "cancelled");
    }

    fn a_job_of_another_does_not_exist_whatever_version_is_given(s) {
        let job = start(s);
        let other = crate::fixtures::user_with(s, &["platform.*"], &[s.company_id()]);
        let path = format!("/v1/platform/jobs/{}", job["id"].as_str().unwrap());
        let asked = |version: i64| {
            let mut problem = other.act(&format!("{path}/cancel"), version, json!({})).problem(404, "not_found");
            problem.as_object_mut().unwrap().remove("request_id");
            problem
        };
        other.get(&path).problem(404, "not_found");
        assert_eq!(asked(1), asked(99));
    }

    fn jobs_tell_what_happens_to_them(s) {
        let id = start(s)["id"].as_str().unwrap().to_string();
        ended(s, &id);
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        let told = db.read(|c| sql!("SELECT kind FROM events WHERE subject = {} ORDER BY id", &id).load::<(String,)>(c)).unwrap();
        assert_eq!(told.into_iter().map(|r| r.0).collect::<Vec<_>>(), ["job.created", "job.started", "job.succeeded"]);
    }
}

/// Jobs of kinds that only these tests know, without a server around them.
mod kinds {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use domain::Event;
    use domain::ids::JobId;
    use domain::kernel::Id;
    use domain::platform::jobs::{Job, JobStatus};
    use persistence::record;
    use platform::platform::jobs;
    use platform::questions::Questions;
    use platform::table::Table;
    use platform::work::{Work, Workers};
    use platform::{App, AppConfig, Caller, Clock, Reactions};

    use super::*;
    use crate::platform::Ground;

    fn app(d: &Ground, replica: bool) -> Arc<App> {
        let mut table = Table::default();
        table.work("walk", walk);
        table.work("panic", |_| panic!("on purpose"));
        table.work("refuse", |_| Err(domain::kernel::problems::invalid_state.with("not today")));
        table.work("mark", mark);
        table.long_work("long walk", walk);
        table.work("unavailable", |_| Err(domain::kernel::problems::unavailable.with("nobody is there")));
        let database = if replica { d.replica() } else { d.db.clone() };
        let table = Arc::new(table.finish());
        let config =
            AppConfig { table, database, reactions: Reactions::default(), questions: Questions::default(), clock: Clock::default() };
        App::new(config).unwrap()
    }

    /// Walks step by step, and remembers where it is and how often it began.
    fn walk(work: &mut Work) -> domain::Result<Value> {
        let steps = work.input::<Value>()?["steps"].as_i64().unwrap();
        let mut state = work.state().clone();
        let (at, began) = (state["at"].as_i64().unwrap_or(0), state["began"].as_i64().unwrap_or(0) + 1);
        for i in at..steps {
            work.step(i, Some(steps))?;
            std::thread::sleep(Duration::from_millis(15));
            state = json!({"at": i + 1, "began": began});
            work.remember(state.clone())?;
        }
        Ok(state)
    }

    /// Leaves a fact in the name of its owner.
    fn mark(work: &mut Work) -> domain::Result<Value> {
        let subject = work.input::<Value>()?["subject"].as_str().unwrap().to_string();
        let (app, caller) = (work.app().clone(), work.caller().clone());
        app.write(&caller, move |cx| {
            let data = json!({});
            cx.emit(Event {
                kind: "test.marked".into(),
                subject: subject.clone(),
                company: None,
                party: None,
                version: 1,
                data,
                previous: None,
            });
            Ok(())
        })?;
        Ok(json!({}))
    }

    fn begin(app: &Arc<App>, kind: &'static str, input: Value) -> JobId {
        let ann = Arc::new(Caller { id: "usr_ann".into(), name: "Ann".into(), ..Caller::system() });
        app.write(&ann, move |cx| jobs::start(cx, kind, &input)).unwrap().id
    }

    fn look(app: &Arc<App>, id: JobId) -> Job {
        app.db.read(|c| record::find::<Job>(c, id.uuid())).unwrap().unwrap()
    }

    fn until(app: &Arc<App>, id: JobId, holds: impl Fn(&Job) -> bool) -> Job {
        let began = Instant::now();
        loop {
            let job = look(app, id);
            if holds(&job) {
                return job;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "it does not come to that: {job:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    each_database! {
        fn a_job_goes_on_after_a_restart_where_it_was(d) {
            let app = app(d, false);
            let id = begin(&app, "walk", json!({"steps": 20}));
            let first = Workers::start(&app, 1).unwrap();
            until(&app, id, |j| j.state["at"].as_i64() > Some(3));
            drop(first);
            let waiting = look(&app, id);
            assert_eq!((waiting.status, waiting.attempts, &waiting.lease), (JobStatus::Queued, 0, &None));
            let _second = Workers::start(&app, 1).unwrap();
            let done = until(&app, id, |j| j.status.is_final());
            assert_eq!(done.result, Some(json!({"at": 20, "began": 2})));
            assert_eq!((done.progress.done, done.progress.total), (20, Some(20)));
        }

        fn a_running_job_ends_at_its_next_step_when_it_is_cancelled(d) {
            let app = app(d, false);
            let _workers = Workers::start(&app, 1).unwrap();
            let id = begin(&app, "walk", json!({"steps": 100000}));
            until(&app, id, |j| j.state["at"].as_i64() > Some(1));
            d.run(sql!("UPDATE jobs SET cancel_requested = {}", true)).unwrap();
            let ended = until(&app, id, |j| j.status.is_final());
            assert_eq!((ended.status, ended.result), (JobStatus::Cancelled, None));
        }

        fn a_job_that_fails_or_panics_says_why(d) {
            let app = app(d, false);
            let _workers = Workers::start(&app, 1).unwrap();
            for (kind, code) in [("refuse", "invalid_state"), ("panic", "internal")] {
                let id = begin(&app, kind, json!({}));
                let ended = until(&app, id, |j| j.status.is_final());
                assert_eq!((ended.status, &*ended.error.unwrap().code), (JobStatus::Failed, code));
            }
        }

        fn each_job_is_worked_off_once_whoever_looks_for_it(d) {
            let apps = [app(d, false), app(d, true)];
            let ids: Vec<JobId> = (0..24).map(|i| begin(&apps[i % 2], "mark", json!({"subject": format!("s{i}")}))).collect();
            let _workers: Vec<Workers> = apps.iter().map(|a| Workers::start(a, 3).unwrap()).collect();
            for id in ids {
                assert_eq!(until(&apps[0], id, |j| j.status.is_final()).status, JobStatus::Succeeded);
            }
            let marks = d.db.read(|c| sql!("SELECT subject, actor FROM events WHERE kind = 'test.marked'").load::<(String, String)>(c)).unwrap();
            assert_eq!(marks.len(), 24);
            assert!(marks.iter().all(|(_, actor)| actor == "usr_ann"), "a job acts in the name of its owner");
            assert_eq!(marks.into_iter().map(|m| m.0).collect::<BTreeSet<_>>().len(), 24);
        }

        fn what_takes_long_holds_up_only_its_like(d) {
            let app = app(d, false);
            let _workers = Workers::start(&app, 1).unwrap();
            let (long, next) = (begin(&app, "long walk", json!({"steps": 100000})), begin(&app, "long walk", json!({"steps": 1})));
            until(&app, long, |j| j.state["at"].as_i64() > Some(1));
            let short = begin(&app, "walk", json!({"steps": 2}));
            assert_eq!(until(&app, short, |j| j.status.is_final()).status, JobStatus::Succeeded);
            assert_eq!((look(&app, long).status, look(&app, next).status), (JobStatus::Running, JobStatus::Queued));
        }

        fn what_waits_for_something_that_is_not_there_uses_up_no_attempts(d) {
            let app = app(d, false);
            let _workers = Workers::start(&app, 1).unwrap();
            let id = begin(&app, "unavailable", json!({}));
            let waiting = until(&app, id, |j| j.error.is_some());
            assert_eq!((waiting.status, waiting.attempts, &*waiting.error.unwrap().code), (JobStatus::Queued, 0, "unavailable"));
            assert!(waiting.leased_until.is_some());
        }

        /// A replica whose clock is a minute ahead must not take what another works on.
        fn a_lease_is_good_by_the_clock_of_the_database(d) {
            let app = app(d, false);
            let first = Workers::start(&app, 1).unwrap();
            let id = begin(&app, "walk", json!({"steps": 100000}));
            let held = until(&app, id, |j| j.lease.is_some());
            let now = d.db.read(persistence::now).unwrap();
            let left = held.leased_until.unwrap() - now;
            assert!(left > chrono::TimeDelta::seconds(5) && left <= chrono::TimeDelta::seconds(20), "{left}");
            let other = d.replica();
            assert!(!other.read(|c| persistence::platform::jobs::waiting(c, &["walk".to_string()])).unwrap());
            drop(first);
        }

        fn a_job_of_a_kind_that_nobody_knows_is_refused_at_once(d) {
            let app = app(d, false);
            let said = app.write(&Arc::new(Caller::system()), |cx| jobs::start(cx, "none", &json!({})));
            assert!(said.is_err());
        }
    }
}
