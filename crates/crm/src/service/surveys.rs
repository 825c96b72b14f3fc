//! Operations on surveys. A customer answers with a signed link and without an account.

use chrono::Days;
use domain::directory::companies::Company;
use domain::ids::SurveyId;
use domain::service::cases::Case;
use domain::service::surveys::*;
use persistence::service::surveys as rows;
use platform::prelude::*;
use platform::signed;

/// What the links are for.
const PURPOSE: &str = "survey";

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Survey>("service/surveys", "What customers are asked after a case: satisfaction, recommendation, effort.");
    n.list("List surveys.").filter(&["kind", "name"]).sort(&["name"]);
    n.create(create, "Create a survey.");
    n.read("Get a survey.");
    n.update(update, "Change a survey. Its kind stays.").fails(&[ARCHIVED]);
    n.action("archive", archive, "Archive a survey. It sends no more invitations; invitations already sent can still be answered.")
        .fails(&[ARCHIVED]);
    n.command_on::<InviteToSurvey, SurveyInvitation>("invite", invite, INVITE)
        .fails(&[ARCHIVED, ALREADY_INVITED, CASE_NOT_RESOLVED])
        .shown_once(&["token"]);
    n.view("results", results, RESULTS).counts_visible();

    let mut n = t.noun::<SurveyResponse>("service/survey-responses", "Answers of customers to surveys, asked for or given.");
    n.seen_by(|cx| cx.leading_to_visible(SurveyResponse::TABLE, &[("case_id", Case::TABLE)]));
    n.list("List answers to surveys.")
        .filter(&["survey_id", "case_id", "party_id", "agent_id", "score", "responded_at"])
        .flag("is_answered", "Only rows with an answer, or those that are only asked for.", rows::is_answered)
        .sort(&["score", "responded_at"])
        .expand::<Case>("case", "case_id");
    n.read("Get an answer to a survey.").expand::<Case>("case", "case_id");
    t.report("service/survey-forms", form, FORM).public().fails(signed::REFUSALS);
    t.command("respond_to_survey", "service/survey-responses/respond", respond, RESPOND)
        .public()
        .fails(signed::REFUSALS)
        .fails(&[SCORE_OUT_OF_RANGE, ALREADY_ANSWERED]);
}

const INVITE: &str = "Ask the customer of a resolved case. The answer holds the token of a link, to be sent to the customer; a survey asks \
about a case once, and the link answers once.";
const RESULTS: &str = "Get the results of a survey: satisfied answers in percent (CSAT), promoters less detractors in percent (NPS), or the \
mean score (CES). They are not shown while there are fewer answers than the survey asks for.";
const FORM: &str = "Get what a customer is asked. The token of the invitation is all that is needed.";
const RESPOND: &str = "Answer a survey. The token of the invitation is all that is needed; it answers once.";

fn create(cx: &mut Cx, new: NewSurvey) -> Result<Survey> {
    cx.company(new.company_id)?;
    let made = Survey::new(cx.new_id(), new, cx.now)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: SurveyId, patch: SurveyPatch) -> Result<Survey> {
    let before = cx.load_for_update::<Survey>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn archive(cx: &mut Cx, id: SurveyId) -> Result<Survey> {
    let before = cx.load_for_update::<Survey>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn invite(cx: &mut Cx, id: SurveyId, about: InviteToSurvey) -> Result<SurveyInvitation> {
    let survey = cx.load_for_update::<Survey>(id)?;
    let case = cx.refer::<Case>("/case_id", about.case_id)?;
    if case.company_id != survey.company_id {
        return Err(problems::unknown_reference.field("/case_id", "The case belongs to another company."));
    }
    let asked = survey.invite(cx.new_id(), &case, cx.now)?;
    let asked = cx.create_as(asked, "invited").map_err(|p| match p.code() == problems::already_exists {
        true => ALREADY_INVITED.with(format!("{} was asked about.", case.number)),
        false => p,
    })?;
    let token = signed::sign(cx, PURPOSE, &asked.id.to_string(), Some(asked.expires_at))?;
    Ok(SurveyInvitation { survey_response_id: asked.id, token: Some(token), expires_at: asked.expires_at })
}

fn results(cx: &mut Cx, id: SurveyId, asked: SurveyResultsQuery) -> Result<SurveyResults> {
    let survey = cx.find::<Survey>(id)?;
    let company = cx.find::<Company>(survey.company_id)?;
    let midnight = |day| company.start_of(day);
    let before = asked.to_date.and_then(|d| d.checked_add_days(Days::new(1))).map(midnight);
    let bounds = match survey.kind {
        SurveyKind::Csat => (4, 0),
        SurveyKind::Nps => (9, 6),
        SurveyKind::Ces => (8, 0),
    };
    let cases = cx.counted_rows_as::<Case>("c")?;
    let tally = rows::tally(cx.db(), id, &cases, bounds, asked.from_date.map(midnight), before, asked.agent_id)?;
    let mut drill_down = format!("/v1/service/survey-responses?survey_id={id}&is_answered=true");
    if let Some(from) = asked.from_date.map(midnight) {
        drill_down.push_str(&format!("&responded_at_gte={}", from.format("%Y-%m-%dT%H:%M:%SZ")));
    }
    if let Some(before) = before {
        drill_down.push_str(&format!("&responded_at_lt={}", before.format("%Y-%m-%dT%H:%M:%SZ")));
    }
    if let Some(agent) = asked.agent_id {
        drill_down.push_str(&format!("&agent_id={agent}"));
    }
    survey.results(tally, drill_down)
}

/// The answer that a link asks for, with its survey.
fn behind(cx: &mut Cx, token: &str, to_change: bool) -> Result<(SurveyResponse, Survey)> {
    let subject = signed::open(cx, PURPOSE, token)?;
    let id = subject.parse().map_err(|_| signed::LINK_INVALID)?;
    Ok(rows::behind_link(cx.db(), id, to_change)?.ok_or(signed::LINK_INVALID)?)
}

fn form(cx: &mut Cx, asked: SurveyToken) -> Result<SurveyForm> {
    let (response, survey) = behind(cx, &asked.link, false)?;
    let (lowest_score, highest_score) = survey.kind.scores();
    Ok(SurveyForm {
        kind: survey.kind,
        question: survey.question,
        case_number: rows::case_number(cx.db(), &response)?.unwrap_or_default(),
        lowest_score,
        highest_score,
        is_answered: response.responded_at.is_some(),
    })
}

fn respond(cx: &mut Cx, with: RespondToSurvey) -> Result<SurveyThanks> {
    let (before, survey) = behind(cx, &with.token, true)?;
    let after = before.clone().answer(survey.kind, with, cx.now)?;
    cx.save(&before, after, "responded")?;
    Ok(SurveyThanks { responded_at: cx.now })
}
