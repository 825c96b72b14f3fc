//! Scores of leads: asked for, kept beside the lead, and computed anew for all leads of a company by a job. A change of
//! the grade is told once, when it is noticed; the clock notices what fades while nobody looks.

use chrono::TimeDelta;
use domain::crm::lead_scoring_models::{LeadScoringModel, NONE_ACTIVE, RescoreLeads};
use domain::crm::leads::scores::LeadScore;
use domain::crm::leads::{Lead, LeadStatus};
use domain::ids::{CompanyId, LeadId};
use domain::platform::jobs::Job;
use persistence::RETRY;
use persistence::crm::lead_scoring_models as rows;
use platform::platform::jobs;
use platform::prelude::*;
use platform::table::NoFilter;
use platform::work::Work;
use serde_json::{Value, json};

const KIND: &str = "lead_rescoring";
/// Leads of one transaction of the job.
const BATCH: i64 = 100;
/// Leads that the clock looks at in one go; more come with the next.
const LOOK: i64 = 200;
/// The clock looks at a lead at most so often.
const REST: TimeDelta = TimeDelta::hours(1);
/// Changes of the grade in one answer at most.
const MOST_CHANGES: i64 = 20;

pub fn operations(t: &mut Table) {
    t.long_work(KIND, run);
    t.each("crm.leads.regrade", TimeDelta::minutes(1), LOOK, to_regrade, regrade);
    t.job("rescore_leads", "crm/leads/rescore", start, RESCORE).fails(&[NONE_ACTIVE]).tag = "crm/leads".into();
}

const RESCORE: &str = "Score all open leads of a company anew, in batches. Scores decay with time by themselves, and changes of the grade are noticed within hours; this keeps the figures in lists up to date at once, also of leads that were \
never scored. The result of the job has \
`examined`, `changed` and `regraded`.";

/// The text of the operation on one lead.
pub const SCORE: &str = "Get the score of a lead. It is computed for this moment by the active model of the company, with the rules \
that gave or took points and what its events still count.";

fn model_of(cx: &mut Cx, company: CompanyId) -> Result<LeadScoringModel> {
    rows::active(cx.db(), company)?.ok_or_else(|| NONE_ACTIVE.with("Activate a scoring model first."))
}

/// The score of a lead as of now.
pub fn of_lead(cx: &mut Cx, id: LeadId, _: NoFilter) -> Result<LeadScore> {
    let lead = cx.find::<Lead>(id)?;
    let model = model_of(cx, lead.company_id)?;
    let mut score = one(cx, &model, &lead)?;
    score.grade_changes = rows::changes(cx.db(), id, MOST_CHANGES)?;
    Ok(score)
}

fn one(cx: &mut Cx, model: &LeadScoringModel, lead: &Lead) -> Result<LeadScore> {
    let events = rows::engagements(cx.db(), &[lead.id])?;
    model.score(lead, events.get(&lead.id).map(Vec::as_slice).unwrap_or_default(), cx.now)
}

/// The scores of these leads by a model, as of now.
pub fn all(cx: &mut Cx, model: &LeadScoringModel, leads: &[Lead]) -> Result<Vec<LeadScore>> {
    let events = rows::engagements(cx.db(), &leads.iter().map(|l| l.id).collect::<Vec<_>>())?;
    leads.iter().map(|l| model.score(l, events.get(&l.id).map(Vec::as_slice).unwrap_or_default(), cx.now)).collect()
}

/// The lead with its score as of now, when its company has a model. Converted leads keep the score they had.
pub fn renew(cx: &mut Cx, lead: Lead) -> Result<Lead> {
    let Some(model) = rows::active(cx.db(), lead.company_id)? else { return Ok(lead) };
    if lead.status == LeadStatus::Converted {
        return Ok(lead);
    }
    let score = one(cx, &model, &lead)?;
    keep(cx, lead, &score).map(|(lead, _)| lead)
}

/// What became of a lead whose score was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Same,
    Moved,
    Regraded,
}

/// Keeps a score that differs from the one before. A lead is locked here or its version was just counted, so of two who
/// notice the same change only one tells it.
fn keep(cx: &mut Cx, before: Lead, score: &LeadScore) -> Result<(Lead, Kept)> {
    let known = (before.score, &before.grade, before.scoring_model_version);
    if known == (Some(score.score), &score.grade, Some(score.model_version)) {
        return Ok((before, Kept::Same));
    }
    let (mut after, regraded) = before.clone().scored(score.score, score.grade.clone(), score.model_version, cx.now);
    if regraded {
        let after = cx.save(&before, after, "scored")?;
        let (id, now) = (cx.new_id::<LeadId>().uuid(), cx.now);
        rows::note_change(cx.db(), id, before.grade.as_deref(), &after, now)?;
        return Ok((after, Kept::Regraded));
    }
    after.bump(cx.now);
    match rows::store_quietly(cx.db(), &after)? {
        true => Ok((after, Kept::Moved)),
        false => Err(RETRY.with("Somebody else changed it at the same time.")),
    }
}

fn start(cx: &mut Cx, what: RescoreLeads) -> Result<Job> {
    cx.company(what.company_id)?;
    model_of(cx, what.company_id)?;
    jobs::start(cx, KIND, &what)
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    after: Option<LeadId>,
    examined: i64,
    changed: i64,
    regraded: i64,
}

impl Progress {
    fn of(state: &Value) -> Self {
        let count = |name: &str| state[name].as_i64().unwrap_or_default();
        let after = state["after"].as_str().and_then(|id| id.parse().ok());
        Self { after, examined: count("examined"), changed: count("changed"), regraded: count("regraded") }
    }
    fn json(&self) -> Value {
        json!({ "after": self.after, "examined": self.examined, "changed": self.changed, "regraded": self.regraded })
    }
}

fn run(work: &mut Work) -> Result<Value> {
    let company = work.input::<RescoreLeads>()?.company_id;
    let mut progress = Progress::of(work.state());
    let (app, caller) = (work.app().clone(), work.caller().clone());
    loop {
        let (next, last) = app.write(&caller, move |cx| batch(cx, company, progress))?;
        progress = next;
        work.step(progress.examined, None)?;
        work.remember(progress.json())?;
        if last {
            return Ok(json!({ "examined": progress.examined, "changed": progress.changed, "regraded": progress.regraded }));
        }
    }
}

/// Scores the next leads; whether they were the last.
fn batch(cx: &mut Cx, company: CompanyId, mut progress: Progress) -> Result<(Progress, bool)> {
    let ids = rows::open_leads(cx.db(), company, progress.after, BATCH)?;
    let model = model_of(cx, company)?;
    let mut leads = Vec::with_capacity(ids.len());
    for id in &ids {
        leads.push(cx.load_for_update::<Lead>(*id)?);
    }
    let scores = all(cx, &model, &leads)?;
    for (lead, score) in leads.into_iter().zip(&scores) {
        progress.after = Some(lead.id);
        progress.examined += 1;
        if lead.status == LeadStatus::Converted {
            continue;
        }
        let (_, kept) = keep(cx, lead, score)?;
        progress.changed += i64::from(kept != Kept::Same);
        progress.regraded += i64::from(kept == Kept::Regraded);
    }
    Ok((progress, (ids.len() as i64) < BATCH))
}

/// Leads whose scores were not looked at for a while.
fn to_regrade(cx: &mut Cx, limit: i64) -> Result<Vec<LeadId>> {
    let before = cx.now - REST;
    Ok(rows::to_regrade(cx.db(), before, limit)?)
}

/// Notices a change of the grade that came with time.
fn regrade(cx: &mut Cx, id: LeadId) -> Result<()> {
    let now = cx.now;
    let lead = cx.find::<Lead>(id)?;
    if let Some(model) = rows::active(cx.db(), lead.company_id)?
        && lead.grade != one(cx, &model, &lead)?.grade
    {
        let lead = cx.load_for_update::<Lead>(id)?;
        let score = one(cx, &model, &lead)?;
        if lead.status != LeadStatus::Converted && lead.grade != score.grade {
            keep(cx, lead, &score)?;
        }
    }
    Ok(rows::looked_at(cx.db(), &[id], now)?)
}
