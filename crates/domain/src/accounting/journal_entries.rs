//! Journal entries: draft, posted, reversed by another entry. What is posted balances and never changes again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::posting::{Journal, ModuleClass};
use crate::ids::{AccountId, CompanyId, JournalEntryId, JournalLineId, PartyId, ProductId, TaxCodeId, UserId};
use crate::kernel::{Amount, Code, FieldError, Rate, Result, problems};

crate::words! {
    /// Where a journal entry stands.
    pub enum EntryStatus {
        /// May still change; counts nowhere.
        Draft = "draft",
        /// In the books for good.
        Posted = "posted",
    }
}

pub const NOT_A_DRAFT: Code = Code::conflict("journal_entry.not_a_draft", "Only draft entries change; a posted entry is reversed.");
pub const UNBALANCED: Code = Code::invalid("journal_entry.unbalanced", "Debits and credits of the entry differ.");
pub const TOO_FEW_LINES: Code = Code::invalid("journal_entry.too_few_lines", "An entry has at least two lines.");
pub const ONE_SIDE: Code = Code::invalid("journal_entry.one_side", "A line has either a debit or a credit above zero.");
pub const ALREADY_REVERSED: Code = Code::conflict("journal_entry.already_reversed", "The entry has been reversed already.");
pub const HAS_SOURCE: Code = Code::conflict("journal_entry.has_source", "The entry belongs to a document; cancel or credit that instead.");

/// A line of a posted or draft entry. Debit and credit are in the company's currency.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JournalLine {
    /// The id.
    pub id: JournalLineId,
    /// The company.
    pub company_id: CompanyId,
    /// The entry that it posted.
    pub journal_entry_id: JournalEntryId,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 10000)]
    pub position: i32,
    /// The day it counts for.
    pub posting_date: NaiveDate,
    /// The account.
    pub account_id: AccountId,
    /// The debit.
    pub debit: Amount,
    /// The credit.
    pub credit: Amount,
    /// The currency of the document (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The amount in the document's currency, positive for a debit, negative for a credit.
    pub amount_currency: Amount,
    /// Company currency for one unit of the document's currency.
    pub exchange_rate: Rate,
    /// The party.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The product.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// The tax.
    #[schema(required)]
    pub tax_code_id: Option<TaxCodeId>,
    /// Analytical dimensions, name to value.
    #[schema(schema_with = crate::kernel::metadata)]
    pub dimensions: BTreeMap<String, String>,
    /// What it is, in words.
    #[schema(required, max_length = 500)]
    pub description: Option<String>,
    /// The id of the document behind the line.
    #[schema(required, max_length = 60)]
    pub source: Option<String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated JournalLine, JournalLineId, "journal_line", company: |l| Some(l.company_id), party: |l| l.party_id }

/// An entry in the books.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JournalEntry {
    /// The id.
    pub id: JournalEntryId,
    /// The company.
    pub company_id: CompanyId,
    /// Assigned when posted, gapless per company, journal and year.
    #[schema(required, max_length = 40, example = "GJ-2026-00012")]
    pub number: Option<String>,
    /// The book it belongs to.
    pub journal: Journal,
    /// The part of the books whose period must be open.
    pub class: ModuleClass,
    /// Where it stands.
    pub status: EntryStatus,
    /// The day it counts for.
    pub posting_date: NaiveDate,
    /// What it is, in words.
    #[schema(max_length = 500)]
    pub description: String,
    /// The id of the document behind it; empty for entries made by hand.
    #[schema(required, max_length = 60)]
    pub source: Option<String>,
    /// The entry that this one reverses.
    #[schema(required)]
    pub reverses_id: Option<JournalEntryId>,
    /// The entry that reverses this one.
    #[schema(required)]
    pub reversed_by_id: Option<JournalEntryId>,
    /// Sum of the debits, which is also the sum of the credits once posted.
    pub total: Amount,
    /// The lines.
    #[schema(max_items = 1000)]
    pub lines: Vec<JournalLine>,
    /// The lines while it is a draft; the ledger holds posted lines alone.
    #[serde(skip)]
    #[schema(ignore)]
    pub drafted: Vec<JournalLine>,
    /// Who made it.
    #[schema(required)]
    pub created_by: Option<UserId>,
    /// When it was posted.
    #[schema(required)]
    pub posted_at: Option<DateTime<Utc>>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed. A posted entry never does: its reversal is an entry of its own.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { JournalEntry, JournalEntryId, "journal_entry", company: |e| Some(e.company_id), actions: |e| e.actions() }

/// A line of a new entry.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJournalLine {
    /// The account.
    pub account_id: AccountId,
    /// In the company's currency; zero or left out on a credit line.
    #[serde(default)]
    pub debit: Amount,
    /// In the company's currency; zero or left out on a debit line.
    #[serde(default)]
    pub credit: Amount,
    /// Another currency (ISO 4217) in which the amount was agreed.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// The amount in that currency, without sign; required with `currency`.
    #[serde(default)]
    pub amount_currency: Option<Amount>,
    /// The party.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// The product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// The tax.
    #[serde(default)]
    pub tax_code_id: Option<TaxCodeId>,
    /// Analytical dimensions, name to value.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub dimensions: BTreeMap<String, String>,
    /// What it is, in words.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
}

/// A new entry by hand. It starts as a draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJournalEntry {
    /// The company.
    pub company_id: CompanyId,
    /// The day it counts for.
    pub posting_date: NaiveDate,
    /// What it is, in words.
    #[schema(max_length = 500)]
    #[serde(default)]
    pub description: String,
    /// The lines.
    #[schema(max_items = 1000)]
    #[serde(default)]
    pub lines: Vec<NewJournalLine>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a draft entry. Lines are replaced whole.
    pub struct JournalEntryPatch for DraftEntry {
        /// The day it counts for.
        set posting_date: NaiveDate,
        /// What it is, in words.
        set description: String [max_length = 500],
        /// The lines.
        set lines: Vec<NewJournalLine> [max_items = 1000],
        /// Own keys and values of the caller.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// What an update may replace in a draft.
#[derive(Debug, Clone)]
pub struct DraftEntry {
    /// The day it counts for.
    pub posting_date: NaiveDate,
    /// What it is, in words.
    pub description: String,
    /// The lines.
    pub lines: Vec<NewJournalLine>,
    /// Own keys and values of the caller.
    pub metadata: BTreeMap<String, String>,
}

/// How an entry is reversed.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseJournalEntry {
    /// The day of the reversal: that of the entry when left out, or the first open day after it.
    #[serde(default)]
    pub posting_date: Option<NaiveDate>,
    /// What it is, in words.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
}

/// Checks sides and sums of new lines; `places` are the minor units of the company's currency. With `complete`, as at
/// posting, they must balance and be at least two. All wrong lines are named at once. Answers the total of the debits.
pub fn check_lines(lines: &[NewJournalLine], places: u32, complete: bool) -> Result<Amount> {
    let mut wrong = Vec::new();
    for (i, l) in lines.iter().enumerate() {
        let at = |field: &str| format!("/lines/{i}{field}");
        if l.debit.is_negative() || l.credit.is_negative() || (l.debit.is_positive() == l.credit.is_positive()) {
            wrong.push(FieldError::body(at(""), ONE_SIDE.code, ONE_SIDE.title));
        }
        for (field, v) in [("/debit", l.debit), ("/credit", l.credit)] {
            if v.get().normalize().scale() > places {
                wrong.push(FieldError::body(
                    at(field),
                    problems::too_many_decimals.code,
                    format!("The currency has {places} decimal places."),
                ));
            }
        }
        if l.currency.is_some() && l.amount_currency.is_none_or(|a| !a.is_positive()) {
            wrong.push(FieldError::body(
                at("/amount_currency"),
                problems::invalid_body.code,
                "An amount above zero is required with a currency.",
            ));
        }
        if l.currency.is_none() && l.amount_currency.is_some() {
            wrong.push(FieldError::body(at("/currency"), problems::invalid_body.code, "A currency is required with its amount."));
        }
    }
    if !wrong.is_empty() {
        return Err(problems::invalid_body.at(wrong));
    }
    let debit: Amount = lines.iter().map(|l| l.debit).sum();
    let credit: Amount = lines.iter().map(|l| l.credit).sum();
    if complete && lines.len() < 2 {
        return Err(TOO_FEW_LINES.into());
    }
    if complete && debit != credit {
        return Err(UNBALANCED.with(format!("Debits are {debit}, credits {credit}.")));
    }
    Ok(debit)
}

impl JournalEntry {
    fn actions(&self) -> Vec<&'static str> {
        match self.status {
            EntryStatus::Draft => vec!["post"],
            EntryStatus::Posted if self.reversed_by_id.is_none() && self.source.is_none() => vec!["reverse"],
            EntryStatus::Posted => vec![],
        }
    }

    /// Refuses anything but a draft.
    pub fn must_be_draft(&self) -> Result<()> {
        match self.status {
            EntryStatus::Draft => Ok(()),
            EntryStatus::Posted => Err(NOT_A_DRAFT.with("The entry is posted.").in_state(self.status, &self.actions())),
        }
    }

    /// Refuses lines that may not be posted: fewer than two, one-sided, not in balance.
    pub fn must_balance(lines: &[JournalLine]) -> Result<Amount> {
        let (debit, credit) = lines.iter().fold((Amount::ZERO, Amount::ZERO), |(d, c), l| (d + l.debit, c + l.credit));
        if lines.len() < 2 {
            return Err(TOO_FEW_LINES.into());
        }
        if debit != credit {
            return Err(UNBALANCED.with(format!("Debits are {debit}, credits {credit}.")));
        }
        Ok(debit)
    }

    /// Refuses entries that cannot be reversed by hand.
    pub fn must_be_reversible(&self) -> Result<()> {
        if self.status != EntryStatus::Posted {
            return Err(problems::invalid_state.with("Only posted entries are reversed.").in_state(self.status, &self.actions()));
        }
        if let Some(by) = self.reversed_by_id {
            return Err(ALREADY_REVERSED.with(format!("The entry is reversed by {by}.")).in_state(self.status, &[]));
        }
        if let Some(source) = &self.source {
            return Err(HAS_SOURCE.with(format!("The entry belongs to {source}.")).in_state(self.status, &[]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn line(debit: &str, credit: &str) -> NewJournalLine {
        NewJournalLine {
            account_id: AccountId::from_uuid(uuid::Uuid::from_u128(1)),
            debit: debit.parse().expect("an amount"),
            credit: credit.parse().expect("an amount"),
            currency: None,
            amount_currency: None,
            party_id: None,
            product_id: None,
            tax_code_id: None,
            dimensions: BTreeMap::new(),
            description: None,
        }
    }

    #[test]
    fn an_entry_balances_to_the_cent_or_is_refused() {
        assert_eq!(check_lines(&[line("10.00", "0"), line("0", "10")], 2, true).expect("balances").to_string(), "10.00");
        assert_eq!(check_lines(&[line("10.00", "0"), line("0", "9.99")], 2, true).expect_err("refused").code(), UNBALANCED);
        assert!(check_lines(&[line("10.00", "0"), line("0", "9.99")], 2, false).is_ok(), "a draft may wait");
        assert_eq!(check_lines(&[], 2, true).expect_err("refused").code(), TOO_FEW_LINES);
    }

    #[test]
    fn a_line_has_one_side_and_no_finer_digits_than_its_currency() {
        for (d, c) in [("0", "0"), ("1", "1"), ("-1", "0"), ("0", "-1")] {
            assert_eq!(check_lines(&[line(d, c)], 2, false).expect_err("refused").errors()[0].code, ONE_SIDE.code, "{d} {c}");
        }
        let all = check_lines(&[line("0.001", "0"), line("0", "0")], 2, false).expect_err("refused");
        assert_eq!(all.errors().len(), 2, "both lines are named at once");
    }
}
