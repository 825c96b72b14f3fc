//! Rows of surveys and of the answers to them.

use chrono::{DateTime, Utc};
use domain::ids::{SurveyId, SurveyResponseId, UserId};
use domain::kernel::Id;
use domain::service::surveys::{Survey, SurveyResponse, Tally};

use crate::personal::{Personal, To, by, null};
use crate::reference::{OnMerge, Reference};
use crate::{Condition, Conn, Result, Statement, record, sql};

crate::record! {
    surveys: Survey {
        id: uid, company_id: uid, kind: word, name: text, question: text, least_responses: small, answer_days: small,
        archived_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
}
crate::record! {
    survey_responses: SurveyResponse {
        id: uid, survey_id: uid, company_id: uid, case_id: uid, party_id: opt(uid), contact_id: opt(uid), agent_id: opt(uid),
        expires_at: instant, score: opt(small), comment: opt(text), responded_at: opt(instant), created_at: instant, updated_at: instant,
        version: int,
    }
}

/// Answers that were given, or those that are only asked for.
pub fn is_answered(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("responded_at", !wanted)
}

/// The answer behind a link, with its survey; `to_change` locks it until the transaction ends. Whoever holds the link is
/// let in by it and not by a grant on the company.
pub fn behind_link(db: &mut Conn, id: SurveyResponseId, to_change: bool) -> Result<Option<(SurveyResponse, Survey)>> {
    let found = match to_change {
        true => record::find_to_change::<SurveyResponse>(db, id.uuid())?,
        false => record::find::<SurveyResponse>(db, id.uuid())?,
    };
    let Some(response) = found else { return Ok(None) };
    let survey = record::find::<Survey>(db, response.survey_id.uuid())?;
    Ok(survey.map(|s| (response, s)))
}

/// The number of the case behind a link.
pub fn case_number(db: &mut Conn, response: &SurveyResponse) -> Result<Option<String>> {
    let found = sql!("SELECT number FROM cases WHERE id = {}", response.case_id.uuid());
    Ok(found.first::<(String,)>(db)?.map(|r| r.0))
}

/// The answers to a survey about cases `c` that meet the condition, counted: `high` and `low` are scores from and up to these.
pub fn tally(
    db: &mut Conn,
    survey: SurveyId,
    cases: &Statement,
    (high, low): (i64, i64),
    from: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
    agent: Option<UserId>,
) -> Result<Tally> {
    let mut counted = sql!(
        "SELECT COUNT(*), COALESCE(SUM(score), 0), COALESCE(SUM(CASE WHEN score >= {} THEN 1 ELSE 0 END), 0), \
         COALESCE(SUM(CASE WHEN score <= {} THEN 1 ELSE 0 END), 0) FROM survey_responses WHERE survey_id = {} AND responded_at IS NOT NULL",
        high,
        low,
        survey.uuid()
    );
    counted.sql(" AND EXISTS (SELECT 1 FROM cases c WHERE c.id = survey_responses.case_id AND ").append(cases.clone()).sql(")");
    if let Some(from) = from {
        counted.append(sql!(" AND responded_at >= {}", from));
    }
    if let Some(before) = before {
        counted.append(sql!(" AND responded_at < {}", before));
    }
    if let Some(agent) = agent {
        counted.append(sql!(" AND agent_id = {}", agent.uuid()));
    }
    let row = counted.first::<(i64, i64, i64, i64)>(db)?.unwrap_or_default();
    Ok(Tally { responses: row.0, sum: row.1, high: row.2, low: row.3 })
}

/// What `survey_responses` holds of a person.
pub const RESPONSES: Personal = Personal::of::<SurveyResponse>()
    .ways(&[by("case_id", To::Row("cases")), by("contact_id", To::Contact), by("party_id", To::Party)])
    .columns(&[null("comment")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_party::<SurveyResponse>("party_id", OnMerge::Follow),
    Reference::to_contact::<SurveyResponse>("contact_id", OnMerge::Follow),
];
