//! The consolidated view of one customer: what every area has to say about a party, in bounded summaries.
//! Each area fills its own part through a question; nobody reads the tables of another.

mod finance;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use self::finance::{Ageing, BalanceAsOf, FinanceOfParty, FinanceOfPartyAsOf, FinanceOverview, InvoiceSummary, PartyBalance};
use super::contact_preferences::ContactPreference;
use super::contacts::Contact;
use super::parties::Party;
use super::relationships::Relationship;
use super::timeline::TimelineEntry;
use crate::ids::{CompanyId, PartyId};
use crate::kernel::{Amount, Code, Rate};

/// Entries of each list in an overview at most.
pub const TOP: i64 = 10;

/// Sections of the overview that every server has. Those that areas add have their names too.
pub const SECTIONS: [&str; 5] = ["contacts", "crm", "sales", "finance", "timeline"];
/// Sections that are known of a past day as exactly as of today.
pub const OF_A_DAY: [&str; 2] = ["sales", "finance"];

/// The section is not known of a past day.
pub const NOT_OF_A_DAY: Code =
    Code::invalid("overview.not_of_a_day", "Only the sections sales and finance are known exactly of a past day.");
/// A day that is not over cannot be looked back to.
pub const DAY_AHEAD: Code = Code::invalid("overview.day_ahead", "The day is still to come.");

/// Which sections are wanted, and of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewFilter {
    /// Names of the sections wanted, separated by commas: `contacts`, `crm`, `sales`, `finance`, `timeline`, `cases`, `quotes`.
    /// All when left out. The party itself is always there.
    #[param(max_length = 500, example = "finance,cases")]
    pub include: Option<String>,
    /// What was owed and on order at the end of this day, in `as_of`, and nothing else. Only `sales` and `finance` can be
    /// included with it. They describe the party as it is today, with all that was merged into it since.
    pub as_of: Option<NaiveDate>,
}

/// What was owed and on order at the end of a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OverviewAsOf {
    /// The day, at its end in the time zone of each company.
    pub as_of_date: NaiveDate,
    /// What was owed, by company and currency; null when it was not asked for or the caller may not read it.
    #[schema(required, max_items = 200)]
    pub balances: Option<Vec<BalanceAsOf>>,
    /// What was on order; null when it was not asked for or the caller may not read it.
    #[schema(required)]
    pub orders: Option<OrdersAsOf>,
}

/// The orders of a party that were confirmed by the end of a day. How far they were shipped and billed at that time is not
/// included.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct OrdersAsOf {
    /// Confirmed by then, and neither closed nor cancelled by then.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_order_count: i64,
    /// The latest of those confirmed by then; at most ten.
    #[schema(max_items = 10)]
    pub latest_orders: Vec<OrderAsOf>,
}

/// An order as it was at the end of a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderAsOf {
    /// The order.
    #[schema(value_type = crate::ids::SalesOrderId)]
    pub id: String,
    /// The company that sells.
    pub company_id: CompanyId,
    /// Its number.
    #[schema(required, max_length = 50)]
    pub number: Option<String>,
    /// Its business date.
    pub order_date: NaiveDate,
    /// Where it stood: `confirmed`, `closed` or `cancelled`.
    #[schema(max_length = 50)]
    pub status: String,
    /// All lines and freight with tax, as confirmed.
    pub total: Amount,
    /// The currency of the total.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
}

/// Everything known about one party, read at one moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyOverview {
    /// The moment all figures belong to.
    pub taken_at: DateTime<Utc>,
    /// The party itself.
    pub party: Party,
    /// People who belong to it now, the primary one first; at most ten.
    #[schema(max_items = 10)]
    pub contacts: Vec<PartyContact>,
    /// Leads, deals and activities; null when the caller may not read them.
    #[schema(required)]
    pub crm: Option<FrontOverview>,
    /// Orders and their fulfilment; null when the caller may not read them.
    #[schema(required)]
    pub sales: Option<OrdersOverview>,
    /// Invoices, balance, ageing and credit; null when the caller may not read them.
    #[schema(required)]
    pub finance: Option<FinanceOverview>,
    /// What other areas add, each in brief: quotes and whatever else joins. Sections are added without notice.
    #[schema(max_items = 50)]
    pub sections: Vec<OverviewPart>,
    /// What was owed and on order at the end of the day asked for; null when none was.
    #[schema(required)]
    pub as_of: Option<OverviewAsOf>,
    /// Names of the sections that were asked for.
    #[schema(max_items = 60)]
    pub included: Vec<String>,
    /// The latest events that concern it and that the caller may see, newest first; at most ten.
    #[schema(max_items = 10)]
    pub timeline: Vec<TimelineEntry>,
    /// Names of the sections that are null or missing because the caller lacks a permission.
    #[schema(max_items = 60)]
    pub withheld: Vec<String>,
    /// Where the whole lists are.
    pub links: OverviewLinks,
}

/// What one area adds to the overview of a party.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OverviewPart {
    /// What it is about: `quotes`.
    #[schema(max_length = 50, example = "quotes")]
    pub name: String,
    /// Number of open records.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_count: i64,
    /// Its records, the latest first; at most ten.
    #[schema(max_items = 10)]
    pub latest: Vec<OverviewItem>,
    /// The path of the whole list.
    #[schema(max_length = 200)]
    pub link: String,
}

/// A record of an area in brief.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OverviewItem {
    /// Its id.
    #[schema(max_length = 40)]
    pub id: String,
    /// The company whose it is.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// Its number, once it has one.
    #[schema(required, max_length = 50)]
    pub number: Option<String>,
    /// One-line summary.
    #[schema(max_length = 300)]
    pub title: String,
    /// Current status.
    #[schema(max_length = 50)]
    pub status: String,
    /// What it is worth, with tax.
    #[schema(required)]
    pub amount: Option<Amount>,
    /// Currency of the amount, ISO 4217.
    #[schema(required, max_length = 3)]
    pub currency: Option<String>,
    /// When it came to be.
    pub created_at: DateTime<Utc>,
    /// Until when something is to happen to it.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
}

/// A person and the role at the party.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyContact {
    /// The relationship.
    pub relationship: Relationship,
    /// The person.
    pub contact: Contact,
    /// What the person likes; the first ten.
    #[schema(max_items = 10)]
    pub preferences: Vec<ContactPreference>,
}

/// Paths of the whole lists behind the sections.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OverviewLinks {
    /// Its relationships with people.
    #[schema(max_length = 200)]
    pub relationships: String,
    /// All events that concern it.
    #[schema(max_length = 200)]
    pub timeline: String,
    /// Its opportunities.
    #[schema(max_length = 200)]
    pub opportunities: String,
    /// Its orders.
    #[schema(max_length = 200)]
    pub orders: String,
    /// Its invoices.
    #[schema(max_length = 200)]
    pub invoices: String,
}

/// What the front office knows of a party.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct FrontOverview {
    /// How many opportunities are open.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_opportunity_count: i64,
    /// Open opportunities, the next expected to close first; at most ten.
    #[schema(max_items = 10)]
    pub open_opportunities: Vec<OpportunitySummary>,
    /// What the open opportunities are worth, by currency.
    #[schema(max_items = 200)]
    pub open_opportunity_values: Vec<DealValue>,
    /// How many opportunities were won.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub won_opportunity_count: i64,
    /// Won opportunities, the latest first; at most ten.
    #[schema(max_items = 10)]
    pub won_opportunities: Vec<OpportunitySummary>,
    /// How many leads are open.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_lead_count: i64,
    /// Open leads, newest first; at most ten.
    #[schema(max_items = 10)]
    pub open_leads: Vec<LeadSummary>,
    /// How many activities are still to be done.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_activity_count: i64,
    /// Activities to be done, the next due first; at most ten.
    #[schema(max_items = 10)]
    pub next_activities: Vec<ActivitySummary>,
    /// When an activity about it was last done.
    #[schema(required)]
    pub last_touch_at: Option<DateTime<Utc>>,
    /// What it is worth to each company that it bought from; at most ten, and none for callers who may not see that.
    #[schema(max_items = 10)]
    pub customer_values: Vec<CustomerValue>,
}

/// What a customer is worth to a company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerValue {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// Currency of the amounts, ISO 4217: the company's.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
    /// Revenue to date less credit notes and the cost of what was delivered: the historic lifetime value.
    pub margin_amount: Amount,
    /// How likely the customer has left, in percent: 100 less the probability to be alive. Null until something was learnt of
    /// the company's customers.
    #[schema(required)]
    pub churn_risk_percent: Option<Rate>,
    /// Margin expected in the next 365 days; null likewise.
    #[schema(required)]
    pub expected_margin_amount: Option<Amount>,
    /// The whole answer.
    #[schema(max_length = 200)]
    pub link: String,
}

/// What deals in one currency are worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DealValue {
    /// Currency of the amounts, ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
    /// The sum of the amounts.
    pub amount: Amount,
    /// The sum of the amounts times their probabilities.
    pub weighted_amount: Amount,
}

/// A deal in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpportunitySummary {
    /// The id of the opportunity.
    #[schema(value_type = crate::ids::OpportunityId)]
    pub id: String,
    /// Name of the opportunity.
    #[schema(max_length = 300)]
    pub name: String,
    /// The stage it is in, by name.
    #[schema(max_length = 200)]
    pub stage: String,
    /// What it is worth.
    pub amount: Amount,
    /// What it is worth times the chance to win it.
    pub weighted_amount: Amount,
    /// Currency of the amount, ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
    /// Chance to win it, in percent.
    #[schema(required)]
    pub probability: Option<Rate>,
    /// When it is expected to close.
    #[schema(required)]
    pub expected_close_date: Option<NaiveDate>,
}

/// An open lead in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadSummary {
    /// The id of the lead.
    #[schema(value_type = crate::ids::LeadId)]
    pub id: String,
    /// One-line summary.
    #[schema(max_length = 300)]
    pub title: String,
    /// Current status.
    #[schema(max_length = 50)]
    pub status: String,
    /// When it came in.
    pub created_at: DateTime<Utc>,
}

/// An activity to be done, in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActivitySummary {
    /// The id of the activity.
    #[schema(value_type = crate::ids::ActivityId)]
    pub id: String,
    /// Call, meeting, task and so on.
    #[schema(max_length = 50)]
    pub kind: String,
    /// What is to be done.
    #[schema(max_length = 300)]
    pub subject: String,
    /// When it is due.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
}

/// Orders of a party.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct OrdersOverview {
    /// How many orders are confirmed and neither finished nor cancelled.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub open_order_count: i64,
    /// Its orders, newest first; at most ten.
    #[schema(max_items = 10)]
    pub latest_orders: Vec<OrderSummary>,
}

/// An order in brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderSummary {
    /// The id of the order.
    #[schema(value_type = crate::ids::SalesOrderId)]
    pub id: String,
    /// The company whose order it is.
    pub company_id: CompanyId,
    /// Its number, once it has one.
    #[schema(required, max_length = 50)]
    pub number: Option<String>,
    /// When it was placed.
    pub order_date: NaiveDate,
    /// Current status.
    #[schema(max_length = 50)]
    pub status: String,
    /// Fulfilment status.
    #[schema(max_length = 50)]
    pub fulfilment_status: String,
    /// Invoicing status.
    #[schema(max_length = 50)]
    pub billing_status: String,
    /// Total with tax.
    pub total: Amount,
    /// Currency of the total, ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
}

crate::questions! {
    /// What the front office knows of a party: leads, deals, activities. Lists hold at most [`TOP`].
    FrontOfParty<'a>(PartyId) -> FrontOverview;
    /// The orders of a party, of the companies that the caller may see.
    OrdersOfParty<'a>(PartyId) -> OrdersOverview;
    /// What a party had on order at the end of a day, exactly, at the companies that the caller may see.
    OrdersOfPartyAsOf<'a>((PartyId, NaiveDate)) -> OrdersAsOf;
}
