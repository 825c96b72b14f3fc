//! Surveys: how satisfied customers are (CSAT), whether they would recommend us (NPS), how much effort it took them
//! (CES). A case is asked about once, a link answers once, and few answers are not shown as a figure.

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{CaseId, CompanyId, ContactId, PartyId, SurveyId, SurveyResponseId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Code, Rate, Result, round_to};
use crate::service::cases::{Case, CaseStatus};

crate::words! {
    /// What a survey measures.
    pub enum SurveyKind {
        /// Satisfaction: scores 1 to 5; 4 and 5 are satisfied.
        Csat = "csat",
        /// Recommendation: scores 0 to 10; 9 and 10 promote, 0 to 6 detract.
        Nps = "nps",
        /// Effort: scores 1 (very hard) to 7 (very easy).
        Ces = "ces",
    }
}

/// The survey is archived and asks nobody.
pub const ARCHIVED: Code = Code::conflict("survey.archived", "The survey is archived.");
/// The case was asked about by this survey.
pub const ALREADY_INVITED: Code = Code::conflict("survey.already_invited", "The survey has asked about this case already.");
/// Only what is resolved is asked about, not every answer on the way.
pub const CASE_NOT_RESOLVED: Code = Code::conflict("survey.case_not_resolved", "Only resolved cases are asked about.");
/// The score is not one of the survey's kind.
pub const SCORE_OUT_OF_RANGE: Code = Code::invalid("survey.score_out_of_range", "The score is out of range.");
/// The link has been used.
pub const ALREADY_ANSWERED: Code = Code::conflict("survey.already_answered", "The survey was answered already.");

impl SurveyKind {
    /// The lowest and the highest score.
    pub fn scores(self) -> (i32, i32) {
        match self {
            Self::Csat => (1, 5),
            Self::Nps => (0, 10),
            Self::Ces => (1, 7),
        }
    }
}

/// A survey.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Survey {
    /// The id.
    pub id: SurveyId,
    /// The company that asks.
    pub company_id: CompanyId,
    /// What it measures.
    pub kind: SurveyKind,
    /// What it is called; once in a company.
    #[schema(max_length = 100, example = "After service")]
    pub name: String,
    /// What is asked.
    #[schema(max_length = 500, example = "How satisfied are you with our service?")]
    pub question: String,
    /// Answers below which results are not shown.
    #[schema(minimum = 1, maximum = 1000)]
    pub least_responses: i32,
    /// Days in which it can be answered.
    #[schema(minimum = 1, maximum = 365)]
    pub answer_days: i32,
    /// When it was archived.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Survey, SurveyId, "survey", company: |s| Some(s.company_id),
actions: |s| if s.archived_at.is_some() { vec![] } else { vec!["invite", "archive"] } }

/// A survey to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSurvey {
    /// The company that asks.
    pub company_id: CompanyId,
    /// What it measures. It cannot be changed later.
    pub kind: SurveyKind,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "After service")]
    pub name: String,
    /// What is asked.
    #[schema(min_length = 1, max_length = 500, example = "How satisfied are you with our service?")]
    pub question: String,
    /// Answers below which results are not shown; 5 when left out.
    #[serde(default = "five")]
    #[schema(minimum = 1, maximum = 1000)]
    pub least_responses: i32,
    /// Days in which it can be answered; 30 when left out.
    #[serde(default = "thirty")]
    #[schema(minimum = 1, maximum = 365)]
    pub answer_days: i32,
}

fn five() -> i32 {
    5
}
fn thirty() -> i32 {
    30
}

crate::patch! {
    /// Changes to a survey.
    pub struct SurveyPatch for Survey {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// What is asked.
        set question: String [min_length = 1, max_length = 500],
        /// Answers below which results are not shown.
        set least_responses: i32 [minimum = 1, maximum = 1000],
        /// Days in which it can be answered.
        set answer_days: i32 [minimum = 1, maximum = 365],
    }
}

/// What a customer is asked about.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteToSurvey {
    /// The case.
    pub case_id: CaseId,
}

/// An answer to a survey, asked for or given.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SurveyResponse {
    /// The id.
    pub id: SurveyResponseId,
    /// The survey.
    pub survey_id: SurveyId,
    /// The company that asked.
    pub company_id: CompanyId,
    /// The case it is about.
    pub case_id: CaseId,
    /// The customer.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The person at the customer.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The user who worked on the case when it was asked about.
    #[schema(required)]
    pub agent_id: Option<UserId>,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// The score; null until it is answered.
    #[schema(required, minimum = 0, maximum = 10)]
    pub score: Option<i32>,
    /// What the customer added.
    #[schema(required, max_length = 5000)]
    pub comment: Option<String>,
    /// When it was answered.
    #[schema(required)]
    pub responded_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { SurveyResponse, SurveyResponseId, "survey_response", company: |r| Some(r.company_id), party: |r| r.party_id }

/// An invitation, to be sent to the customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SurveyInvitation {
    /// The answer that is asked for.
    pub survey_response_id: SurveyResponseId,
    /// What lets the customer answer, once. It is shown here alone.
    #[schema(required, max_length = 400)]
    pub token: Option<String>,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
}

/// The token of an invitation.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SurveyToken {
    /// The token of the invitation.
    #[param(min_length = 40, max_length = 400, example = "AQAAAAEAAAAAAAAAAHN2cl8wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw")]
    pub link: String,
}

/// What the customer is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SurveyForm {
    /// What it measures.
    pub kind: SurveyKind,
    /// What is asked.
    #[schema(max_length = 500)]
    pub question: String,
    /// The number of the case it is about.
    #[schema(max_length = 40)]
    pub case_number: String,
    /// The lowest score.
    #[schema(minimum = 0, maximum = 1)]
    pub lowest_score: i32,
    /// The highest score.
    #[schema(minimum = 5, maximum = 10)]
    pub highest_score: i32,
    /// Whether it was answered.
    pub is_answered: bool,
}

/// The customer's answer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RespondToSurvey {
    /// The token of the invitation.
    #[schema(min_length = 40, max_length = 400, example = "AQAAAAEAAAAAAAAAAHN2cl8wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw")]
    pub token: String,
    /// The score.
    #[schema(minimum = 0, maximum = 10, example = 5)]
    pub score: i32,
    /// What the customer adds.
    #[serde(default)]
    #[schema(max_length = 5000)]
    pub comment: Option<String>,
}

/// What the customer hears of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SurveyThanks {
    /// When the answer was taken.
    pub responded_at: DateTime<Utc>,
}

/// Which answers count.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SurveyResultsQuery {
    /// Only answers of this day (in UTC) or later.
    pub from_date: Option<NaiveDate>,
    /// Only answers of this day (in UTC) or earlier.
    pub to_date: Option<NaiveDate>,
    /// Only cases of this user.
    pub agent_id: Option<UserId>,
}

/// Answers, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub responses: i64,
    pub sum: i64,
    /// NPS 9 and 10; CSAT 4 and 5.
    pub high: i64,
    /// NPS 0 to 6.
    pub low: i64,
}

/// The results of a survey. Figures are null while there are fewer answers than `least_responses`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SurveyResults {
    /// The survey.
    pub survey_id: SurveyId,
    /// What it measures.
    pub kind: SurveyKind,
    /// Answers that were given.
    #[schema(minimum = 0)]
    pub responses: i64,
    /// Whether there are too few answers for a figure.
    pub is_suppressed: bool,
    /// The figure: the share of satisfied answers in percent (CSAT), promoters less detractors in percent of all (NPS),
    /// the mean score (CES). Rounded half away from zero to two places.
    #[schema(required)]
    pub result: Option<Rate>,
    /// How the figure is made.
    #[schema(max_length = 300)]
    pub definition: String,
    /// What is divided.
    #[schema(required)]
    pub numerator: Option<i64>,
    /// What it is divided by.
    #[schema(required)]
    pub denominator: Option<i64>,
    /// NPS: answers of 9 and 10.
    #[schema(required)]
    pub promoters: Option<i64>,
    /// NPS: answers of 7 and 8.
    #[schema(required)]
    pub passives: Option<i64>,
    /// NPS: answers of 0 to 6.
    #[schema(required)]
    pub detractors: Option<i64>,
    /// The list of the answers behind it.
    #[schema(max_length = 300)]
    pub drill_down: String,
}

impl Survey {
    /// A new survey.
    pub fn new(id: SurveyId, new: NewSurvey, now: DateTime<Utc>) -> Result<Self> {
        let NewSurvey { company_id, kind, name, question, least_responses, answer_days } = new;
        let survey = Self {
            id,
            company_id,
            kind,
            name,
            question,
            least_responses,
            answer_days,
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        survey.tidied()
    }
    /// The survey with these changes.
    pub fn change(mut self, patch: SurveyPatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_ask()?;
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// It asks nobody from now on. Links that are out still answer.
    pub fn archive(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_ask()?;
        self.archived_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Asks about a case that is resolved or closed.
    pub fn invite(&self, id: SurveyResponseId, case: &Case, now: DateTime<Utc>) -> Result<SurveyResponse> {
        self.must_ask()?;
        if !matches!(case.status, CaseStatus::Resolved | CaseStatus::Closed) || case.merged_into_id.is_some() {
            return Err(CASE_NOT_RESOLVED.with(format!("{} is {}.", case.number, case.status)));
        }
        Ok(SurveyResponse {
            id,
            survey_id: self.id,
            company_id: self.company_id,
            case_id: case.id,
            party_id: case.party_id,
            contact_id: case.contact_id,
            agent_id: case.assignee_id,
            expires_at: now + TimeDelta::days(self.answer_days.into()),
            score: None,
            comment: None,
            responded_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }
    fn must_ask(&self) -> Result<()> {
        match self.archived_at {
            Some(_) => Err(ARCHIVED.with(format!("{} is archived.", self.name)).in_state("archived", &[])),
            None => Ok(()),
        }
    }
    fn tidied(mut self) -> Result<Self> {
        self.name = filled(&self.name, "/name")?;
        self.question = filled(&self.question, "/question")?;
        Ok(self)
    }
    /// The results of these answers, when there are enough of them.
    pub fn results(&self, tally: Tally, drill_down: String) -> Result<SurveyResults> {
        let (definition, numerator) = match self.kind {
            SurveyKind::Csat => ("100 × answers of 4 and 5 ÷ all answers", tally.high),
            SurveyKind::Nps => ("100 × (answers of 9 and 10 − answers of 0 to 6) ÷ all answers", tally.high - tally.low),
            SurveyKind::Ces => ("sum of scores ÷ all answers", tally.sum),
        };
        let shown = tally.responses >= i64::from(self.least_responses);
        let factor = if self.kind == SurveyKind::Ces { Decimal::ONE } else { Decimal::ONE_HUNDRED };
        let result = match shown {
            true => Some(Rate::try_from(round_to(factor * Decimal::from(numerator) / Decimal::from(tally.responses), 2))?),
            false => None,
        };
        let of_nps = |n: i64| (shown && self.kind == SurveyKind::Nps).then_some(n);
        Ok(SurveyResults {
            survey_id: self.id,
            kind: self.kind,
            responses: tally.responses,
            is_suppressed: !shown,
            result,
            definition: definition.into(),
            numerator: shown.then_some(numerator),
            denominator: shown.then_some(tally.responses),
            promoters: of_nps(tally.high),
            passives: of_nps(tally.responses - tally.high - tally.low),
            detractors: of_nps(tally.low),
            drill_down,
        })
    }
}

impl SurveyResponse {
    /// The customer answers, once.
    pub fn answer(mut self, kind: SurveyKind, with: RespondToSurvey, now: DateTime<Utc>) -> Result<Self> {
        if self.responded_at.is_some() {
            return Err(ALREADY_ANSWERED.into());
        }
        let (lowest, highest) = kind.scores();
        if !(lowest..=highest).contains(&with.score) {
            return Err(SCORE_OUT_OF_RANGE.field("/score", format!("A score from {lowest} to {highest}.")));
        }
        self.score = Some(with.score);
        self.comment = trimmed(with.comment);
        self.responded_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;
    use uuid::Uuid;

    fn survey(kind: &str) -> Survey {
        let new = json!({"company_id": CompanyId::from_uuid(Uuid::nil()), "kind": kind, "name": "S", "question": "Q?"});
        Survey::new(SurveyId::from_uuid(Uuid::nil()), serde_json::from_value(new).expect("readable"), DateTime::UNIX_EPOCH).expect("made")
    }

    #[test]
    fn figures_are_made_of_all_answers_and_few_are_not_shown() {
        for (kind, tally, result) in [
            ("nps", Tally { responses: 10, sum: 0, high: 5, low: 2 }, Some("30")),
            ("nps", Tally { responses: 6, sum: 0, high: 0, low: 4 }, Some("-66.67")),
            ("csat", Tally { responses: 7, sum: 0, high: 5, low: 0 }, Some("71.43")),
            ("ces", Tally { responses: 8, sum: 45, high: 0, low: 0 }, Some("5.63")),
            ("nps", Tally { responses: 4, sum: 0, high: 4, low: 0 }, None),
            ("csat", Tally::default(), None),
        ] {
            let results = survey(kind).results(tally, String::new()).expect("fits");
            assert_eq!(results.result, result.map(|r| r.parse().expect("a rate")), "{kind} {tally:?}");
            assert_eq!((results.is_suppressed, results.numerator.is_none()), (result.is_none(), result.is_none()));
        }
    }

    #[test]
    fn each_kind_has_its_scores() {
        assert_eq!([SurveyKind::Csat, SurveyKind::Nps, SurveyKind::Ces].map(SurveyKind::scores), [(1, 5), (0, 10), (1, 7)]);
    }
}
