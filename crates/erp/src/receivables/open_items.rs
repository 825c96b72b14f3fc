//! What customers owe: the open items of any day, ageing, and the figures that other services ask for.

pub mod ledger;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::accounting::posting::Role;
use domain::accounting::reports::{AgeingReport, AgeingRow, DayFilter};
use domain::directory::companies::Company;
use domain::directory::overview::{Ageing, BalanceAsOf, FinanceOverview, InvoiceSummary, PartyBalance, TOP};
use domain::directory::parties::Party;
use domain::ids::{CompanyId, PartyId};
use domain::kernel::StringEnum;
use domain::receivables::invoices::Invoice;
use domain::receivables::open_items::{AgeBucket, ItemKind, OpenItem};
use persistence::receivables::{invoices, open_items as stored};

use crate::accounting::reports::day_of;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<OpenItem>("receivables/open-items", "What customers owe and have open with us, item by item.");
    n.list_with(list, "List open items: now, or as they were at the end of a day.")
        .day("as_of", "The day, at its end. Items settled later are open on it; now when left out.")
        .filter(&["party_id", "kind", "document_id", "due_date", "currency"])
        .sort(&["due_date"])
        .expand::<Party>("party", "party_id");
    n.read("Get an item of a customer, open or settled.");

    t.report(
        "receivables/reports/ageing",
        ageing,
        "Report what customers owe by how late it is, as of a day. The total equals the control account.",
    )
    .permission("receivables.reports.read")
    .counts_all(&[]);
}

fn list(cx: &mut Cx, mut list: List) -> Result<Page<OpenItem>> {
    let Some(day) = list.days.get("as_of").copied() else {
        list.condition(Condition::Other(stored::is_open()));
        return cx.page::<OpenItem>(list);
    };
    list.condition(Condition::Other(stored::was_open(day)));
    let mut page = cx.page::<OpenItem>(list)?;
    stored::turn_back(cx.db(), &mut page.data, day)?;
    Ok(page)
}

/// What a customer owes a company now, in its currency; money and credits not yet used are taken off.
pub fn balance(cx: &mut Cx, company: CompanyId, party: PartyId) -> Result<Amount> {
    Ok(stored::balance(cx.db(), Some(company.uuid()), party.uuid())?)
}

/// Puts an amount into its bucket.
fn put(to: &mut Ageing, bucket: AgeBucket, amount: Amount) {
    *match bucket {
        AgeBucket::NotDue => &mut to.not_due,
        AgeBucket::Days1To30 => &mut to.days_1_to_30,
        AgeBucket::Days31To60 => &mut to.days_31_to_60,
        AgeBucket::Days61To90 => &mut to.days_61_to_90,
        AgeBucket::Over90 => &mut to.over_90,
    } += amount;
}

fn ageing(cx: &mut Cx, asked: DayFilter) -> Result<AgeingReport> {
    let (company, day) = day_of(cx, &asked)?;
    let items = stored::open_as_of(cx.db(), company.id.uuid(), None, day)?;
    let mut by_party: BTreeMap<PartyId, (Ageing, Amount, Amount)> = BTreeMap::new();
    let (mut all, mut unallocated, mut total) = (Ageing::default(), Amount::ZERO, Amount::ZERO);
    for item in &items {
        let of = by_party.entry(item.party_id).or_default();
        let open = item.outstanding_company;
        if item.kind == ItemKind::Invoice {
            put(&mut of.0, AgeBucket::of(item.due_date, day), open);
            put(&mut all, AgeBucket::of(item.due_date, day), open);
        } else {
            of.1 += open;
            unallocated += open;
        }
        of.2 += open;
        total += open;
    }
    let names = names(cx, by_party.keys().copied().collect())?;
    let mut rows: Vec<AgeingRow> = by_party
        .into_iter()
        .map(|(party_id, (ageing, unallocated, total))| AgeingRow {
            party_id,
            party_name: names.get(&party_id).cloned().unwrap_or_default(),
            ageing,
            unallocated,
            total,
        })
        .collect();
    rows.sort_by(|a, b| a.party_name.cmp(&b.party_name).then(a.party_id.cmp(&b.party_id)));
    let control_account = control(cx, &company, day)?;
    Ok(AgeingReport {
        company_id: company.id,
        currency: company.currency,
        as_of_date: day,
        rows,
        ageing: all,
        unallocated,
        total,
        control_account,
        difference: total - control_account,
    })
}

fn names(cx: &mut Cx, ids: Vec<PartyId>) -> Result<BTreeMap<PartyId, String>> {
    let mut out = BTreeMap::new();
    for some in ids.chunks(1000) {
        out.extend(cx.find_all::<Party>(some)?.into_iter().map(|p| (p.id, p.name)));
    }
    Ok(out)
}

/// The balance of the receivable accounts at the end of a day: those that are determined, and those that items are booked on
/// whatever the determinations say now.
fn control(cx: &mut Cx, company: &Company, day: NaiveDate) -> Result<Amount> {
    let rules = crate::accounting::posting::rules_of(cx, company.id)?;
    let movements = crate::accounting::reports::closing(cx, company, day)?;
    let mut ids: Vec<_> = rules.iter().filter(|r| r.role == Role::Receivable).map(|r| r.account_id.uuid()).collect();
    ids.extend(stored::accounts(cx.db(), company.id.uuid())?);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.iter().filter_map(|id| movements.get(id).copied()).sum())
}

/// Money between a party and the companies that the caller may see: balances with ageing, and what is open.
pub fn overview(cx: &mut Cx, id: PartyId) -> Result<FinanceOverview> {
    let party = cx.find::<Party>(id)?;
    let caller = cx.caller.clone();
    let mut items = stored::open_of(cx.db(), id.uuid())?;
    items.retain(|i| caller.companies.contain(i.company_id));
    let mut companies: BTreeMap<CompanyId, Company> = BTreeMap::new();
    let mut ids: Vec<CompanyId> = items.iter().map(|i| i.company_id).collect();
    ids.extend(persistence::sales::orders::companies_of(cx.db(), id)?);
    companies.extend(cx.find_all::<Company>(&ids)?.into_iter().map(|c| (c.id, c)));
    let mut sums: BTreeMap<(CompanyId, String), (Ageing, Amount)> = BTreeMap::new();
    // open orders are at stake although nothing is owed yet
    sums.extend(companies.values().map(|c| ((c.id, c.currency.clone()), Default::default())));
    for item in &items {
        let Some(company) = companies.get(&item.company_id) else { continue };
        let sum = sums.entry((item.company_id, item.currency.clone())).or_default();
        // open credits are taken off what is not due
        let bucket = if item.outstanding.is_negative() { AgeBucket::NotDue } else { AgeBucket::of(item.due_date, cx.today(company)) };
        put(&mut sum.0, bucket, item.outstanding);
        sum.1 += item.outstanding;
    }
    let mut out = Vec::with_capacity(sums.len());
    for ((company_id, currency), (ageing, balance)) in sums {
        let home = companies.get(&company_id).is_some_and(|c| c.currency == currency);
        let (unbilled, rest) = if home { persistence::sales::orders::exposure(cx.db(), company_id, id)? } else { Default::default() };
        let limited = party.customer_terms.currency.as_ref().map_or(home, |c| *c == currency);
        let credit_limit = party.customer_terms.credit_limit.filter(|_| limited);
        let exposure = balance + unbilled + rest;
        out.push(PartyBalance {
            company_id,
            currency,
            balance,
            ageing,
            open_orders: unbilled + rest,
            exposure,
            credit_limit,
            credit_available: credit_limit.map(|l| l - exposure),
        });
    }
    let open: Vec<_> = invoices::open_of(cx.db(), id.uuid())?.into_iter().filter(|i| caller.companies.contain(i.company_id)).collect();
    let granted: Option<Vec<_>> = match &caller.companies {
        platform::Companies::All => None,
        platform::Companies::These(ids) => Some(ids.iter().map(|c| c.uuid()).collect()),
    };
    let latest = invoices::latest_of(cx.db(), id.uuid(), granted.as_deref(), TOP)?;
    Ok(FinanceOverview {
        balances: out,
        open_invoice_count: open.len() as i64,
        open_invoices: open.iter().take(TOP as usize).map(in_brief).collect(),
        latest_invoices: latest.iter().map(in_brief).collect(),
    })
}

/// What a party owed the companies that the caller may see at the end of a day, by the dates of what was posted.
pub fn overview_as_of(cx: &mut Cx, (id, day): (PartyId, NaiveDate)) -> Result<Vec<BalanceAsOf>> {
    let mut sums: BTreeMap<(CompanyId, String), (Ageing, Amount)> = BTreeMap::new();
    let items = stored::open_of_as_of(cx.db(), id.uuid(), day)?;
    for item in items.iter().filter(|i| cx.caller.companies.contain(i.company_id)) {
        let sum = sums.entry((item.company_id, item.currency.clone())).or_default();
        let bucket = if item.outstanding.is_negative() { AgeBucket::NotDue } else { AgeBucket::of(item.due_date, day) };
        put(&mut sum.0, bucket, item.outstanding);
        sum.1 += item.outstanding;
    }
    let balance = |((company_id, currency), (ageing, balance))| BalanceAsOf { company_id, currency, balance, ageing };
    Ok(sums.into_iter().map(balance).collect())
}

fn in_brief(i: &Invoice) -> InvoiceSummary {
    InvoiceSummary {
        id: i.id.to_string(),
        company_id: i.company_id,
        number: i.number.clone(),
        issue_date: i.invoice_date,
        due_date: i.due_date.unwrap_or(i.invoice_date),
        status: i.status.as_str().into(),
        total: i.total,
        open_amount: i.outstanding,
        currency: i.currency.clone(),
    }
}
