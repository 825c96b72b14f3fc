//! Scoring models: how much it is worth to follow a lead up. A model is a version of its own: drafts change, active and
//! retired ones never do, so that every score can be computed again. What a model makes of a lead is in
//! [`crate::crm::leads::scores`].

pub mod prediction;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::crm::leads::conditions;
use crate::crm::leads::conditions::LeadCondition;
use crate::ids::{CompanyId, LeadId, LeadScoringModelId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Findings, Rate, Result, problems};

crate::string_enum! {
    /// Status of a scoring model.
    pub enum ScoringModelStatus {
        /// Being written; scores nothing.
        Draft = "draft",
        /// The one that scores the leads of its company.
        Active = "active",
        /// Was active.
        Retired = "retired",
    }
    /// What a rule of engagement counts.
    pub enum EngagementKind {
        /// A page was looked at.
        PageView = "page_view",
        /// A form was sent.
        FormSubmission = "form_submission",
        /// A message was opened.
        EmailOpen = "email_open",
        /// A link of a message was followed.
        EmailClick = "email_click",
        /// An advertisement was followed.
        AdClick = "ad_click",
        /// A file was taken.
        Download = "download",
        /// An event was attended.
        EventAttendance = "event_attendance",
        /// A chat was written.
        Chat = "chat",
        /// No more messages were asked for.
        Unsubscribe = "unsubscribe",
        /// A message could not be delivered.
        Bounce = "bounce",
        /// Another touch.
        Other = "other",
        /// A call about the lead was done.
        CallDone = "call_done",
        /// A meeting about the lead was held.
        MeetingDone = "meeting_done",
        /// An e-mail about the lead was written.
        EmailDone = "email_done",
    }
}

/// Only drafts change and only drafts are activated.
pub const NOT_A_DRAFT: Code = Code::conflict("lead_scoring_model.not_a_draft", "The scoring model is not a draft.");
/// A model without rules would give every lead the same score.
pub const EMPTY: Code = Code::invalid("lead_scoring_model.empty", "The scoring model has no rules.");
/// Two rules have one name; explanations could not tell them apart.
pub const RULE_TWICE: Code = Code::invalid("lead_scoring_model.rule_twice", "Two rules have the same name.");
/// The least scores of the grades must fall from the first to the last, and each grade is there once.
pub const WRONG_GRADES: Code = Code::invalid("lead_scoring_model.wrong_grades", "The grades are out of order.");
/// A half-life must be above zero, and so must a cap.
pub const WRONG_LIMIT: Code = Code::invalid("lead_scoring_model.wrong_limit", "A half-life or a cap is not above zero.");
/// No model of the company is active.
pub const NONE_ACTIVE: Code = Code::conflict("lead_scoring_model.none_active", "The company has no active scoring model.");

/// Points for what a lead is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    /// What explanations call it.
    #[schema(min_length = 1, max_length = 100, example = "Decides on purchases")]
    pub name: String,
    /// All of them must hold.
    #[schema(min_items = 1, max_items = 20)]
    pub conditions: Vec<LeadCondition>,
    /// The points; below zero for what speaks against it.
    pub points: Rate,
}

/// Points for what a lead does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementRule {
    /// What explanations call it.
    #[schema(min_length = 1, max_length = 100, example = "Followed a link of a message")]
    pub name: String,
    /// What is counted.
    pub kind: EngagementKind,
    /// Only touches of this campaign; null for all.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub campaign: Option<String>,
    /// Only touches whose page contains this; null for all.
    #[serde(default)]
    #[schema(max_length = 200, example = "/pricing")]
    pub path_contains: Option<String>,
    /// The points of one event, when it happens; below zero for what speaks against it.
    pub points: Rate,
    /// More than this, or less than minus this, the rule never gives; null for no limit.
    #[serde(default)]
    pub cap: Option<Rate>,
    /// After so many days an event counts half, after twice as many a quarter; null when it counts for ever.
    #[serde(default)]
    pub half_life_days: Option<Rate>,
}

/// A grade and the score that earns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeThreshold {
    /// The grade.
    #[schema(min_length = 1, max_length = 50, example = "A")]
    pub grade: String,
    /// The least score that earns it.
    pub min_score: Rate,
}

/// A version of a scoring model.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeadScoringModel {
    /// Id, generated by the server.
    pub id: LeadScoringModelId,
    /// The company whose leads it scores.
    pub company_id: CompanyId,
    /// Its number among the models of the company, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub model_version: i64,
    /// Display name; it need not be unique.
    #[schema(max_length = 100, example = "Machines 2026")]
    pub name: String,
    /// Current status.
    pub status: ScoringModelStatus,
    /// Points for what a lead is.
    #[schema(max_items = 100)]
    pub fit_rules: Vec<FitRule>,
    /// Points for what a lead does.
    #[schema(max_items = 100)]
    pub engagement_rules: Vec<EngagementRule>,
    /// The grades, the best first; a lead below the last has none.
    #[schema(max_items = 20)]
    pub grades: Vec<GradeThreshold>,
    /// When it became the active one.
    #[schema(required)]
    pub activated_at: Option<DateTime<Utc>>,
    /// When another took its place.
    #[schema(required)]
    pub retired_at: Option<DateTime<Utc>>,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { LeadScoringModel, LeadScoringModelId, "lead_scoring_model",
company: |m| Some(m.company_id), actions: |m| m.status.actions() }

/// A scoring model to create, as the next version of the company.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeadScoringModel {
    /// The company whose leads it scores.
    pub company_id: CompanyId,
    /// Display name; it need not be unique.
    #[schema(min_length = 1, max_length = 100, example = "Machines 2026")]
    pub name: String,
    /// Points for what a lead is.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub fit_rules: Vec<FitRule>,
    /// Points for what a lead does.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub engagement_rules: Vec<EngagementRule>,
    /// The grades, the best first.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub grades: Vec<GradeThreshold>,
}

crate::patch! {
    /// Changes to a draft of a scoring model.
    pub struct LeadScoringModelPatch for LeadScoringModel {
        /// Display name; it need not be unique.
        set name: String [min_length = 1, max_length = 100],
        /// Points for what a lead is; replaced whole.
        set fit_rules: Vec<FitRule> [max_items = 100],
        /// Points for what a lead does; replaced whole.
        set engagement_rules: Vec<EngagementRule> [max_items = 100],
        /// The grades, the best first; replaced whole.
        set grades: Vec<GradeThreshold> [max_items = 20],
    }
}

/// Leads to evaluate a model on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateScoring {
    /// The leads; the newest 100 open ones of the company when left out.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    pub lead_ids: Option<Vec<LeadId>>,
}

/// The company whose leads to score.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescoreLeads {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
}

/// What the rules of a scoring model can answer.
pub const REFUSALS: &[Code] = &[RULE_TWICE, WRONG_GRADES, WRONG_LIMIT, conditions::INVALID_CONDITION];

impl ScoringModelStatus {
    /// Actions that the current status allows.
    pub fn actions(self) -> Vec<&'static str> {
        match self {
            Self::Draft => vec!["activate", "simulate"],
            Self::Active | Self::Retired => vec!["simulate"],
        }
    }
}

impl LeadScoringModel {
    /// A new draft. Fails with [`REFUSALS`].
    pub fn new(id: LeadScoringModelId, model_version: i64, new: NewLeadScoringModel, now: DateTime<Utc>) -> Result<Self> {
        let model = Self {
            id,
            company_id: new.company_id,
            model_version,
            name: new.name,
            status: ScoringModelStatus::Draft,
            fit_rules: new.fit_rules,
            engagement_rules: new.engagement_rules,
            grades: new.grades,
            activated_at: None,
            retired_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        model.checked()
    }
    /// The draft with these changes.
    pub fn change(mut self, patch: LeadScoringModelPatch, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_a_draft()?;
        patch.apply(&mut self);
        self.updated_at = now;
        self.checked()
    }
    /// It scores the leads from now on.
    pub fn activate(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_a_draft()?;
        if self.fit_rules.is_empty() && self.engagement_rules.is_empty() {
            return Err(EMPTY.with("Write a rule first."));
        }
        self.status = ScoringModelStatus::Active;
        self.activated_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
    /// Another takes its place.
    pub fn retire(mut self, now: DateTime<Utc>) -> Self {
        self.status = ScoringModelStatus::Retired;
        self.retired_at = Some(now);
        self.updated_at = now;
        self
    }
    /// Refuses what is active or was.
    pub fn must_be_a_draft(&self) -> Result<()> {
        match self.status {
            ScoringModelStatus::Draft => Ok(()),
            other => Err(NOT_A_DRAFT.with(format!("It is {other}; create a new version.")).in_state(other, &other.actions())),
        }
    }
    fn checked(mut self) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(name) = found.take("/name", filled(&self.name, "")) {
            self.name = name;
        }
        let mut names: Vec<&str> = Vec::new();
        let fit = self.fit_rules.iter().enumerate().map(|(i, r)| (format!("/fit_rules/{i}/name"), r.name.trim()));
        let engagement = self.engagement_rules.iter().enumerate().map(|(i, r)| (format!("/engagement_rules/{i}/name"), r.name.trim()));
        for (at, name) in fit.chain(engagement) {
            if name.is_empty() {
                found.add(problems::invalid_body, &at, "It must not be blank.");
            }
            if names.contains(&name) {
                found.add(RULE_TWICE, &at, "Another rule has this name.");
            }
            names.push(name);
        }
        for (i, rule) in self.fit_rules.iter().enumerate() {
            found.take(&format!("/fit_rules/{i}/conditions"), conditions::check(&rule.conditions));
        }
        for (i, rule) in self.engagement_rules.iter().enumerate() {
            for (field, value) in [("cap", rule.cap), ("half_life_days", rule.half_life_days)] {
                if value.is_some_and(|v| !v.is_positive()) {
                    found.add(WRONG_LIMIT, format!("/engagement_rules/{i}/{field}"), "It must be above zero.");
                }
            }
        }
        for (i, pair) in self.grades.windows(2).enumerate() {
            if pair[1].min_score >= pair[0].min_score {
                found.add(WRONG_GRADES, format!("/grades/{}/min_score", i + 1), "It must be below that of the grade before.");
            }
        }
        for (i, g) in self.grades.iter().enumerate() {
            if self.grades[..i].iter().any(|o| o.grade.trim() == g.grade.trim()) {
                found.add(WRONG_GRADES, format!("/grades/{i}/grade"), "This grade is there already.");
            }
        }
        found.done()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::{Value, json};

    fn build(more: Value) -> Result<LeadScoringModel> {
        let mut body = json!({"company_id": "co_00000000000000000000000001", "name": "M"});
        for (k, v) in more.as_object().expect("an object") {
            body[k] = v.clone();
        }
        LeadScoringModel::new(Id::from_uuid(Default::default()), 1, serde_json::from_value(body).expect("a body"), Default::default())
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let rule = json!({"name": "r", "kind": "chat", "points": "5"});
        for (more, code) in [
            (json!({"engagement_rules": [rule, rule]}), RULE_TWICE),
            (json!({"engagement_rules": [{"name": "r", "kind": "chat", "points": "5", "half_life_days": "0"}]}), WRONG_LIMIT),
            (json!({"engagement_rules": [{"name": "r", "kind": "chat", "points": "5", "cap": "-1"}]}), WRONG_LIMIT),
            (json!({"grades": [{"grade": "B", "min_score": "20"}, {"grade": "A", "min_score": "20"}]}), WRONG_GRADES),
            (json!({"grades": [{"grade": "A", "min_score": "20"}, {"grade": "A", "min_score": "10"}]}), WRONG_GRADES),
            (
                json!({"fit_rules": [{"name": "f", "conditions": [{"attribute": "source", "comparison": "one_of"}], "points": "1"}]}),
                conditions::INVALID_CONDITION,
            ),
        ] {
            assert_eq!(build(more.clone()).expect_err("refused").code(), code, "{more}");
        }
    }

    #[test]
    fn only_a_draft_changes_and_only_one_with_rules_is_activated() {
        let now = DateTime::<Utc>::default();
        assert_eq!(build(json!({})).expect("a draft").activate(now).expect_err("empty").code(), EMPTY);
        let active = build(json!({"engagement_rules": [{"name": "r", "kind": "chat", "points": "5"}]}))
            .expect("a draft")
            .activate(now)
            .expect("active");
        assert_eq!(active.clone().change(LeadScoringModelPatch::default(), now).expect_err("active").code(), NOT_A_DRAFT);
        assert_eq!(active.clone().activate(now).expect_err("active").code(), NOT_A_DRAFT);
        let retired = active.retire(now);
        assert_eq!((retired.status, retired.activate(now).expect_err("retired").code()), (ScoringModelStatus::Retired, NOT_A_DRAFT));
    }
}
