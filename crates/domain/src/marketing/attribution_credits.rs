//! The ledger of attribution: the deals that may be credited, every change of their figures with the fact that caused it, and
//! what touches earned of it. Written once; only the pipeline is what stands now.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{
    AttributionCreditId, AttributionDealId, AttributionModelId, AttributionRestatementId, CampaignId, CompanyId, InvoiceId, LeadId,
    OpportunityId, PartyId, SalesOrderId, TouchpointId,
};
use crate::kernel::{Amount, Rate};
use crate::marketing::attribution::AttributionBasis;
use crate::marketing::touchpoints::TouchChannel;

crate::words! {
    /// What became of a deal.
    pub enum AttributionDealStatus {
        /// Not decided.
        Open = "open",
        /// Won, ordered or invoiced.
        Won = "won",
        /// Lost, and nothing was ordered.
        Lost = "lost",
    }
}

/// What may be credited: an opportunity with its orders and invoices, an order without an opportunity, or an invoice without an
/// order. Amounts are in the company's currency.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributionDeal {
    /// The id.
    pub id: AttributionDealId,
    /// The company.
    pub company_id: CompanyId,
    /// The opportunity, when it is one.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// The order, when it came without an opportunity.
    #[schema(required)]
    pub order_id: Option<SalesOrderId>,
    /// The invoice, when it came without an order.
    #[schema(required)]
    pub invoice_id: Option<InvoiceId>,
    /// The customer.
    pub party_id: PartyId,
    /// The lead it came from.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// What became of it.
    pub status: AttributionDealStatus,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When its lead was created.
    #[schema(required)]
    pub lead_created_at: Option<DateTime<Utc>>,
    /// When its opportunity was created.
    #[schema(required)]
    pub opportunity_created_at: Option<DateTime<Utc>>,
    /// When it was won, ordered or invoiced; touches after it do not count.
    #[schema(required)]
    pub converted_at: Option<DateTime<Utc>>,
    /// How many touches were seen, in the widest look-back window.
    #[schema(minimum = 0, maximum = 1001)]
    pub touch_count: i32,
    /// What is open of it.
    pub pipeline: Amount,
    /// What was booked.
    pub bookings: Amount,
    /// What was invoiced less credit notes, before tax.
    pub invoiced: Amount,
    /// What was paid.
    pub cash: Amount,
    /// Invoiced less cost of goods.
    pub margin: Amount,
    /// Whether its touches or its rate changed and it waits to be credited anew.
    pub is_stale: bool,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { AttributionDeal, AttributionDealId, "attribution_deal", company: |d| Some(d.company_id), party: |d| Some(d.party_id) }

impl AttributionDeal {
    /// The present figure of a basis.
    pub fn figure(&mut self, basis: AttributionBasis) -> &mut Amount {
        match basis {
            AttributionBasis::Pipeline => &mut self.pipeline,
            AttributionBasis::Bookings => &mut self.bookings,
            AttributionBasis::Invoiced => &mut self.invoiced,
            AttributionBasis::Cash => &mut self.cash,
            AttributionBasis::Margin => &mut self.margin,
        }
    }
}

/// A change of a figure of a deal, or of what its touches earned of it. Never changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributionRestatement {
    /// The id.
    pub id: AttributionRestatementId,
    /// The company.
    pub company_id: CompanyId,
    /// The deal.
    pub deal_id: AttributionDealId,
    /// Its opportunity.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// Which money.
    pub basis: AttributionBasis,
    /// The day that the change counts for.
    pub day: NaiveDate,
    /// The deal's figure before.
    pub before_amount: Amount,
    /// The deal's figure afterwards.
    pub after_amount: Amount,
    /// The difference; zero when only the shares of the touches changed.
    pub change_amount: Amount,
    /// The fact that caused it.
    #[schema(max_length = 100, example = "credit_note.posted")]
    pub reason: String,
    /// What the fact is about.
    #[schema(required, max_length = 60)]
    pub cause_id: Option<String>,
    /// Always 1.
    #[schema(minimum = 1, maximum = 1)]
    pub version: i64,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated AttributionRestatement, AttributionRestatementId, "attribution_restatement", company: |r| Some(r.company_id) }

/// What a touch earned of a change, by a model. Credits of a deal, basis and touch sum to what it earned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributionCredit {
    /// The id.
    pub id: AttributionCreditId,
    /// The company.
    pub company_id: CompanyId,
    /// The model; null for what no model could give to a touch because there is none.
    #[schema(required)]
    pub model_id: Option<AttributionModelId>,
    /// The deal.
    pub deal_id: AttributionDealId,
    /// Its opportunity.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// The change it was written for.
    pub restatement_id: AttributionRestatementId,
    /// Which money.
    pub basis: AttributionBasis,
    /// The day it counts for.
    pub day: NaiveDate,
    /// The touch; null for what is unattributed.
    #[schema(required)]
    pub touchpoint_id: Option<TouchpointId>,
    /// Its campaign.
    #[schema(required)]
    pub campaign_id: Option<CampaignId>,
    /// `utm_campaign` in normal form.
    #[schema(required, max_length = 200)]
    pub campaign: Option<String>,
    /// By which way the visitor came.
    #[schema(required)]
    pub channel: Option<TouchChannel>,
    /// `utm_source` in normal form.
    #[schema(required, max_length = 200)]
    pub source: Option<String>,
    /// `utm_medium` in normal form.
    #[schema(required, max_length = 200)]
    pub medium: Option<String>,
    /// The share of the touch when this was written, ten places; the shares of a conversion sum to exactly 1.
    pub weight: Rate,
    /// How much more or less it earned, in the company's currency.
    pub amount: Amount,
    /// Always 1.
    #[schema(minimum = 1, maximum = 1)]
    pub version: i64,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated AttributionCredit, AttributionCreditId, "attribution_credit", company: |c| Some(c.company_id) }
