//! Every foreign key that leads to a party or a contact, with what a merge does to it and how it is read for an export. A
//! test walks the schema and fails when a key is missing here.

use domain::accounting::journal_entries::JournalLine;
use domain::banking::payments::Payment;
use domain::crm::activities::Activity;
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::crm::opportunities::team::ContactRole;
use domain::crm::quotes::Quote;
use domain::directory::contact_merges::ContactMerge;
use domain::directory::contact_preferences::ContactPreference;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::directory::party_merges::PartyMerge;
use domain::directory::relationships::Relationship;
use domain::inventory::serials::Serial;
use domain::marketing::attribution_credits::AttributionDeal;
use domain::marketing::consent_confirmations::ConsentConfirmation;
use domain::marketing::consents::Consent;
use domain::marketing::touchpoints::Touchpoint;
use domain::receivables::allocations::Allocation;
use domain::receivables::credit_notes::CreditNote;
use domain::receivables::invoices::Invoice;
use domain::receivables::open_items::OpenItem;
use domain::sales::deliveries::Delivery;
use domain::sales::orders::SalesOrder;
use domain::sales::returns::CustomerReturn;
use domain::service::cases::Case;
use domain::service::cases::messages::CaseMessage;
use domain::service::entitlements::Entitlement;
use domain::service::surveys::SurveyResponse;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{Bind, Condition, Conn, Record, Result, Statement, list, record};

/// What a merge does to the rows of the one that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMerge {
    /// They follow, and count a version: callers hold them by their ETag.
    Follow,
    /// They follow silently: rows of ledgers, of which the database lets nothing else change.
    FollowUnchanged,
    /// They follow unless the one that stays has a row with the same in these columns; then they stay with the tombstone.
    FollowUnlessDouble(&'static [&'static str]),
    /// The same for parts of a noun, which have no version of their own.
    PartUnlessDouble(&'static [&'static str]),
    /// They stay: they are written with it, or are history.
    Stay,
}

/// One foreign key that leads to a party or a contact.
pub struct Reference {
    pub table: &'static str,
    pub column: &'static str,
    pub on_merge: OnMerge,
    /// The rows of these parties as the API shows them; `None` where they are no more than a copy for looking up.
    pub read: Option<fn(&mut Conn, &[Uuid]) -> Result<Vec<Value>>>,
}

impl Reference {
    /// `invoices.customer_id`
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

const fn key(
    table: &'static str,
    column: &'static str,
    on_merge: OnMerge,
    read: fn(&mut Conn, &[Uuid]) -> Result<Vec<Value>>,
) -> Reference {
    Reference { table, column, on_merge, read: Some(read) }
}

/// Written with the party and found by it alone.
const fn copy(table: &'static str, column: &'static str) -> Reference {
    Reference { table, column, on_merge: OnMerge::Stay, read: None }
}

/// All of them, in alphabetical order.
pub const TO_PARTIES: &[Reference] = &[
    key("activities", "party_id", OnMerge::Follow, |db, ids| rows::<Activity>(db, "party_id", ids)),
    key("allocations", "party_id", OnMerge::FollowUnchanged, |db, ids| rows::<Allocation>(db, "party_id", ids)),
    key("attribution_deals", "party_id", OnMerge::Follow, |db, ids| rows::<AttributionDeal>(db, "party_id", ids)),
    key("cases", "party_id", OnMerge::Follow, |db, ids| rows::<Case>(db, "party_id", ids)),
    key("consent_confirmations", "party_id", OnMerge::Follow, |db, ids| rows::<ConsentConfirmation>(db, "party_id", ids)),
    key("consents", "party_id", OnMerge::Stay, |db, ids| rows::<Consent>(db, "party_id", ids)),
    key("credit_notes", "customer_id", OnMerge::Follow, |db, ids| rows::<CreditNote>(db, "customer_id", ids)),
    key("customer_returns", "customer_id", OnMerge::Follow, |db, ids| rows::<CustomerReturn>(db, "customer_id", ids)),
    key("deliveries", "customer_id", OnMerge::Follow, |db, ids| rows::<Delivery>(db, "customer_id", ids)),
    key("entitlements", "party_id", OnMerge::Follow, |db, ids| rows::<Entitlement>(db, "party_id", ids)),
    key("invoices", "customer_id", OnMerge::Follow, |db, ids| rows::<Invoice>(db, "customer_id", ids)),
    key("journal_lines", "party_id", OnMerge::FollowUnchanged, |db, ids| rows::<JournalLine>(db, "party_id", ids)),
    key("leads", "converted_party_id", OnMerge::Follow, |db, ids| rows::<Lead>(db, "converted_party_id", ids)),
    key("open_items", "party_id", OnMerge::Follow, |db, ids| rows::<OpenItem>(db, "party_id", ids)),
    key("opportunities", "party_id", OnMerge::Follow, |db, ids| rows::<Opportunity>(db, "party_id", ids)),
    key("parties", "merged_into", OnMerge::Follow, |db, ids| rows::<Party>(db, "merged_into", ids)),
    key("parties", "parent_id", OnMerge::Follow, |db, ids| rows::<Party>(db, "parent_id", ids)),
    copy("party_emails", "party_id"),
    copy("party_external_ids", "party_id"),
    copy("party_match_keys", "party_id"),
    copy("party_phones", "party_id"),
    key("party_merges", "loser_id", OnMerge::Stay, |db, ids| rows::<PartyMerge>(db, "loser_id", ids)),
    key("party_merges", "winner_id", OnMerge::Stay, |db, ids| rows::<PartyMerge>(db, "winner_id", ids)),
    key("payments", "party_id", OnMerge::Follow, |db, ids| rows::<Payment>(db, "party_id", ids)),
    key("quotes", "party_id", OnMerge::Follow, |db, ids| rows::<Quote>(db, "party_id", ids)),
    key("relationships", "party_id", OnMerge::FollowUnlessDouble(&["contact_id", "to_date"]), |db, ids| {
        rows::<Relationship>(db, "party_id", ids)
    }),
    key("sales_orders", "customer_id", OnMerge::Follow, |db, ids| rows::<SalesOrder>(db, "customer_id", ids)),
    key("serials", "customer_id", OnMerge::Follow, |db, ids| rows::<Serial>(db, "customer_id", ids)),
    key("survey_responses", "party_id", OnMerge::Follow, |db, ids| rows::<SurveyResponse>(db, "party_id", ids)),
    key("touchpoints", "party_id", OnMerge::Follow, |db, ids| rows::<Touchpoint>(db, "party_id", ids)),
];

/// Those that lead to contacts. Who wrote a message of a case stays as it was.
pub const TO_CONTACTS: &[Reference] = &[
    key("case_messages", "author_contact_id", OnMerge::Stay, |db, ids| rows::<CaseMessage>(db, "author_contact_id", ids)),
    key("cases", "contact_id", OnMerge::Follow, |db, ids| rows::<Case>(db, "contact_id", ids)),
    key("consent_confirmations", "contact_id", OnMerge::Follow, |db, ids| rows::<ConsentConfirmation>(db, "contact_id", ids)),
    key("consents", "contact_id", OnMerge::Stay, |db, ids| rows::<Consent>(db, "contact_id", ids)),
    copy("contact_emails", "contact_id"),
    copy("contact_external_ids", "contact_id"),
    copy("contact_match_keys", "contact_id"),
    copy("contact_phones", "contact_id"),
    key("contact_merges", "loser_id", OnMerge::Stay, |db, ids| rows::<ContactMerge>(db, "loser_id", ids)),
    key("contact_merges", "winner_id", OnMerge::Stay, |db, ids| rows::<ContactMerge>(db, "winner_id", ids)),
    key("contacts", "merged_into", OnMerge::Follow, |db, ids| rows::<Contact>(db, "merged_into", ids)),
    key("leads", "converted_contact_id", OnMerge::Follow, |db, ids| rows::<Lead>(db, "converted_contact_id", ids)),
    key("opportunities", "contact_id", OnMerge::Follow, |db, ids| rows::<Opportunity>(db, "contact_id", ids)),
    key("opportunity_contact_roles", "contact_id", OnMerge::PartUnlessDouble(&["opportunity_id"]), |db, ids| {
        rows::<ContactRole>(db, "contact_id", ids)
    }),
    key("quotes", "contact_id", OnMerge::Follow, |db, ids| rows::<Quote>(db, "contact_id", ids)),
    key("relationships", "contact_id", OnMerge::FollowUnlessDouble(&["party_id", "to_date"]), |db, ids| {
        rows::<Relationship>(db, "contact_id", ids)
    }),
    key("survey_responses", "contact_id", OnMerge::Follow, |db, ids| rows::<SurveyResponse>(db, "contact_id", ids)),
    key("touchpoints", "contact_id", OnMerge::Follow, |db, ids| rows::<Touchpoint>(db, "contact_id", ids)),
    key("contact_preferences", "contact_id", OnMerge::FollowUnlessDouble(&["name"]), |db, ids| {
        rows::<ContactPreference>(db, "contact_id", ids)
    }),
];

/// Into whom those of these parties or contacts were merged that were.
pub fn survivors(db: &mut Conn, table: &'static str, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut s = Statement::new(format!("SELECT id, merged_into FROM {table} WHERE merged_into IS NOT NULL AND id IN ("));
    list(ids).bind(&mut s);
    s.sql(")");
    s.load(db)
}

/// Rows of a table that lead to nobody who was merged away. What stays with a tombstone is the double of what the survivor has.
pub fn not_of_tombstones(table: &str, pointers: &[(&str, &str)]) -> Condition {
    let mut s = Statement::default();
    for (i, (column, target)) in pointers.iter().enumerate() {
        s.sql(if i == 0 { "" } else { " AND " });
        s.sql(format!("NOT EXISTS (SELECT 1 FROM {target} gone WHERE gone.id = {table}.{column} AND gone.merged_into IS NOT NULL)"));
    }
    Condition::Other(s)
}

fn rows<T: Record + Serialize>(db: &mut Conn, column: &'static str, ids: &[Uuid]) -> Result<Vec<Value>> {
    let found = record::by::<T>(db, column, ids)?;
    // plain data with string keys always has a JSON form
    Ok(found.iter().map(|row| serde_json::to_value(row).unwrap_or(Value::Null)).collect())
}
