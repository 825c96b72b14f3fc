//! Opportunities: deals on their way through a pipeline, and the rules of that way. A deal changes its stage, is won,
//! lost and reopened here and nowhere else; who may do so and where it is stored is not known here.

pub mod changes;
pub mod lines;
pub mod steps;
pub mod team;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pipelines::ForecastCategory;
pub use crate::crm::opportunities::lines::{NewOpportunityLine, OpportunityLine, OpportunityLinePatch};
pub use crate::crm::opportunities::team::{
    BuyingRole, ContactRole, NewContactRole, NewOpportunitySplit, OpportunityCompetitor, OpportunitySplit, OpportunitySplits,
    SplitOpportunity,
};
pub use crate::ids::OpportunityLineId;
use crate::ids::StageId;
use crate::ids::{
    CompanyId, CompetitorId, ContactId, LeadId, LossReasonId, OpportunityId, PartyId, PipelineId, ProductId, TerritoryId, UserId,
};
use crate::kernel::{Amount, Code, Quantity, Rate, UnitPrice};

crate::words! {
    /// Where a deal stands. While it is open its stage says how far it is.
    pub enum OpportunityStatus {
        /// Still in the pipeline.
        Open = "open",
        /// The customer bought.
        Won = "won",
        /// The customer did not buy.
        Lost = "lost",
    }
    /// Where the amount of a deal comes from.
    pub enum AmountSource {
        /// The sum of its lines.
        Lines = "lines",
        /// Stated by hand, or by the quote that the customer accepted.
        Manual = "manual",
    }
}

/// Won and lost deals do not change; reopen them first.
pub const NOT_OPEN: Code = Code::conflict("opportunity.not_open", "The opportunity is not open.");
/// An open deal cannot be reopened.
pub const NOT_CLOSED: Code = Code::conflict("opportunity.not_closed", "The opportunity is still open.");
/// The stage belongs to another pipeline.
pub const FOREIGN_STAGE: Code = Code::invalid("opportunity.stage_of_another_pipeline", "The stage belongs to another pipeline.");
/// No deal enters an archived stage.
pub const ARCHIVED_STAGE: Code = Code::invalid("opportunity.stage_archived", "The stage is archived.");
/// The deal is in this stage already.
pub const SAME_STAGE: Code = Code::conflict("opportunity.already_in_stage", "The opportunity is in this stage already.");
/// A stage on the way must not be skipped.
pub const STAGE_SKIPPED: Code = Code::invalid("opportunity.stage_skipped", "A stage on the way must not be skipped.");
/// The stage asks for facts that the deal does not have yet.
pub const STAGE_REQUIREMENTS: Code = Code::invalid("opportunity.stage_requirements", "The stage asks for more than the opportunity has.");
/// An amount can be stated by hand only while the deal takes it from no lines.
pub const AMOUNT_FROM_LINES: Code = Code::invalid("opportunity.amount_from_lines", "The amount comes from the lines.");
/// A lost deal says why.
pub const NO_LOSS_REASON: Code = Code::invalid("opportunity.no_loss_reason", "A lost opportunity needs a reason.");
/// An amount of a deal is never below zero.
pub const NEGATIVE_AMOUNT: Code = Code::invalid("opportunity.negative_amount", "The amount must not be negative.");
/// `closed` is what won deals are; an open one cannot claim it.
pub const CLOSED_WHILE_OPEN: Code = Code::invalid("opportunity.closed_while_open", "Only won opportunities have the category closed.");

/// A deal with a business partner: how much, how likely, when, and where in the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Opportunity {
    /// The id.
    pub id: OpportunityId,
    /// The company that sells.
    pub company_id: CompanyId,
    /// What the deal is called.
    #[schema(max_length = 200, example = "Espresso machines for three branches")]
    pub name: String,
    /// Whether it is open, won or lost.
    pub status: OpportunityStatus,
    /// The business partner who may buy.
    pub party_id: PartyId,
    /// The person there to talk to.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The pipeline it goes through.
    pub pipeline_id: PipelineId,
    /// The stage it is in, or was in when it was won or lost.
    pub stage_id: StageId,
    /// When it entered this stage.
    pub stage_entered_at: DateTime<Utc>,
    /// When an activity about it was last done.
    #[schema(required)]
    pub last_activity_at: Option<DateTime<Utc>>,
    /// When it counts as stalled unless an activity is done or it moves on; null when its stage never stalls.
    #[schema(required)]
    pub stalls_at: Option<DateTime<Utc>>,
    /// When it was found stalled; null again as soon as something is done.
    #[schema(required)]
    pub stalled_at: Option<DateTime<Utc>>,
    /// Currency of all its amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// Whether the amount is the sum of the lines or stated by hand.
    pub amount_source: AmountSource,
    /// What the deal is worth, before tax.
    pub amount: Amount,
    /// How likely it is won, in percent. Won deals have 100, lost ones 0.
    pub probability_percent: Rate,
    /// Whether the probability was stated by hand; otherwise it follows the stage.
    pub probability_is_manual: bool,
    /// The amount times the probability, rounded half away from zero to the minor unit of the currency.
    pub weighted_amount: Amount,
    /// How a forecast counts it.
    pub forecast_category: ForecastCategory,
    /// Whether the category was stated by hand; otherwise it follows the stage.
    pub forecast_category_is_manual: bool,
    /// When the customer is expected to decide.
    #[schema(required)]
    pub expected_close_date: Option<NaiveDate>,
    /// How often the expected close was put off to a later date.
    #[schema(minimum = 0, maximum = 2147483647)]
    pub close_date_pushes: i32,
    /// The user who works on it.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// The lead it came from.
    #[schema(required)]
    pub source_lead_id: Option<LeadId>,
    /// How the customer came to us, as free text.
    #[schema(required, max_length = 100, example = "trade fair")]
    pub source: Option<String>,
    /// The campaign that its lead first came by, in lower case with single spaces.
    #[schema(required, max_length = 200)]
    pub campaign: Option<String>,
    /// The territory it is sold in. It stays when countries change their territory.
    #[schema(required)]
    pub territory_id: Option<TerritoryId>,
    /// Anything else worth knowing.
    #[schema(required, max_length = 10000)]
    pub description: Option<String>,
    /// Why it was lost, in words.
    #[schema(required, max_length = 200)]
    pub loss_reason: Option<String>,
    /// Why it was lost, as the company counts it.
    #[schema(required)]
    pub loss_reason_id: Option<LossReasonId>,
    /// Who else wants to sell; once it is lost, who won it instead of us. Null once it is won.
    #[schema(required, max_length = 200)]
    pub competitor: Option<String>,
    /// Who won it instead of us, as far as it is a known competitor.
    #[schema(required)]
    pub competitor_id: Option<CompetitorId>,
    /// The day it was won or lost, in the company's time zone.
    #[schema(required)]
    pub closed_date: Option<NaiveDate>,
    /// The instant it was won or lost.
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// Days from its creation to its closing; a day that was begun counts as a whole one.
    #[schema(required, minimum = 0, maximum = 2147483647)]
    pub days_to_close: Option<i32>,
    /// When the next planned activity about it is due; null when nothing is planned or nothing planned has a due time.
    #[schema(required)]
    pub next_activity_at: Option<DateTime<Utc>>,
    /// What the customer may buy.
    #[schema(max_items = 500)]
    pub lines: Vec<OpportunityLine>,
    /// Who shares it, 100 percent together; none when it is its owner's alone.
    #[schema(max_items = 50)]
    pub splits: Vec<OpportunitySplit>,
    /// The people of the customer and what they are in it.
    #[schema(max_items = 50)]
    pub contact_roles: Vec<ContactRole>,
    /// Who else wants to sell.
    #[schema(max_items = 20)]
    pub competitors: Vec<OpportunityCompetitor>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Opportunity, OpportunityId, "opportunity", company: |o| Some(o.company_id), party: |o| Some(o.party_id), actions: |o| o.status.actions(), parts: lines }

/// A deal to create. It starts open.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOpportunity {
    /// The company that sells.
    pub company_id: CompanyId,
    /// What the deal is called.
    #[schema(min_length = 1, max_length = 200, example = "Espresso machines for three branches")]
    pub name: String,
    /// The business partner who may buy.
    pub party_id: PartyId,
    /// The person there to talk to.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The pipeline it goes through; the company's default when left out.
    #[serde(default)]
    pub pipeline_id: Option<PipelineId>,
    /// The stage it starts in; the first of the pipeline when left out.
    #[serde(default)]
    pub stage_id: Option<StageId>,
    /// Currency of all its amounts, ISO 4217; the company's when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Where the amount comes from; `manual` when an amount is given, else `lines`.
    #[serde(default)]
    pub amount_source: Option<AmountSource>,
    /// What the deal is worth, before tax. Not together with `amount_source` lines.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// How likely it is won, 0 to 100; that of the stage when left out.
    #[serde(default)]
    pub probability_percent: Option<Rate>,
    /// How a forecast counts it, never `closed`; as the stage says when left out.
    #[serde(default)]
    pub forecast_category: Option<ForecastCategory>,
    /// When the customer is expected to decide.
    #[serde(default)]
    pub expected_close_date: Option<NaiveDate>,
    /// The user who works on it; the caller when left out.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// How the customer came to us.
    #[serde(default)]
    #[schema(max_length = 100, example = "trade fair")]
    pub source: Option<String>,
    /// The territory it is sold in; that of the country of the party's first address when left out.
    #[serde(default)]
    pub territory_id: Option<TerritoryId>,
    /// Anything else worth knowing.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    /// Who else wants to sell.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub competitor: Option<String>,
    /// What the customer may buy, in this order.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub lines: Vec<NewOpportunityLine>,
    /// Who shares it: 100 percent together, or none.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub splits: Vec<NewOpportunitySplit>,
    /// The people of the customer and what they are in it.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub contact_roles: Vec<NewContactRole>,
    /// Who else wants to sell, known competitors.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub competitor_ids: Vec<CompetitorId>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to an open deal. Its stage changes by `advance`, its end by `win` and `lose`.
    pub struct OpportunityPatch {
        /// What the deal is called.
        set name: String [min_length = 1, max_length = 200],
        /// The business partner who may buy.
        set party_id: PartyId,
        /// The person there to talk to.
        clear contact_id: ContactId,
        /// Currency of all its amounts, ISO 4217. Prices of lines stay as they are.
        set currency: String [min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$"],
        /// Where the amount comes from. Changing to `lines` forgets the stated amount.
        set amount_source: AmountSource,
        /// What the deal is worth, before tax. Only while the amount is stated by hand.
        set amount: Amount,
        /// How likely it is won, 0 to 100; null lets it follow the stage again.
        clear probability_percent: Rate,
        /// How a forecast counts it, never `closed`; null lets it follow the stage again.
        clear forecast_category: ForecastCategory,
        /// When the customer is expected to decide.
        clear expected_close_date: NaiveDate,
        /// The user who works on it.
        clear owner_id: UserId,
        /// How the customer came to us.
        clear source: String [max_length = 100],
        /// The territory it is sold in.
        clear territory_id: TerritoryId,
        /// Anything else worth knowing.
        clear description: String [max_length = 10000],
        /// Who else wants to sell.
        clear competitor: String [max_length = 200],
        /// What the customer may buy; replaces all lines.
        set lines: Vec<NewOpportunityLine> [max_items = 500],
        /// Who shares it: 100 percent together, or none; replaces all shares.
        set splits: Vec<NewOpportunitySplit> [max_items = 50],
        /// The people of the customer and what they are in it; replaces all roles.
        set contact_roles: Vec<NewContactRole> [max_items = 50],
        /// Who else wants to sell, known competitors; replaces all of them.
        set competitor_ids: Vec<CompetitorId> [max_items = 20],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// To which stage a deal goes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceOpportunity {
    /// The stage, of the same pipeline; an earlier one too.
    pub stage_id: StageId,
    /// Why, for the history.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: Option<String>,
}

/// Why a deal is lost.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoseOpportunity {
    /// The reason in words; those of the loss reason when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "price")]
    pub reason: Option<String>,
    /// The reason as the company counts it. One of the two is needed.
    #[serde(default)]
    pub loss_reason_id: Option<LossReasonId>,
    /// Who won it instead of us, in words.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub competitor: Option<String>,
    /// Who won it instead of us, a known competitor.
    #[serde(default)]
    pub competitor_id: Option<CompetitorId>,
}

/// What hearers of `opportunity.won` need of a won deal: read it from the event's data with
/// `serde_json::from_value::<WonDeal>(event.data.clone())`. Fields not named here are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WonDeal {
    pub id: OpportunityId,
    pub company_id: CompanyId,
    pub party_id: PartyId,
    pub contact_id: Option<ContactId>,
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// Before tax, in `currency`.
    pub amount: Amount,
    pub owner_id: Option<UserId>,
    /// The day it was won, in the company's time zone.
    pub closed_date: Option<NaiveDate>,
    /// In their order; empty when the amount was stated by hand.
    pub lines: Vec<WonLine>,
}

/// A line of a won deal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WonLine {
    pub id: OpportunityLineId,
    pub position: i32,
    /// `None` for a line of text and money only.
    pub product_id: Option<ProductId>,
    pub description: String,
    pub quantity: Quantity,
    pub unit_price: UnitPrice,
    /// 0 to 100.
    pub discount_percent: Rate,
    /// After the discount, before tax, rounded to the currency.
    pub net_amount: Amount,
}
