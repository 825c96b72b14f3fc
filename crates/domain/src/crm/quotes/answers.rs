//! What is said about a quote by others than its author: the customer's answer, and what the customer sees of it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AnswerChannel, Quote, QuoteAnswer, QuoteLine, QuoteParty, QuoteStatus};
use crate::directory::addresses::Address;
use crate::directory::products::TaxClass;
use crate::ids::{CompanyId, OpportunityId, PartyId, ProductId, QuoteId, UnitId, UserId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Amount, Quantity, Rate, Result, UnitPrice};

/// An acceptance that a user writes down.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuote {
    /// Who said yes.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// The e-mail address of who said yes.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: Option<String>,
    /// The customer's own number for the order.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub customer_reference: Option<String>,
    /// Whether the opportunity is won with it; as the quote says when left out.
    #[serde(default)]
    pub win_opportunity: Option<bool>,
}

/// A rejection that a user writes down.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectQuote {
    /// Reason, as free text.
    #[schema(min_length = 1, max_length = 500, example = "Too expensive")]
    pub reason: String,
}

/// What is different in the next revision; all else is taken over.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviseQuote {
    /// The last day on which the revision can be accepted; 30 days from today when left out.
    #[serde(default)]
    pub valid_until: Option<NaiveDate>,
}

/// The signature of who accepts a quote through its link.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuoteByLink {
    /// Your name.
    #[schema(min_length = 1, max_length = 200, example = "Ana Trujillo")]
    pub name: String,
    /// Your e-mail address.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "ana@example.com")]
    pub email: String,
    /// Your own number for the order.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub customer_reference: Option<String>,
}

/// Why a quote is rejected through its link.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectQuoteByLink {
    /// Reason, as free text.
    #[schema(min_length = 1, max_length = 500, example = "Too expensive")]
    pub reason: String,
    /// Your name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Your e-mail address.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: Option<String>,
}

/// A quote as its recipient sees it: nothing that is only ours.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicQuote {
    /// The number.
    #[schema(required, max_length = 40)]
    pub number: Option<String>,
    /// Which revision of the number this is, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub revision: i32,
    /// Current status.
    pub status: QuoteStatus,
    /// Whether it can be accepted or rejected now.
    pub can_be_answered: bool,
    /// Title shown to the customer.
    #[schema(max_length = 200)]
    pub title: String,
    /// Who offers.
    pub seller: QuoteParty,
    /// To whom.
    pub customer: QuoteParty,
    /// Where the goods would go.
    #[schema(required)]
    pub shipping_address: Option<Address>,
    /// Time of creation.
    pub quote_date: NaiveDate,
    /// The last day on which it can be accepted, in the time zone of who offers.
    pub valid_until: NaiveDate,
    /// The instant it can no longer be accepted.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Days from the invoice until payment is due.
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_terms_days: i32,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3)]
    pub currency: String,
    /// Whether prices have the tax inside.
    pub prices_include_tax: bool,
    /// What is offered.
    #[schema(max_items = 1000)]
    pub lines: Vec<PublicQuoteLine>,
    /// Freight, without tax, or with it when prices include tax.
    pub freight_amount: Amount,
    /// All without tax.
    pub net_total: Amount,
    /// The taxes by rate.
    #[schema(max_items = 100)]
    pub taxes: Vec<PublicQuoteTax>,
    /// All with tax.
    pub total: Amount,
    /// What is to be read below the lines.
    #[schema(required, max_length = 5000)]
    pub note: Option<String>,
    /// When it was accepted or rejected.
    #[schema(required)]
    pub answered_at: Option<DateTime<Utc>>,
}

/// A line as its recipient sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicQuoteLine {
    /// Position among the lines, starting at 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub position: i32,
    /// Text of the line on documents; the name of the product unless another was given.
    #[schema(max_length = 500)]
    pub description: String,
    /// Quantity.
    pub quantity: Quantity,
    /// Price of one before discount.
    pub unit_price: UnitPrice,
    /// Discount in percent.
    pub discount_percent: Rate,
    /// Quantity × price less discount.
    pub amount: Amount,
}

/// A tax as the recipient of a quote sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicQuoteTax {
    /// The short code.
    #[schema(max_length = 20)]
    pub code: String,
    /// Per cent, or money for one unit.
    pub rate: Rate,
    /// What the tax is computed on.
    pub base: Amount,
    /// What is charged.
    pub amount: Amount,
}

impl PublicQuote {
    /// What the recipient sees at this moment. A quote whose time is over shows as expired, told or not.
    pub fn of(q: &Quote, now: DateTime<Utc>) -> Self {
        let over = q.status == QuoteStatus::Sent && q.is_over(now);
        let line = |l: &QuoteLine| PublicQuoteLine {
            position: l.position,
            description: l.description.clone(),
            quantity: l.quantity,
            unit_price: l.unit_price,
            discount_percent: l.discount_percent,
            amount: l.line_amount,
        };
        PublicQuote {
            number: q.number.clone(),
            revision: q.revision,
            status: if over { QuoteStatus::Expired } else { q.status },
            can_be_answered: q.status == QuoteStatus::Sent && !over,
            title: q.title.clone(),
            seller: q.seller.clone(),
            customer: q.customer.clone(),
            shipping_address: q.shipping_address.clone(),
            quote_date: q.quote_date,
            valid_until: q.valid_until,
            expires_at: q.expires_at,
            payment_terms_days: q.payment_terms_days,
            currency: q.currency.clone(),
            prices_include_tax: q.prices_include_tax,
            lines: q.lines.iter().map(line).collect(),
            freight_amount: q.freight_amount,
            net_total: q.net_total,
            taxes: q.taxes.iter().map(|t| PublicQuoteTax { code: t.code.clone(), rate: t.rate, base: t.base, amount: t.amount }).collect(),
            total: q.total,
            note: q.note.clone(),
            answered_at: q.answer.as_ref().map(|a| a.at),
        }
    }
}

/// What hearers of `quote.converted` need of a quote: read it from the event's data with
/// `serde_json::from_value::<ConvertedQuote>(event.data.clone())`. Fields not named here are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ConvertedQuote {
    pub id: QuoteId,
    pub company_id: CompanyId,
    pub party_id: PartyId,
    pub opportunity_id: Option<OpportunityId>,
    pub owner_id: Option<UserId>,
    pub customer_reference: Option<String>,
    pub shipping_address: Option<Address>,
    /// Days from the invoice until payment is due.
    pub payment_terms_days: i32,
    /// What the customer reads below the lines.
    pub note: Option<String>,
    /// ISO 4217.
    pub currency: String,
    pub prices_include_tax: bool,
    pub freight_amount: Amount,
    pub freight_tax_class: TaxClass,
    /// In their order.
    pub lines: Vec<ConvertedLine>,
}

/// A line of a converted quote.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ConvertedLine {
    pub product_id: Option<ProductId>,
    pub description: String,
    pub quantity: Quantity,
    pub unit_id: Option<UnitId>,
    pub unit_price: UnitPrice,
    pub discount_percent: Rate,
    pub tax_class: TaxClass,
}

impl AcceptQuoteByLink {
    /// The acceptance as signed, without where it came from.
    ///
    /// # Errors
    /// `invalid_body` for a blank name.
    pub fn signature(&self, at: DateTime<Utc>) -> Result<QuoteAnswer> {
        let name = Some(filled(&self.name, "/name")?);
        Ok(QuoteAnswer { accepted: true, name, email: Some(self.email.clone()), ..by_link(at) })
    }
}

impl RejectQuoteByLink {
    /// The rejection as signed, without where it came from.
    ///
    /// # Errors
    /// `invalid_body` for a blank reason.
    pub fn signature(&self, at: DateTime<Utc>) -> Result<QuoteAnswer> {
        let reason = Some(filled(&self.reason, "/reason")?);
        Ok(QuoteAnswer { name: trimmed(self.name.clone()), email: self.email.clone(), reason, ..by_link(at) })
    }
}

fn by_link(at: DateTime<Utc>) -> QuoteAnswer {
    QuoteAnswer {
        accepted: false,
        at,
        channel: AnswerChannel::Link,
        name: None,
        email: None,
        reason: None,
        address: None,
        user_agent: None,
        user_id: None,
    }
}
