//! Journal entries by hand: draft, post, reverse; and the lines of the ledger for drill-down.

use std::collections::{BTreeMap, BTreeSet};

use domain::accounting::accounts::Account;
use domain::accounting::journal_entries::{
    DraftEntry, EntryStatus, JournalEntry, JournalEntryPatch, JournalLine, NewJournalEntry, NewJournalLine, ReverseJournalEntry,
    check_lines,
};
use domain::accounting::policies::{AccountingPolicy, SELF_APPROVAL_ENTRY, is_self_approval, with_author};
use domain::accounting::posting::{Journal, ModuleClass};
use domain::accounting::{accounts, journal_entries as rules};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::ids::{AccountId, CampaignId, JournalEntryId};
use domain::kernel::{Decimals, round_to};
use domain::tax::codes::TaxCode;
use persistence::accounting::account_determinations;
use persistence::accounting::campaign_costs::of_campaign;

use super::periods::{admit, first_open_day};
use super::posting::{REFUSALS, write};
use platform::prelude::*;

const CHECKS: &[Code] = &[
    rules::UNBALANCED,
    rules::TOO_FEW_LINES,
    accounts::ACCOUNT_IS_CONTROL,
    accounts::ACCOUNT_IS_HEADING,
    accounts::ACCOUNT_IS_ARCHIVED,
    accounts::ACCOUNT_CURRENCY,
    currencies::UNKNOWN_CURRENCY,
];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<JournalEntry>("accounting/journal-entries", "Entries in the books: by hand, and those that documents post.");
    n.list("List journal entries.")
        .filter(&["status", "journal", "number", "posting_date", "source"])
        .sort(&["posting_date"])
        .expand::<Account>("lines.account", "lines.account_id")
        .figures(Figures::by(&["status", "journal", "class", "company_id"]).company_money(&["total"]).dates(&[
            "posting_date",
            "created_at",
            "posted_at",
        ]));
    n.create(create, "Create a journal entry by hand. It starts as a draft; it must balance only when it is posted.").fails(CHECKS);
    n.read("Get a journal entry.").expand::<Account>("lines.account", "lines.account_id");
    n.update(update, "Change a draft journal entry. Lines are replaced whole.").fails(CHECKS).fails(&[rules::NOT_A_DRAFT]);
    n.delete(delete, "Delete a draft journal entry.").fails(&[rules::NOT_A_DRAFT]);
    n.action("post", post, "Post a journal entry. It takes a number without gaps and never changes again.")
        .fails(CHECKS)
        .fails(REFUSALS)
        .fails(&[rules::NOT_A_DRAFT, SELF_APPROVAL_ENTRY]);
    n.command_on(
        "reverse",
        reverse,
        "Reverse a posted journal entry. Answers the new entry with sides exchanged; when the period is closed it is dated on the first open day.",
    )
    .fails(REFUSALS)
    .fails(&[rules::ALREADY_REVERSED, rules::HAS_SOURCE]);

    t.tag("accounting/gl-lines", "The posted lines of the ledger, for drill-down.");
    t.rows::<JournalLine>(
        "accounting/gl-lines",
        |cx, list| cx.page::<JournalLine>(list),
        "List posted ledger lines. Filter by account and dates to get the lines behind a balance.",
    )
    .filter(&["account_id", "journal_entry_id", "posting_date", "party_id", "source"])
    .filter_by::<CampaignId>("campaign_id", "Only lines with this campaign in their dimensions, by its id or its name.", of_campaign)
    .sort(&["posting_date"])
    .expand::<Account>("account", "account_id")
    .expand::<Party>("party", "party_id")
    .expand::<Product>("product", "product_id")
    .figures(
        Figures::by(&["account_id", "party_id", "product_id", "currency", "company_id"])
            .company_money(&["debit", "credit"])
            .dates(&["posting_date"]),
    );
}

/// The lines of a draft, checked as far as a draft must be.
fn draft_lines(cx: &mut Cx, company: &Company, entry: &JournalEntry, mut new: Vec<NewJournalLine>) -> Result<(Vec<JournalLine>, Amount)> {
    let total = check_lines(&new, company.minor_units(), false)?;
    check_references(cx, company, &mut new)?;
    let mut out = Vec::with_capacity(new.len());
    for (position, l) in (1..).zip(new) {
        let net = l.debit - l.credit;
        let amount = l.amount_currency.unwrap_or(net.abs());
        out.push(JournalLine {
            id: cx.new_id(),
            company_id: company.id,
            journal_entry_id: entry.id,
            position,
            posting_date: entry.posting_date,
            account_id: l.account_id,
            debit: l.debit,
            credit: l.credit,
            exchange_rate: if amount.is_zero() { Rate::ONE } else { Rate::exact(round_to(net.abs().get() / amount.get(), Rate::SCALE))? },
            currency: l.currency.unwrap_or_else(|| company.currency.clone()),
            amount_currency: if net.is_negative() { -amount } else { amount },
            party_id: l.party_id,
            product_id: l.product_id,
            tax_code_id: l.tax_code_id,
            dimensions: l.dimensions,
            description: l.description,
            source: None,
            version: 1,
            created_at: cx.now,
        });
    }
    Ok((out, total))
}

/// Accounts must take entries by hand; whatever else a line names must exist. A party that was merged away becomes the one that
/// stands for it.
fn check_references(cx: &mut Cx, company: &Company, lines: &mut [NewJournalLine]) -> Result<()> {
    let ids: Vec<AccountId> = lines.iter().map(|l| l.account_id).collect();
    let known: BTreeMap<_, _> = cx.find_all::<Account>(&ids)?.into_iter().map(|a| (a.id, a)).collect();
    let parties: Vec<_> = lines.iter().filter_map(|l| l.party_id).collect();
    let parties = cx.survivors::<Party>(&parties)?;
    let products: Vec<_> = lines.iter().filter_map(|l| l.product_id).collect();
    let products: BTreeSet<_> = cx.find_all::<Product>(&products)?.into_iter().map(|p| p.id).collect();
    let codes: Vec<_> = lines.iter().filter_map(|l| l.tax_code_id).collect();
    let codes: BTreeSet<_> = cx.find_all::<TaxCode>(&codes)?.into_iter().filter(|c| c.company_id == company.id).map(|c| c.id).collect();
    for (i, l) in lines.iter_mut().enumerate() {
        let unknown = |field: &str, what: String| problems::unknown_reference.field(format!("/lines/{i}/{field}"), what);
        let account = known.get(&l.account_id).filter(|a| a.company_id == company.id);
        let account = account.ok_or_else(|| unknown("account_id", format!("There is no account {} in the company.", l.account_id)))?;
        if let Some(currency) = &l.currency {
            currencies::check_money(l.amount_currency.unwrap_or_default(), currency, &format!("/lines/{i}/amount_currency"))?;
        }
        account
            .accepts(l.currency.as_deref().unwrap_or(&company.currency), true)
            .map_err(|p| p.under(&format!("/lines/{i}/account_id")))?;
        if let Some(party) = l.party_id {
            l.party_id = Some(*parties.get(&party).ok_or_else(|| unknown("party_id", "There is no such party.".into()))?);
        }
        if l.product_id.is_some_and(|p| !products.contains(&p)) {
            return Err(unknown("product_id", "There is no such product.".into()));
        }
        if l.tax_code_id.is_some_and(|c| !codes.contains(&c)) {
            return Err(unknown("tax_code_id", "There is no such tax code in the company.".into()));
        }
    }
    Ok(())
}

fn create(cx: &mut Cx, new: NewJournalEntry) -> Result<JournalEntry> {
    let company = cx.company(new.company_id)?;
    let mut entry = JournalEntry {
        id: cx.new_id(),
        company_id: company.id,
        number: None,
        journal: Journal::General,
        class: ModuleClass::Gl,
        status: EntryStatus::Draft,
        posting_date: new.posting_date,
        description: new.description,
        source: None,
        reverses_id: None,
        reversed_by_id: None,
        total: Amount::ZERO,
        lines: Vec::new(),
        drafted: Vec::new(),
        created_by: cx.caller.user_id,
        authors: cx.caller.user_id.into_iter().collect(),
        posted_at: None,
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    (entry.drafted, entry.total) = draft_lines(cx, &company, &entry, new.lines)?;
    entry.lines = entry.drafted.clone();
    cx.create(entry)
}

fn update(cx: &mut Cx, id: JournalEntryId, patch: JournalEntryPatch) -> Result<JournalEntry> {
    let before = cx.load_for_update::<JournalEntry>(id)?;
    before.must_be_draft()?;
    let company = cx.company(before.company_id)?;
    let relined = patch.lines.is_some();
    let mut draft = DraftEntry {
        posting_date: before.posting_date,
        description: before.description.clone(),
        lines: Vec::new(),
        metadata: before.metadata.clone(),
    };
    patch.apply(&mut draft);
    let mut after = before.clone();
    (after.posting_date, after.description, after.metadata) = (draft.posting_date, draft.description, draft.metadata);
    if relined {
        (after.drafted, after.total) = draft_lines(cx, &company, &after, draft.lines)?;
    }
    for line in &mut after.drafted {
        line.posting_date = after.posting_date;
    }
    after.lines = after.drafted.clone();
    if !after.is_same_in_substance(&before) {
        after.authors = with_author(after.authors, cx.caller.user_id);
    }
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: JournalEntryId) -> Result<()> {
    let entry = cx.load_for_update::<JournalEntry>(id)?;
    entry.must_be_draft()?;
    cx.remove(entry)
}

fn post(cx: &mut Cx, id: JournalEntryId) -> Result<JournalEntry> {
    let before = cx.load_for_update::<JournalEntry>(id)?;
    before.must_be_draft()?;
    let total = JournalEntry::must_balance(&before.drafted)?;
    approve(cx, &before, total)?;
    let period = admit(cx, before.company_id, before.posting_date, before.class)?;
    let ids: Vec<AccountId> = before.drafted.iter().map(|l| l.account_id).collect();
    let accounts: BTreeMap<_, _> = cx.find_all::<Account>(&ids)?.into_iter().map(|a| (a.id, a)).collect();
    for (i, line) in before.drafted.iter().enumerate() {
        // the chart may have changed since the draft was written
        let account = accounts.get(&line.account_id).ok_or_else(|| problems::unknown_reference.with("An account is gone."))?;
        account.accepts(&line.currency, true).map_err(|p| p.under(&format!("/lines/{i}/account_id")))?;
    }
    let mut after = before.clone();
    after.bump(cx.now);
    let after = write(cx, after, before.drafted.clone(), false, &period)?;
    cx.emit(Event::change("posted", &before, &after));
    Ok(after)
}

/// Who wrote an entry above the company's limit may not post it.
fn approve(cx: &mut Cx, entry: &JournalEntry, total: Amount) -> Result<()> {
    let policy = cx.by::<AccountingPolicy>("company_id", entry.company_id.uuid())?.pop();
    let limit = policy.and_then(|p| p.entry_self_approval_limit);
    // what was drafted before authors were kept has at least its maker
    let authors = with_author(entry.authors.clone(), entry.created_by);
    cx.ensure(!is_self_approval(cx.caller.user_id, &authors, total, limit), SELF_APPROVAL_ENTRY, || {
        format!("The entry of {total} is above the limit of {}; somebody else has to post it.", limit.unwrap_or_default())
    })
}

fn reverse(cx: &mut Cx, id: JournalEntryId, how: ReverseJournalEntry) -> Result<JournalEntry> {
    let before = cx.load_for_update::<JournalEntry>(id)?;
    before.must_be_reversible()?;
    let company = cx.company(before.company_id)?;
    let date = match how.posting_date {
        Some(date) if date < before.posting_date => {
            return Err(problems::invalid_body.field("/posting_date", format!("The entry is of {}.", before.posting_date)));
        }
        Some(date) => date,
        None => {
            let carriers = account_determinations::tax_accounts(cx.db(), company.id.uuid())?;
            let taxed = before.lines.iter().any(|l| l.tax_code_id.is_some() || carriers.contains(&l.account_id));
            let classes = if taxed { vec![before.class, ModuleClass::Tax] } else { vec![before.class] };
            first_open_day(cx, &company, before.posting_date, &classes)?
        }
    };
    let period = admit(cx, company.id, date, before.class)?;
    let entry = JournalEntry {
        id: cx.new_id(),
        number: None,
        status: EntryStatus::Draft,
        posting_date: date,
        description: how.description.unwrap_or_else(|| format!("Reversal of {}", before.number.clone().unwrap_or_default())),
        reverses_id: Some(id),
        lines: Vec::new(),
        drafted: Vec::new(),
        created_by: cx.caller.user_id,
        authors: cx.caller.user_id.into_iter().collect(),
        posted_at: None,
        metadata: BTreeMap::new(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
        ..before.clone()
    };
    let turned = before.lines.iter().map(|l| JournalLine {
        id: cx.new_id(),
        journal_entry_id: entry.id,
        posting_date: date,
        debit: l.credit,
        credit: l.debit,
        amount_currency: -l.amount_currency,
        created_at: cx.now,
        ..l.clone()
    });
    let turned = turned.collect();
    let reversal = write(cx, entry, turned, true, &period)?;
    cx.link(before.id, reversal.id, "reversed_by")?;
    cx.emit(Event::of("posted", &reversal));
    let after = JournalEntry { reversed_by_id: Some(reversal.id), ..before.clone() };
    cx.emit(Event::change("reversed", &before, &after));
    Ok(reversal)
}
