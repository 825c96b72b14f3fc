//! What may happen to an opportunity and what follows from it: creation, changes, stages, winning, losing, reopening.
//! Pure: the pipeline, the time and the day are given.

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::*;
use crate::crm::opportunities::lines::MOST_LINES;
use crate::crm::opportunities::lines::OpportunityLine;
use crate::crm::opportunities::lines::TOO_MANY_LINES;
use crate::crm::percentages::NOT_A_PERCENTAGE;
use crate::crm::percentages::percentage;
use crate::crm::pipelines::ForecastCategory;
use crate::crm::pipelines::Pipeline;
use crate::crm::pipelines::Stage;
use crate::crm::pipelines::StageRequirement;
use crate::directory::currencies::{check_money, minor_units, round_money};
use crate::ids::StageId;
use crate::ids::{LeadId, OpportunityId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Amount, Decimals, FieldError, Rate, Result};

/// What the rules of amounts, probabilities and texts can answer.
pub const REFUSALS: &[crate::kernel::Code] = &[
    AMOUNT_FROM_LINES,
    NEGATIVE_AMOUNT,
    NOT_A_PERCENTAGE,
    CLOSED_WHILE_OPEN,
    crate::directory::currencies::UNKNOWN_CURRENCY,
    crate::kernel::problems::too_many_decimals,
    crate::kernel::problems::amount_out_of_range,
];
/// What the rules of stages can answer.
pub const STAGE_REFUSALS: &[crate::kernel::Code] = &[FOREIGN_STAGE, ARCHIVED_STAGE, STAGE_REQUIREMENTS];

impl OpportunityStatus {
    /// Actions that the current status allows.
    pub fn actions(self) -> Vec<&'static str> {
        match self {
            Self::Open => vec!["advance", "win", "lose"],
            Self::Won | Self::Lost => vec!["reopen"],
        }
    }
}

/// What a new deal takes from elsewhere.
#[derive(Debug, Clone)]
pub struct Beginning<'a> {
    pub id: OpportunityId,
    pub pipeline: &'a Pipeline,
    /// The company's currency.
    pub currency: &'a str,
    pub source_lead_id: Option<LeadId>,
    /// The campaign that its lead first came by.
    pub campaign: Option<String>,
    pub now: DateTime<Utc>,
}

/// Days from one instant to another; a day that was begun counts as a whole one.
fn days_between(from: DateTime<Utc>, to: DateTime<Utc>) -> i32 {
    let micros = (to - from).num_microseconds().unwrap_or(i64::MAX).max(0);
    i32::try_from((micros.saturating_add(86_399_999_999)) / 86_400_000_000).unwrap_or(i32::MAX)
}

impl NewOpportunity {
    /// The deal, open, with the lines already built. Fails with [`REFUSALS`] and [`STAGE_REFUSALS`].
    pub fn build(self, from: Beginning<'_>, lines: Vec<OpportunityLine>) -> Result<Opportunity> {
        from.pipeline.open_for_deals()?;
        let first = from.pipeline.active().next().map(|s| s.id);
        let stage = enterable(from.pipeline, self.stage_id.or(first))?;
        let default_source = if self.amount.is_some() { AmountSource::Manual } else { AmountSource::Lines };
        let deal = Opportunity {
            id: from.id,
            company_id: self.company_id,
            name: filled(&self.name, "/name")?,
            status: OpportunityStatus::Open,
            party_id: self.party_id,
            contact_id: self.contact_id,
            pipeline_id: from.pipeline.id,
            stage_id: stage.id,
            stage_entered_at: from.now,
            last_activity_at: None,
            stalls_at: None,
            stalled_at: None,
            currency: self.currency.unwrap_or_else(|| from.currency.to_string()),
            amount_source: self.amount_source.unwrap_or(default_source),
            amount: Amount::ZERO,
            probability_percent: Rate::ZERO,
            probability_is_manual: false,
            weighted_amount: Amount::ZERO,
            forecast_category: ForecastCategory::Pipeline,
            forecast_category_is_manual: false,
            expected_close_date: self.expected_close_date,
            close_date_pushes: 0,
            owner_id: self.owner_id,
            source_lead_id: from.source_lead_id,
            source: trimmed(self.source),
            campaign: from.campaign,
            territory_id: self.territory_id,
            description: trimmed(self.description),
            loss_reason: None,
            loss_reason_id: None,
            competitor: trimmed(self.competitor),
            competitor_id: None,
            closed_date: None,
            closed_at: None,
            days_to_close: None,
            next_activity_at: None,
            lines,
            splits: Vec::new(),
            contact_roles: Vec::new(),
            competitors: Vec::new(),
            metadata: self.metadata,
            version: 1,
            created_at: from.now,
            updated_at: from.now,
        };
        let probability = self.probability_percent.map(Some);
        let deal = deal.state(self.amount, probability, self.forecast_category.map(Some))?.settle(stage)?;
        // what is not there yet has no quote
        deal.meets(stage, false)?;
        Ok(deal)
    }
}

impl Opportunity {
    /// Refuses a deal that is won or lost.
    pub fn must_be_open(&self) -> Result<()> {
        match self.status {
            OpportunityStatus::Open => Ok(()),
            status => Err(NOT_OPEN.with(format!("It is {status}; reopen it first.")).in_state(status, &status.actions())),
        }
    }
    /// The deal with these changes; `lines` are the new lines, when they change. Fails with [`REFUSALS`].
    pub fn change(
        mut self,
        patch: OpportunityPatch,
        lines: Option<Vec<OpportunityLine>>,
        stage: &Stage,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        self.must_be_open()?;
        if let Some(name) = &patch.name {
            self.name = filled(name, "/name")?;
        }
        self.party_id = patch.party_id.unwrap_or(self.party_id);
        self.contact_id = patch.contact_id.unwrap_or(self.contact_id);
        self.owner_id = patch.owner_id.unwrap_or(self.owner_id);
        self.territory_id = patch.territory_id.unwrap_or(self.territory_id);
        if let Some(currency) = patch.currency {
            self.currency = currency;
        }
        if let Some(source) = patch.source {
            self.source = trimmed(source);
        }
        if let Some(description) = patch.description {
            self.description = trimmed(description);
        }
        if let Some(competitor) = patch.competitor {
            self.competitor = trimmed(competitor);
        }
        if let Some(metadata) = patch.metadata {
            self.metadata = metadata;
        }
        if let Some(date) = patch.expected_close_date {
            let pushed = matches!((self.expected_close_date, date), (Some(old), Some(new)) if new > old);
            self.close_date_pushes += i32::from(pushed);
            self.expected_close_date = date;
        }
        self.amount_source = patch.amount_source.unwrap_or(self.amount_source);
        if let Some(lines) = lines {
            self.lines = lines;
        }
        self.updated_at = now;
        self.state(patch.amount, patch.probability_percent, patch.forecast_category)?.settle(stage)
    }
    /// Refuses one line more than a deal may have.
    pub fn room_for_a_line(&self) -> Result<()> {
        match self.lines.len() < MOST_LINES {
            true => Ok(()),
            false => Err(TOO_MANY_LINES.with(format!("An opportunity has at most {MOST_LINES} lines."))),
        }
    }
    /// The deal with other lines.
    pub fn with_lines(mut self, lines: Vec<OpportunityLine>, stage: &Stage, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        self.lines = lines;
        self.updated_at = now;
        self.settle(stage)
    }
    /// The deal in another stage. Back is always free; forward, every stage jumped over must allow it; the new stage
    /// must get what it asks for; `quoted` tells whether the customer has a quote that still stands. What was stated by hand
    /// follows the stage again, as the new stage is new knowledge.
    pub fn advance(mut self, pipeline: &Pipeline, to: StageId, quoted: bool, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        let stage = enterable(pipeline, Some(to))?;
        if stage.id == self.stage_id {
            return Err(SAME_STAGE.with(format!("It is in {} already.", stage.name)).in_state(self.status, &self.status.actions()));
        }
        let from = pipeline.stage(self.stage_id).filter(|s| s.archived_at.is_none()).map_or(0, |s| s.position);
        let jumped = pipeline.active().find(|s| s.position > from && s.position < stage.position && !s.allow_skip);
        if let Some(jumped) = jumped {
            return Err(STAGE_SKIPPED.field("/stage_id", format!("{} must not be skipped.", jumped.name)));
        }
        self.meets(stage, quoted)?;
        self.stage_id = stage.id;
        self.stage_entered_at = now;
        self.probability_is_manual = false;
        self.forecast_category_is_manual = false;
        self.updated_at = now;
        self.settle(stage)
    }
    /// What the customer accepted is what the deal is worth, whatever its lines say.
    pub fn agreed(mut self, amount: Amount, currency: &str) -> Self {
        self.amount_source = AmountSource::Manual;
        self.amount = amount;
        self.currency = currency.to_owned();
        self
    }
    /// The customer bought: probability 100, category closed, the whole amount counts.
    pub fn win(mut self, today: NaiveDate, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        self.status = OpportunityStatus::Won;
        // nobody won it instead of us; who else wanted to sell stays in `competitors`
        (self.competitor, self.competitor_id) = (None, None);
        Ok(self.close(Rate::from(100), ForecastCategory::Closed, today, now))
    }
    /// The customer did not buy: probability 0, nothing counts. Fails with [`NO_LOSS_REASON`] when nobody says why.
    pub fn lose(mut self, why: LoseOpportunity, today: NaiveDate, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_open()?;
        let Some(reason) = why.reason else {
            return Err(NO_LOSS_REASON.field("/reason", "Say why, in words or by a loss reason."));
        };
        self.loss_reason = Some(filled(&reason, "/reason")?);
        self.loss_reason_id = why.loss_reason_id;
        self.competitor = trimmed(why.competitor).or(self.competitor);
        self.competitor_id = why.competitor_id;
        self.status = OpportunityStatus::Lost;
        Ok(self.close(Rate::ZERO, ForecastCategory::Omitted, today, now))
    }
    /// Back into the pipeline, into the stage it was closed in, or the first one when that is archived.
    pub fn reopen(mut self, pipeline: &Pipeline, now: DateTime<Utc>) -> Result<Self> {
        if self.status == OpportunityStatus::Open {
            return Err(NOT_CLOSED.with("It is open.").in_state(self.status, &self.status.actions()));
        }
        pipeline.open_for_deals()?;
        let last = pipeline.stage(self.stage_id).filter(|s| s.archived_at.is_none()).map(|s| s.id);
        let stage = enterable(pipeline, last.or_else(|| pipeline.active().next().map(|s| s.id)))?;
        if self.status == OpportunityStatus::Lost {
            self.competitor = None;
        }
        self.status = OpportunityStatus::Open;
        self.stage_id = stage.id;
        self.stage_entered_at = now;
        self.loss_reason = None;
        self.loss_reason_id = None;
        self.competitor_id = None;
        self.closed_date = None;
        self.closed_at = None;
        self.days_to_close = None;
        self.updated_at = now;
        self.settle(stage)
    }
    /// What the weighted amount must be: the amount times the probability, rounded half away from zero.
    pub fn weighted(amount: Amount, probability: Rate, currency: &str) -> Result<Amount> {
        round_money(amount.get() * probability.get() / Decimal::ONE_HUNDRED, currency)
    }
    fn close(mut self, probability: Rate, category: ForecastCategory, today: NaiveDate, now: DateTime<Utc>) -> Self {
        self.probability_percent = probability;
        self.probability_is_manual = false;
        self.forecast_category = category;
        self.forecast_category_is_manual = false;
        self.weighted_amount = if probability.is_zero() { Amount::ZERO } else { self.amount };
        self.closed_date = Some(today);
        self.closed_at = Some(now);
        self.days_to_close = Some(days_between(self.created_at, now));
        self.stalls_at = None;
        self.stalled_at = None;
        self.updated_at = now;
        self
    }
    /// An activity about it was done: an open deal starts to wait anew. Older ones than the last change nothing.
    pub fn touched(mut self, at: DateTime<Utc>, stage: &Stage) -> Self {
        self.last_activity_at = self.last_activity_at.max(Some(at));
        self.wait(stage);
        self
    }
    /// Found stalled, once; `None` when it is not, or was found so before.
    pub fn stall(mut self, now: DateTime<Utc>) -> Option<Self> {
        let due = self.status == OpportunityStatus::Open && self.stalled_at.is_none() && self.stalls_at.is_some_and(|at| at <= now);
        self.stalled_at = Some(now);
        due.then_some(self)
    }
    /// Since when it waits: it counts as stalled after the days of its stage, from the entry or the last activity done.
    fn wait(&mut self, stage: &Stage) {
        let since = self.last_activity_at.map_or(self.stage_entered_at, |a| a.max(self.stage_entered_at));
        let due = stage.stalled_after_days.and_then(|d| since.checked_add_signed(TimeDelta::days(d.into())));
        let due = due.filter(|_| self.status == OpportunityStatus::Open);
        if self.stalls_at != due {
            self.stalled_at = None;
        }
        self.stalls_at = due;
    }
    /// Takes what is stated by hand; `Some(None)` lets a figure follow its stage again.
    fn state(
        mut self,
        amount: Option<Amount>,
        probability: Option<Option<Rate>>,
        category: Option<Option<ForecastCategory>>,
    ) -> Result<Self> {
        minor_units(&self.currency).map_err(|p| p.under("/currency"))?;
        if let Some(amount) = amount {
            if self.amount_source == AmountSource::Lines {
                return Err(AMOUNT_FROM_LINES.field("/amount", "Change amount_source to manual to state an amount."));
            }
            if amount.is_negative() {
                return Err(NEGATIVE_AMOUNT.field("/amount", "The amount must not be negative."));
            }
            self.amount = amount;
        }
        // The sum of lines is computed anew, in whatever currency.
        if self.amount_source == AmountSource::Manual {
            check_money(self.amount, &self.currency, "/amount")?;
        }
        if let Some(stated) = probability {
            percentage(stated.unwrap_or_default(), "/probability_percent")?;
            self.probability_is_manual = stated.is_some();
            self.probability_percent = stated.unwrap_or_default();
        }
        if let Some(stated) = category {
            if stated == Some(ForecastCategory::Closed) {
                return Err(CLOSED_WHILE_OPEN.field("/forecast_category", "Win the opportunity instead."));
            }
            self.forecast_category_is_manual = stated.is_some();
            self.forecast_category = stated.unwrap_or(self.forecast_category);
        }
        Ok(self)
    }
    /// Computes what follows: amounts of lines, the sum, what the stage says, the weighted amount.
    fn settle(mut self, stage: &Stage) -> Result<Self> {
        let currency = &self.currency;
        let mut lines = Vec::with_capacity(self.lines.len());
        for (i, line) in self.lines.into_iter().enumerate() {
            lines.push(line.settle(currency).map_err(|p| p.under(&format!("/lines/{i}")))?);
        }
        self.lines = lines;
        if self.amount_source == AmountSource::Lines {
            self.amount = Amount::exact(self.lines.iter().map(|l| l.net_amount.get()).sum())?;
        }
        if !self.probability_is_manual {
            self.probability_percent = stage.probability_percent;
        }
        if !self.forecast_category_is_manual {
            self.forecast_category = stage.forecast_category;
        }
        self.weighted_amount = Self::weighted(self.amount, self.probability_percent, &self.currency)?;
        self.wait(stage);
        Ok(self)
    }
    /// Refuses when the deal lacks what the stage asks for; all that lacks is told at once.
    fn meets(&self, stage: &Stage, quoted: bool) -> Result<()> {
        let has = |r: &StageRequirement| match r {
            StageRequirement::Contact => self.contact_id.is_some(),
            StageRequirement::Owner => self.owner_id.is_some(),
            StageRequirement::Amount => self.amount.is_positive(),
            StageRequirement::ExpectedCloseDate => self.expected_close_date.is_some(),
            StageRequirement::Lines => !self.lines.is_empty(),
            StageRequirement::Quote => quoted,
        };
        let lacking = |r: &StageRequirement| {
            FieldError::body(
                "/stage_id",
                STAGE_REQUIREMENTS.code,
                format!("{} asks for {r}, which the opportunity does not have.", stage.name),
            )
        };
        let errors: Vec<FieldError> = stage.required_fields.iter().filter(|r| !has(r)).map(lacking).collect();
        if errors.is_empty() { Ok(()) } else { Err(STAGE_REQUIREMENTS.at(errors)) }
    }
}

/// The stage, when a deal may enter it.
fn enterable(pipeline: &Pipeline, stage: Option<StageId>) -> Result<&Stage> {
    let Some(stage) = stage.and_then(|id| pipeline.stage(id)) else {
        return Err(FOREIGN_STAGE.field("/stage_id", format!("It is no stage of {}.", pipeline.name)));
    };
    match stage.archived_at {
        Some(_) => Err(ARCHIVED_STAGE.field("/stage_id", format!("{} is archived.", stage.name))),
        None => Ok(stage),
    }
}

#[cfg(test)]
mod tests;
