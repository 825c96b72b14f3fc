//! The score of a lead by a model: points for what it is and for what it did, each event fading with its half-life from
//! the time it happened. Computed when it is asked for, so nothing has to be counted down at night, and the same facts
//! at the same moment give the same score.

use crate::kernel::Decimal;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Lead;
use crate::crm::campaign_names;
use crate::crm::lead_scoring_models::{EngagementKind, EngagementRule, LeadScoringModel};
use crate::directory::search::normalise;
use crate::ids::{LeadId, LeadScoringModelId};
use crate::kernel::{Decimals, Rate, Result, problems, round_to};

crate::string_enum! {
    /// Which side of a score a factor is on.
    pub enum ScoreAxis {
        /// What the lead is.
        Fit = "fit",
        /// What the lead does.
        Engagement = "engagement",
    }
}

/// How a score is computed and rounded.
pub const DEFINITION: &str = "The points of the fit rules whose conditions hold, plus for each engagement rule the points of its events \
times 0.5 to the power of age divided by half-life, within its cap. The factor of an event is rounded to 10 places and the sum of a rule \
to 4, half away from zero; the score is the exact sum of its factors.";

/// Something a lead did.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    pub kind: EngagementKind,
    pub occurred_at: DateTime<Utc>,
    /// The campaign of the touch, in normal form.
    pub campaign: Option<String>,
    /// The page of the touch.
    pub path: Option<String>,
}

/// A rule that gave or took points.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScoreFactor {
    /// Which side it is on.
    pub axis: ScoreAxis,
    /// The name of the rule.
    #[schema(max_length = 100)]
    pub rule: String,
    /// The points that it gives now.
    pub points: Rate,
    /// How many events it counts; zero for what the lead is.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub events: i64,
    /// What the events gave when they happened, before fading and cap.
    pub points_when_new: Rate,
    /// Whether the cap of the rule was reached.
    pub is_capped: bool,
    /// When the latest of its events happened.
    #[schema(required)]
    pub latest_at: Option<DateTime<Utc>>,
}

/// A change of the grade, reported once.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GradeChange {
    /// The grade before.
    #[schema(required, max_length = 50)]
    pub from_grade: Option<String>,
    /// The grade after.
    #[schema(required, max_length = 50)]
    pub to_grade: Option<String>,
    /// The score that made it change.
    pub score: Rate,
    /// The version of the model.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub model_version: i64,
    /// When it was noticed.
    pub changed_at: DateTime<Utc>,
}

/// The score of a lead, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeadScore {
    /// The lead.
    pub lead_id: LeadId,
    /// The model that computed it.
    pub model_id: LeadScoringModelId,
    /// Its version.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub model_version: i64,
    /// The moment for which it was computed.
    pub computed_at: DateTime<Utc>,
    /// Points for what the lead is.
    pub fit_score: Rate,
    /// Points for what the lead does.
    pub engagement_score: Rate,
    /// Both together.
    pub score: Rate,
    /// The grade that the score earns; null below the last one.
    #[schema(required, max_length = 50, example = "A")]
    pub grade: Option<String>,
    /// The rules that gave or took points, in the order of the model.
    #[schema(max_items = 200)]
    pub factors: Vec<ScoreFactor>,
    /// The latest changes of the grade, the newest first.
    #[schema(max_items = 20)]
    pub grade_changes: Vec<GradeChange>,
    /// How a score is computed and rounded.
    #[schema(max_length = 1000)]
    pub definition: String,
}

/// How many leads would get a grade.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GradeCount {
    /// The grade; null for none.
    #[schema(required, max_length = 50)]
    pub grade: Option<String>,
    /// How many leads.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub leads: i64,
}

/// What a model would make of some leads; nothing is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScoringSimulation {
    /// The model.
    pub model_id: LeadScoringModelId,
    /// Its version.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub model_version: i64,
    /// The score of each lead, the highest first.
    #[schema(max_items = 100)]
    pub scores: Vec<LeadScore>,
    /// How many leads each grade would have, the best first.
    #[schema(max_items = 21)]
    pub grades: Vec<GradeCount>,
}

const SECONDS_OF_A_DAY: i64 = 86_400;
/// Beyond so many half-lives nothing is left at ten places.
const GONE: u32 = 40;

/// What is left of an event: 0.5 to the power of `age_seconds` divided by the half-life, rounded to 10 places half away
/// from zero. Ages below zero count as zero.
pub fn fading(age_seconds: i64, half_life_days: Decimal) -> Decimal {
    let half_lives = Decimal::from(age_seconds.max(0)) / (half_life_days * Decimal::from(SECONDS_OF_A_DAY));
    let whole = half_lives.trunc();
    if whole >= Decimal::from(GONE) {
        return Decimal::ZERO;
    }
    // 2^x = e^(x ln 2), to twenty places
    let ln2 = Decimal::from_i128_with_scale(6_931_471_805_599_453_094_172_321, 25);
    let part = ((half_lives - whole) * ln2).exp_with_tolerance(Decimal::new(1, 20));
    let mut power = part;
    let mut left = whole;
    while left > Decimal::ZERO {
        power *= Decimal::TWO;
        left -= Decimal::ONE;
    }
    round_to(Decimal::ONE / power, 10)
}

impl EngagementRule {
    fn counts(&self, e: &Engagement) -> bool {
        let campaign = self.campaign.as_deref().map(campaign_names::normal).filter(|c| !c.is_empty());
        let path = self.path_contains.as_deref().map(normalise).filter(|p| !p.is_empty());
        self.kind == e.kind
            && campaign.is_none_or(|c| e.campaign.as_deref() == Some(&*c))
            && path.is_none_or(|p| e.path.as_deref().is_some_and(|own| normalise(own).contains(&p)))
    }
    fn factor(&self, events: &[Engagement], now: DateTime<Utc>) -> Result<Option<ScoreFactor>> {
        let mine: Vec<&Engagement> = events.iter().filter(|e| self.counts(e)).collect();
        let Some(latest_at) = mine.iter().map(|e| e.occurred_at).max() else { return Ok(None) };
        let left = |e: &&Engagement| match self.half_life_days {
            Some(days) => fading((now - e.occurred_at).num_seconds(), days.get()),
            None => Decimal::ONE,
        };
        let sum = round_to(mine.iter().map(left).sum::<Decimal>() * self.points.get(), 4);
        let capped = self.cap.map(|c| c.get()).filter(|cap| sum.abs() > *cap);
        let points = capped.map_or(sum, |cap| if sum.is_sign_negative() { -cap } else { cap });
        Ok(Some(ScoreFactor {
            axis: ScoreAxis::Engagement,
            rule: self.name.clone(),
            points: exact(points)?,
            events: mine.len() as i64,
            points_when_new: exact(self.points.get() * Decimal::from(mine.len()))?,
            is_capped: capped.is_some(),
            latest_at: Some(latest_at),
        }))
    }
}

fn exact(value: Decimal) -> Result<Rate> {
    Rate::exact(value).map_err(|_| problems::amount_out_of_range.with("The points are too many to add up."))
}

impl LeadScoringModel {
    /// The score of a lead with its engagements at a moment. Fails with `amount_out_of_range` beyond seven digits.
    pub fn score(&self, lead: &Lead, events: &[Engagement], now: DateTime<Utc>) -> Result<LeadScore> {
        let mut factors = Vec::new();
        for rule in self.fit_rules.iter().filter(|r| r.conditions.iter().all(|c| c.holds(lead))) {
            factors.push(ScoreFactor {
                axis: ScoreAxis::Fit,
                rule: rule.name.clone(),
                points: rule.points,
                events: 0,
                points_when_new: rule.points,
                is_capped: false,
                latest_at: None,
            });
        }
        for rule in &self.engagement_rules {
            factors.extend(rule.factor(events, now)?);
        }
        let sum = |axis: ScoreAxis| exact(factors.iter().filter(|f| f.axis == axis).map(|f| f.points.get()).sum());
        let (fit_score, engagement_score) = (sum(ScoreAxis::Fit)?, sum(ScoreAxis::Engagement)?);
        let score = exact(fit_score.get() + engagement_score.get())?;
        Ok(LeadScore {
            lead_id: lead.id,
            model_id: self.id,
            model_version: self.model_version,
            computed_at: now,
            fit_score,
            engagement_score,
            score,
            grade: self.grades.iter().find(|g| score >= g.min_score).map(|g| g.grade.clone()),
            factors,
            grade_changes: Vec::new(),
            definition: DEFINITION.into(),
        })
    }
    /// How many of these scores each grade has, the best first.
    pub fn spread(&self, scores: &[LeadScore]) -> Vec<GradeCount> {
        let grades = self.grades.iter().map(|g| Some(g.grade.clone())).chain([None]);
        grades.map(|grade| GradeCount { leads: scores.iter().filter(|s| s.grade == grade).count() as i64, grade }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use serde_json::json;

    fn d(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
    }

    fn event(kind: EngagementKind, days_ago: i64) -> Engagement {
        Engagement { kind, occurred_at: now() - TimeDelta::days(days_ago), campaign: None, path: None }
    }

    fn model() -> LeadScoringModel {
        let body = json!({"company_id": "co_00000000000000000000000001", "name": "M",
            "fit_rules": [
                {"name": "DACH", "conditions": [{"attribute": "country", "comparison": "one_of", "values": ["DE", "AT", "CH"]}], "points": "20"},
                {"name": "competitor", "conditions": [{"attribute": "email_domain", "comparison": "one_of", "values": ["rival.example"]}], "points": "-100"}],
            "engagement_rules": [
                {"name": "clicks", "kind": "email_click", "points": "10", "cap": "25", "half_life_days": "30"},
                {"name": "prices", "kind": "page_view", "path_contains": "/pricing", "points": "5"},
                {"name": "left", "kind": "unsubscribe", "points": "-30", "cap": "40"}],
            "grades": [{"grade": "A", "min_score": "40"}, {"grade": "B", "min_score": "20"}]});
        LeadScoringModel::new(Id::from_uuid(Default::default()), 3, serde_json::from_value(body).expect("a body"), now()).expect("a model")
    }

    fn lead(email: &str) -> Lead {
        let body = json!({"company_id": "co_00000000000000000000000001", "email": email, "address": {"line1": "x", "country": "DE"}});
        Lead::new(Id::from_uuid(Default::default()), serde_json::from_value(body).expect("a body"), now()).expect("a lead")
    }

    #[test]
    fn an_event_fades_by_its_half_life() {
        let day = SECONDS_OF_A_DAY;
        for (age, half_life, left) in [
            (0, "30", "1"),
            (-100, "30", "1"),
            (30 * day, "30", "0.5"),
            (60 * day, "30", "0.25"),
            // 0.5^(1/2) and 0.5^(1/3), by any table of roots
            (15 * day, "30", "0.7071067812"),
            (10 * day, "30", "0.7937005260"),
            // 0.5^(45/30)
            (45 * day, "30", "0.3535533906"),
            (day, "0.5", "0.25"),
            (10_000 * day, "1", "0"),
        ] {
            assert_eq!(fading(age, d(half_life)), d(left), "{age} s at {half_life} d");
        }
    }

    #[test]
    fn a_score_adds_up_from_its_factors_and_says_so() {
        let page = Engagement { path: Some("example.com/Pricing/eu".into()), ..event(EngagementKind::PageView, 400) };
        let events =
            [event(EngagementKind::EmailClick, 30), event(EngagementKind::EmailClick, 60), page, event(EngagementKind::PageView, 1)];
        let s = model().score(&lead("ann@example.org"), &events, now()).expect("a score");
        // 10 × (0.5 + 0.25) and 5 for the page of prices, however old
        assert_eq!(
            (s.fit_score.to_string(), s.engagement_score.to_string(), s.score.to_string()),
            ("20".into(), "12.5".into(), "32.5".into())
        );
        assert_eq!((s.grade.as_deref(), s.model_version), (Some("B"), 3));
        let told: Vec<_> = s.factors.iter().map(|f| (f.rule.as_str(), f.points.to_string(), f.events)).collect();
        assert_eq!(told, [("DACH", "20".to_string(), 0), ("clicks", "7.5".to_string(), 2), ("prices", "5".to_string(), 1)]);
    }

    #[test]
    fn caps_hold_on_both_sides_and_negative_rules_take() {
        let clicks: Vec<_> = (0..5).map(|_| event(EngagementKind::EmailClick, 0)).collect();
        let s = model().score(&lead("ann@example.org"), &clicks, now()).expect("a score");
        assert_eq!((s.score.to_string(), s.factors[1].is_capped, s.grade.as_deref()), ("45".into(), true, Some("A")));
        let gone = [event(EngagementKind::Unsubscribe, 1), event(EngagementKind::Unsubscribe, 2)];
        let s = model().score(&lead("ann@rival.example"), &gone, now()).expect("a score");
        assert_eq!((s.score.to_string(), s.grade), ("-120".into(), None));
    }

    #[test]
    fn the_spread_counts_every_lead_once() {
        let m = model();
        let scores = [
            m.score(&lead("a@example.org"), &[], now()).expect("a score"),
            m.score(&lead("a@rival.example"), &[], now()).expect("a score"),
        ];
        let counts: Vec<_> = m.spread(&scores).into_iter().map(|g| (g.grade, g.leads)).collect();
        assert_eq!(counts, [(Some("A".into()), 0), (Some("B".into()), 1), (None, 1)]);
    }

    proptest! {
        #[test]
        fn nothing_fades_upwards(age in 0i64..100_000_000, more in 0i64..10_000_000, half_life in 1i64..1000) {
            let half_life = Decimal::new(half_life, 1);
            let (young, old) = (fading(age, half_life), fading(age + more, half_life));
            prop_assert!(old <= young && young <= Decimal::ONE && !old.is_sign_negative());
        }
        #[test]
        fn a_half_life_later_half_is_left(age in 0i64..10_000_000, days in 1i64..100) {
            let (now, later) = (fading(age, Decimal::from(days)), fading(age + days * SECONDS_OF_A_DAY, Decimal::from(days)));
            prop_assert!((now / Decimal::TWO - later).abs() <= Decimal::new(1, 10));
        }
    }
}
