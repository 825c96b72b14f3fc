//! Quotes: priced and taxed offers with a number, revisions and an end. What they may become is decided in
//! `quote_steps`; who may do so and how a customer without an account gets at one is not known here.

pub mod answers;
pub mod lines;
pub mod steps;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::crm::quotes::lines::{NewQuoteLine, QuoteLine, QuoteLinePatch};
use crate::directory::addresses::Address;
use crate::directory::products::TaxClass;
pub use crate::ids::QuoteLineId;
use crate::ids::{CompanyId, ContactId, OpportunityId, PartyId, QuoteId, SalesOrderId, UserId};
use crate::kernel::Amount;
use crate::receivables::invoices::lines::DocumentTax;

crate::words! {
    /// Where a quote stands.
    pub enum QuoteStatus {
        /// Can still change; nobody outside has seen it.
        Draft = "draft",
        /// With the customer, who may accept or reject it until its validity ends.
        Sent = "sent",
        /// The customer said yes.
        Accepted = "accepted",
        /// The customer said no.
        Rejected = "rejected",
        /// Nobody answered in time.
        Expired = "expired",
        /// It became a sales order.
        Converted = "converted",
        /// A newer revision took its place.
        Superseded = "superseded",
    }
    /// How a customer answered.
    pub enum AnswerChannel {
        /// Through the public link of the quote.
        Link = "link",
        /// To a user, who wrote it down.
        User = "user",
    }
}

/// A priced and taxed offer to a business partner.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Quote {
    /// The id.
    pub id: QuoteId,
    /// The company that offers.
    pub company_id: CompanyId,
    /// The number, without gaps in company and year; given when the quote is sent. All revisions share it.
    #[schema(required, max_length = 40, example = "QUO-2026-00012")]
    pub number: Option<String>,
    /// Which revision of the number this is, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub revision: i32,
    /// The revision that this one took the place of.
    #[schema(required)]
    pub previous_revision_id: Option<QuoteId>,
    /// The revision that took the place of this one.
    #[schema(required)]
    pub superseded_by_id: Option<QuoteId>,
    /// Where it stands.
    pub status: QuoteStatus,
    /// What it is about.
    #[schema(max_length = 200, example = "Espresso machines for three branches")]
    pub title: String,
    /// The opportunity it belongs to.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// Whether the opportunity is won when the customer accepts.
    pub wins_opportunity: bool,
    /// The business partner it is for.
    pub party_id: PartyId,
    /// The person there it is sent to.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The user who made it.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// The company's name and address as printed, as they were when it was last priced or sent.
    pub seller: QuoteParty,
    /// The customer's name and address as printed, as they were when it was last priced or sent.
    pub customer: QuoteParty,
    /// Where the goods would go, as printed.
    #[schema(required)]
    pub shipping_address: Option<Address>,
    /// The day whose taxes hold: that of the sending, or of the draft so far.
    pub quote_date: NaiveDate,
    /// The last day on which it can be accepted, in the company's time zone.
    pub valid_until: NaiveDate,
    /// The instant it can no longer be accepted, once it is sent.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Days from the invoice until payment is due.
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_terms_days: i32,
    /// Currency of all its amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// Whether prices have the tax inside.
    pub prices_include_tax: bool,
    /// Freight, without tax, or with it when prices include tax.
    pub freight_amount: Amount,
    /// Which rate of tax freight falls under.
    pub freight_tax_class: TaxClass,
    /// Freight with tax.
    pub freight_gross: Amount,
    /// All lines and freight without tax.
    pub net_total: Amount,
    /// Tax on all lines and freight.
    pub tax_total: Amount,
    /// All lines and freight with tax.
    pub total: Amount,
    /// The taxes by code; they sum to `tax_total`.
    #[schema(max_items = 100)]
    pub taxes: Vec<DocumentTax>,
    /// What the customer reads below the lines.
    #[schema(required, max_length = 5000)]
    pub note: Option<String>,
    /// The customer's own number for the order, told with the acceptance.
    #[schema(required, max_length = 100)]
    pub customer_reference: Option<String>,
    /// How it was accepted or rejected, with what is known of who did it.
    #[schema(required)]
    pub answer: Option<QuoteAnswer>,
    /// Why the opportunity was not won with the acceptance although it should have been.
    #[schema(required, max_length = 500)]
    pub win_problem: Option<String>,
    /// When it was sent.
    #[schema(required)]
    pub sent_at: Option<DateTime<Utc>>,
    /// When it became an order.
    #[schema(required)]
    pub converted_at: Option<DateTime<Utc>>,
    /// The order it became.
    #[schema(required)]
    pub sales_order_id: Option<SalesOrderId>,
    /// The public link, in the answer of the sending alone.
    #[schema(required)]
    pub link: Option<QuoteLink>,
    /// What is offered.
    #[schema(max_items = 1000)]
    pub lines: Vec<QuoteLine>,
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

crate::entity! { Quote, QuoteId, "quote", company: |o| Some(o.company_id), party: |o| Some(o.party_id), actions: |o| o.status.actions(), parts: lines }

/// Somebody as printed on a quote. A copy: what changes in the directory later rewrites no quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuoteParty {
    /// The name; empty once a person's data was erased.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: String,
    /// The person to talk to.
    #[schema(required, max_length = 200)]
    pub contact: Option<String>,
    /// The tax registration number.
    #[schema(required, max_length = 50)]
    pub tax_id: Option<String>,
    /// The address.
    #[schema(required)]
    pub address: Option<Address>,
}

/// How a quote was accepted or rejected: the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuoteAnswer {
    /// Whether it was accepted.
    pub accepted: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// How the answer came.
    pub channel: AnswerChannel,
    /// Who answered, as signed.
    #[schema(required, max_length = 200)]
    pub name: Option<String>,
    /// The e-mail address of who answered, as signed.
    #[schema(required, max_length = 254)]
    pub email: Option<String>,
    /// Why it was rejected.
    #[schema(required, max_length = 500)]
    pub reason: Option<String>,
    /// The network address that the answer came from, for answers through the link.
    #[schema(required, max_length = 45)]
    pub address: Option<String>,
    /// The program that the answer came from, as it says itself, for answers through the link.
    #[schema(required, max_length = 300)]
    pub user_agent: Option<String>,
    /// The user who wrote the answer down.
    #[schema(required)]
    pub user_id: Option<UserId>,
}

/// The public link of a quote. It is shown once and not stored; a lost one is replaced by a revision.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuoteLink {
    /// What stands for the quote in `/v1/crm/quote-links/{token}`.
    #[schema(max_length = 400)]
    pub token: String,
    /// The path of the link on this server.
    #[schema(max_length = 500)]
    pub path: String,
    /// Until when the link works. The quote itself cannot be accepted after its validity.
    pub expires_at: DateTime<Utc>,
}

/// A quote to make. It starts as a draft without a number.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuote {
    /// The company that offers.
    pub company_id: CompanyId,
    /// The opportunity to make it from: party, contact, currency and lines are taken from there where they are left out.
    #[serde(default)]
    pub opportunity_id: Option<OpportunityId>,
    /// Whether the opportunity is won when the customer accepts; false when left out.
    #[serde(default)]
    pub wins_opportunity: bool,
    /// What it is about; the name of the opportunity or of the party when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "Espresso machines for three branches")]
    pub title: Option<String>,
    /// The business partner it is for; needed without an opportunity.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// The person there it is sent to.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The user who is responsible; the caller when left out.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// Where the invoice goes; the party's billing address when left out.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// Where the goods go; the party's shipping address when left out.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// The last day on which it can be accepted; 30 days from today when left out.
    #[serde(default)]
    pub valid_until: Option<NaiveDate>,
    /// Days from the invoice until payment is due; the party's when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    pub payment_terms_days: Option<i32>,
    /// Currency of all its amounts, ISO 4217; the opportunity's or the party's when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Whether prices have the tax inside; as the company says when left out. The lines of an opportunity have none inside.
    #[serde(default)]
    pub prices_include_tax: Option<bool>,
    /// Freight, without tax, or with it when prices include tax.
    #[serde(default)]
    pub freight_amount: Amount,
    /// Which rate of tax freight falls under; standard when left out.
    #[serde(default)]
    pub freight_tax_class: Option<TaxClass>,
    /// What the customer reads below the lines.
    #[serde(default)]
    #[schema(max_length = 5000)]
    pub note: Option<String>,
    /// What is offered, in this order; the lines of the opportunity when left out.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub lines: Option<Vec<NewQuoteLine>>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a draft. Lines are replaced as a whole; single lines have endpoints of their own.
    pub struct QuotePatch {
        /// What it is about.
        set title: String [min_length = 1, max_length = 200],
        /// Whether the opportunity is won when the customer accepts.
        set wins_opportunity: bool,
        /// The person there it is sent to.
        clear contact_id: ContactId,
        /// The user who is responsible.
        clear owner_id: UserId,
        /// Where the invoice goes.
        clear billing_address: Address,
        /// Where the goods go.
        clear shipping_address: Address,
        /// The last day on which it can be accepted.
        set valid_until: NaiveDate,
        /// Days from the invoice until payment is due.
        set payment_terms_days: i32 [minimum = 0, maximum = 3650],
        /// Freight.
        set freight_amount: Amount,
        /// Which rate of tax freight falls under.
        set freight_tax_class: TaxClass,
        /// What the customer reads below the lines.
        clear note: String [max_length = 5000],
        /// What is offered; replaces all lines.
        set lines: Vec<NewQuoteLine> [max_items = 1000],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}
