//! Operations on scoring models. What a model makes of a lead is in [`crate::crm::leads::scores`].

use domain::crm::lead_scoring_models::prediction;
use domain::crm::lead_scoring_models::prediction::{FitPrediction, NO_FIT, WRONG_ROW};
use domain::crm::lead_scoring_models::*;
use domain::crm::leads::Lead;
use domain::crm::leads::scores::ScoringSimulation;
use domain::ids::{LeadId, LeadScoringModelId};
use persistence::crm::lead_scoring_models as rows;
use persistence::crm::leads::take_turns_on;
use platform::prelude::*;

use crate::crm::leads::scores;

/// Leads of a simulation at most.
const MOST_LEADS: i64 = 100;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<LeadScoringModel>("crm/lead-scoring-models", "How much it is worth to follow a lead up: rules and grades, in versions.");
    n.list("List scoring models.").filter(&["status", "model_version"]).sort(&["model_version"]);
    n.create(create, CREATE).fails(REFUSALS);
    n.read("Get a scoring model.");
    n.update(update, "Change a draft of a scoring model. Active and retired ones do not change.").fails(REFUSALS).fails(&[NOT_A_DRAFT]);
    n.delete(delete, "Delete a draft of a scoring model.").fails(&[NOT_A_DRAFT]);
    n.action("activate", activate, ACTIVATE).fails(&[NOT_A_DRAFT, EMPTY]);
    n.command_on::<SimulateScoring, ScoringSimulation>("simulate", simulate, SIMULATE).fails(&[problems::amount_out_of_range]);
    let fit = t.command("fit_lead_prediction", "crm/lead-scoring-models/fit", |_, asked: FitPrediction| prediction::fit(&asked), FIT);
    fit.read_only().max_body(16 << 20).fails(&[NO_FIT, WRONG_ROW]).tag = "crm/lead-scoring-models".into();
}

const CREATE: &str = "Create a scoring model, as a draft and the next version of the company. Fit rules give points for what a lead is, \
engagement rules for what it does, fading with a half-life and within a cap; points below zero speak against it.";
const ACTIVATE: &str = "Activate a scoring model. It scores the leads of the company from now on, and the one before retires. Leads \
are scored by it at their next touch or change, or all at once by `POST /v1/crm/leads/rescore`.";
const SIMULATE: &str = "Try a scoring model on leads. Nothing is kept: the answer says what each lead would score, by which rules, and \
how many leads each grade would have.";

const FIT: &str = "Fit a predictive model to cases of the past. A logistic regression on the rows to learn from, judged on rows held \
back. Nothing is stored: the weights show which attributes deserve points, and how many.";

fn create(cx: &mut Cx, new: NewLeadScoringModel) -> Result<LeadScoringModel> {
    let company = cx.company(new.company_id)?;
    take_turns_on(cx.db(), vec![format!("scoring:{}", company.id)])?;
    let number = rows::latest_version(cx.db(), company.id)? + 1;
    let model = LeadScoringModel::new(cx.new_id(), number, new, cx.now)?;
    cx.create(model)
}

fn update(cx: &mut Cx, id: LeadScoringModelId, patch: LeadScoringModelPatch) -> Result<LeadScoringModel> {
    let before = cx.load_for_update::<LeadScoringModel>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: LeadScoringModelId) -> Result<()> {
    let model = cx.load_for_update::<LeadScoringModel>(id)?;
    model.must_be_a_draft()?;
    cx.remove(model)
}

fn activate(cx: &mut Cx, id: LeadScoringModelId) -> Result<LeadScoringModel> {
    let draft = cx.load_for_update::<LeadScoringModel>(id)?;
    let after = draft.clone().activate(cx.now)?;
    // Two drafts that are activated at once: the second retires the first.
    take_turns_on(cx.db(), vec![format!("scoring:{}", draft.company_id)])?;
    if let Some(found) = rows::active(cx.db(), draft.company_id)? {
        let before = cx.load_for_update::<LeadScoringModel>(found.id)?;
        let retired = before.clone().retire(cx.now);
        cx.save(&before, retired, "retired")?;
    }
    cx.save(&draft, after, "activated")
}

fn simulate(cx: &mut Cx, id: LeadScoringModelId, on: SimulateScoring) -> Result<ScoringSimulation> {
    let model = cx.load_for_update::<LeadScoringModel>(id)?;
    let leads = match on.lead_ids {
        None => rows::newest_leads(cx.db(), model.company_id, MOST_LEADS)?,
        Some(ids) => named(cx, &model, &ids)?,
    };
    let mut scores = scores::all(cx, &model, &leads)?;
    scores.sort_by(|a, b| b.score.cmp(&a.score).then(a.lead_id.cmp(&b.lead_id)));
    let grades = model.spread(&scores);
    Ok(ScoringSimulation { model_id: id, model_version: model.model_version, scores, grades })
}

fn named(cx: &mut Cx, model: &LeadScoringModel, ids: &[LeadId]) -> Result<Vec<Lead>> {
    let found = cx.find_all::<Lead>(ids)?;
    let mut wrong = Vec::new();
    for (i, id) in ids.iter().enumerate() {
        if !found.iter().any(|l| l.id == *id && l.company_id == model.company_id) {
            wrong.push(FieldError::body(format!("/lead_ids/{i}"), problems::unknown_reference.code, "The company has no such lead."));
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(problems::unknown_reference.at(wrong)) }
}
