//! A calendar that gets other hours or holidays moves what is not due yet of the cases that count by it. That may be many
//! cases of many companies, so a job does it, a few at a time, in the name of the program.

use std::sync::Arc;

use domain::ids::{CalendarId, CaseId, SlaPolicyVersionId};
use domain::platform::business_time::OUT_OF_REACH;
use domain::platform::calendars::Calendar;
use domain::service::cases::Case;
use persistence::service::{cases as rows, sla_policies};
use platform::platform::jobs;
use platform::prelude::*;
use platform::work::Work;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::clocks;

/// The job.
const RECOUNT: &str = "case_recount";
/// Cases of one transaction.
const BATCH: i64 = 100;

pub(crate) fn operations(t: &mut Table) {
    t.work(RECOUNT, recount);
}

/// What the job is asked with.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    calendar_id: CalendarId,
}

/// A calendar was changed. Its name alone moves nothing.
pub fn calendar_changed(cx: &mut Cx, event: &Event) -> Result<()> {
    let Ok(id) = event.subject.parse::<CalendarId>() else { return Ok(()) };
    let members = ["time_zone", "working_hours", "holidays"];
    let moved = event.previous.as_ref().is_none_or(|before| members.iter().any(|m| before.get(m) != event.data.get(m)));
    if moved && !sla_policies::counting_by(cx.db(), id)?.is_empty() {
        jobs::start(cx, RECOUNT, &Asked { calendar_id: id })?;
    }
    Ok(())
}

fn recount(work: &mut Work) -> Result<Value> {
    let id = work.input::<Asked>()?.calendar_id;
    let (app, caller) = (work.app().clone(), Arc::new(Caller::system()));
    let (mut seen, mut moved) = (0, 0);
    for terms in app.read(&caller, |cx| Ok(sla_policies::counting_by(cx.db(), id)?))? {
        let mut after = Uuid::nil();
        while let Some((last, cases, changed)) = app.write(&caller, move |cx| batch(cx, terms, after))? {
            (after, seen, moved) = (last, seen + cases, moved + changed);
            work.step(seen, None)?;
        }
    }
    Ok(json!({ "cases": seen, "moved": moved }))
}

/// The next cases under these terms: the last of them, how many they were and how many are due at another time now.
fn batch(cx: &mut Cx, terms: SlaPolicyVersionId, after: Uuid) -> Result<Option<(Uuid, i64, i64)>> {
    let found = rows::running_under(cx.db(), terms, after, BATCH)?;
    let Some(last) = found.last().copied() else { return Ok(None) };
    let cases = found.len() as i64;
    let version = sla_policies::version(cx.db(), terms)?.ok_or(problems::internal)?;
    let hours = cx.find::<Calendar>(version.calendar_id)?.hours()?;
    let terms = domain::service::sla_policies::clocks::Terms { version, hours };
    let mut moved = 0;
    for id in found {
        moved += i64::from(one(cx, id, &terms)?);
    }
    Ok(Some((last.uuid(), cases, moved)))
}

/// Recounts a case; whether that changed anything.
fn one(cx: &mut Cx, id: CaseId, terms: &domain::service::sla_policies::clocks::Terms) -> Result<bool> {
    let before = cx.load_for_update::<Case>(id)?;
    let after = match before.clone().recounted(terms, cx.now) {
        Ok(after) => after,
        // with so little time left nothing would ever be due: it stays due when it was
        Err(p) if p.code() == OUT_OF_REACH => return Ok(false),
        Err(p) => return Err(p),
    };
    if after.clocks == before.clocks {
        return Ok(false);
    }
    let after = Case { updated_at: cx.now, ..after };
    clocks::save(cx, &before, after, "sla_recounted")?;
    Ok(true)
}
