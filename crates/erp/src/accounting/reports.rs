//! Reports over the ledger, from running balances per month and the lines of the broken months at the ends; their cost
//! does not grow with the ledger.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use domain::accounting::accounts::{Account, AccountType};
use domain::accounting::fiscal_years::{first_of_month, last_of_month, year_start};
use domain::accounting::reports::{
    BalanceSheet, DayFilter, IncomePeriod, IncomeStatement, IncomeStatementFilter, MOST_PERIODS, Movement, PeriodFilter, TrialBalance,
    statement,
};
use domain::directory::companies::Company;
use persistence::accounting::balances;
use platform::unknown_in_query;

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    t.tag("accounting/reports", "Reports over the books.");
    t.report(
        "accounting/reports/trial-balance",
        trial_balance,
        "Report the trial balance of a span of days. Opening, debits, credits and closing of every account that moved.",
    )
    .permission("accounting.reports.read")
    .counts_all(&[]);
    t.report(
        "accounting/reports/income-statement",
        income_statement,
        "Report income and expenses of a span of days, as a whole and, with `interval`, period by period.",
    )
    .permission("accounting.reports.read")
    .counts_all(&[]);
    t.report("accounting/reports/balance-sheet", balance_sheet, "Report assets, liabilities and equity at the end of a day.")
        .permission("accounting.reports.read")
        .counts_all(&[]);
}

/// The company and the day that are asked for; today when none is.
pub(crate) fn day_of(cx: &mut Cx, asked: &DayFilter) -> Result<(Company, NaiveDate)> {
    let company = company_of(cx, asked.company_id)?;
    let day = asked.as_of.unwrap_or_else(|| cx.today(&company));
    Ok((company, day))
}

fn company_of(cx: &mut Cx, id: domain::ids::CompanyId) -> Result<Company> {
    cx.find::<Company>(id).map_err(|_| unknown_in_query("company_id", format!("There is no company {id}.")))
}

fn span(cx: &mut Cx, asked: &PeriodFilter) -> Result<(Company, NaiveDate, NaiveDate)> {
    let company = company_of(cx, asked.company_id)?;
    let to = asked.to_date.unwrap_or_else(|| cx.today(&company));
    let from = asked.from_date.unwrap_or_else(|| year_start(to, company.fiscal_year_start_month.max(1) as u32));
    if from > to {
        return Err(unknown_in_query("from_date", format!("{from} is after {to}.")));
    }
    Ok((company, from, to))
}

type Sums<K> = BTreeMap<K, (Amount, Amount)>;

/// Debits and credits of all days up to `to`, from `from` when given: whole months from the running balances, broken ones
/// at the ends from the lines.
fn movements(cx: &mut Cx, company: &Company, from: Option<NaiveDate>, to: NaiveDate) -> Result<Sums<persistence::Uuid>> {
    let mut sums = Sums::new();
    let mut first = from;
    if let Some(from) = from.filter(|day| day.day() != 1) {
        let end = last_of_month(from);
        part_of_month(cx, company, from, end.min(to), &mut sums)?;
        if end >= to {
            return Ok(sums);
        }
        first = end.succ_opt();
    }
    let whole_until = match to == last_of_month(to) {
        true => to.succ_opt().unwrap_or(to),
        false => first_of_month(to),
    };
    add(&mut sums, balances::months(cx.db(), company.id.uuid(), first, whole_until)?);
    if whole_until <= to {
        part_of_month(cx, company, whole_until, to, &mut sums)?;
    }
    Ok(sums)
}

/// Adds some days of one month. Either their lines are added up, or those of the other days are taken from the balance of
/// the month, whichever days are fewer. Days to come count for nothing, as hardly anything is booked ahead; so a report up
/// to today reads next to no lines, however busy the month was.
fn part_of_month(cx: &mut Cx, company: &Company, from: NaiveDate, to: NaiveDate, sums: &mut Sums<persistence::Uuid>) -> Result<()> {
    let (id, today) = (company.id.uuid(), cx.today(company));
    let (start, end) = (first_of_month(from), last_of_month(from));
    let passed = |from: NaiveDate, to: NaiveDate| (to.min(today) - from).num_days().max(-1) + 1;
    let before = from.pred_opt().filter(|day| *day >= start).map(|day| (start, day));
    let after = to.succ_opt().filter(|day| *day <= end).map(|day| (day, end));
    let others: Vec<_> = before.into_iter().chain(after).collect();
    if passed(from, to) <= others.iter().map(|(from, to)| passed(*from, *to)).sum() {
        add(sums, balances::lines(cx.db(), id, from, to)?);
        return Ok(());
    }
    add(sums, balances::months(cx.db(), id, Some(start), end.succ_opt().unwrap_or(end))?);
    for (from, to) in others {
        let lines = balances::lines(cx.db(), id, from, to)?;
        add(sums, lines.into_iter().map(|(account, debit, credit)| (account, -debit, -credit)));
    }
    Ok(())
}

fn add(sums: &mut Sums<persistence::Uuid>, rows: impl IntoIterator<Item = (persistence::Uuid, Amount, Amount)>) {
    for (account, debit, credit) in rows {
        let sum = sums.entry(account).or_default();
        sum.0 += debit;
        sum.1 += credit;
    }
}

/// The balance of each account at the end of a day: debit less credit.
pub(crate) fn closing(cx: &mut Cx, company: &Company, day: NaiveDate) -> Result<BTreeMap<persistence::Uuid, Amount>> {
    Ok(movements(cx, company, None, day)?.into_iter().map(|(id, (d, c))| (id, d - c)).collect())
}

fn accounts(cx: &mut Cx, company: &Company) -> Result<Vec<Account>> {
    cx.by::<Account>("company_id", company.id.uuid())
}

fn trial_balance(cx: &mut Cx, asked: PeriodFilter) -> Result<TrialBalance> {
    let (company, from, to) = span(cx, &asked)?;
    let opening = match from.checked_sub_days(Days::new(1)) {
        Some(before) => closing(cx, &company, before)?,
        None => BTreeMap::new(),
    };
    let moved = movements(cx, &company, Some(from), to)?;
    let rows = accounts(cx, &company)?.into_iter().map(|a| {
        let (debit, credit) = moved.get(&a.id.uuid()).copied().unwrap_or_default();
        let opening = opening.get(&a.id.uuid()).copied().unwrap_or_default();
        (a, Movement { opening, debit, credit })
    });
    Ok(TrialBalance::of(company.id, company.currency.clone(), from, to, rows.collect()))
}

fn income_statement(cx: &mut Cx, asked: IncomeStatementFilter) -> Result<IncomeStatement> {
    let IncomeStatementFilter { company_id, from_date, to_date, interval } = asked;
    let (company, from, to) = span(cx, &PeriodFilter { company_id, from_date, to_date })?;
    let accounts = accounts(cx, &company)?;
    let moved_in = |cx: &mut Cx, from: NaiveDate, to: NaiveDate| -> Result<Vec<(Account, Amount)>> {
        let moved = movements(cx, &company, Some(from), to)?;
        let of = |a: &Account| {
            let (debit, credit) = moved.get(&a.id.uuid()).copied().unwrap_or_default();
            (a.clone(), debit - credit)
        };
        Ok(accounts.iter().map(of).collect())
    };
    let rows = moved_in(cx, from, to)?;
    let (income, total_income) = statement(&rows, AccountType::Income, Some(from), to);
    let (expenses, total_expenses) = statement(&rows, AccountType::Expense, Some(from), to);
    let mut periods = Vec::new();
    if let Some(interval) = interval {
        let too_many = || unknown_in_query("interval", format!("There are more than {MOST_PERIODS} periods from {from} to {to}."));
        for (from, to) in interval.spans(from, to, MOST_PERIODS).ok_or_else(too_many)? {
            let rows = moved_in(cx, from, to)?;
            let total_income = statement(&rows, AccountType::Income, Some(from), to).1;
            let total_expenses = statement(&rows, AccountType::Expense, Some(from), to).1;
            periods.push(IncomePeriod {
                from_date: from,
                to_date: to,
                total_income,
                total_expenses,
                result: total_income - total_expenses,
            });
        }
    }
    Ok(IncomeStatement {
        company_id: company.id,
        currency: company.currency,
        from_date: from,
        to_date: to,
        income,
        expenses,
        total_income,
        total_expenses,
        result: total_income - total_expenses,
        periods,
    })
}

fn balance_sheet(cx: &mut Cx, asked: DayFilter) -> Result<BalanceSheet> {
    let (company, day) = day_of(cx, &asked)?;
    let closing = closing(cx, &company, day)?;
    let rows: Vec<_> = accounts(cx, &company)?
        .into_iter()
        .map(|a| {
            let balance = closing.get(&a.id.uuid()).copied().unwrap_or_default();
            (a, balance)
        })
        .collect();
    let (assets, total_assets) = statement(&rows, AccountType::Asset, None, day);
    let (liabilities, total_liabilities) = statement(&rows, AccountType::Liability, None, day);
    let (equity, total_equity) = statement(&rows, AccountType::Equity, None, day);
    let result = statement(&rows, AccountType::Income, None, day).1 - statement(&rows, AccountType::Expense, None, day).1;
    Ok(BalanceSheet {
        company_id: company.id,
        currency: company.currency,
        as_of_date: day,
        assets,
        liabilities,
        equity,
        total_assets,
        total_liabilities,
        total_equity,
        result,
    })
}
