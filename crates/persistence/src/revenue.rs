//! What customers brought in, by the books: one definition for the figures of the back office and of the front office.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{Statement, sql};

/// Of which company, days and customer.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    pub company: Uuid,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub party: Option<Uuid>,
}

/// `SELECT party, day, revenue`: the lines on income accounts of posted invoices and, against them, of posted credit notes, in
/// the company's currency as they were booked. A cash discount is no revenue that was given back.
pub fn lines(of: &Of) -> Statement {
    let mut s = Statement::new(
        "SELECT i.customer_id AS party, i.invoice_date AS day, l.credit - l.debit AS revenue FROM invoices i \
         JOIN journal_lines l ON l.journal_entry_id = i.journal_entry_id JOIN accounts a ON a.id = l.account_id \
         AND a.account_type = 'income' WHERE ",
    );
    s.append(sql!("i.company_id = {}", of.company));
    narrow(&mut s, of, "i.invoice_date", "i.customer_id");
    s.sql(
        " UNION ALL SELECT n.customer_id, n.credit_date, l.credit - l.debit FROM credit_notes n \
         JOIN journal_lines l ON l.journal_entry_id = n.journal_entry_id JOIN accounts a ON a.id = l.account_id \
         AND a.account_type = 'income' AND l.account_id NOT IN (SELECT d.account_id FROM account_determinations d \
         WHERE d.role = 'cash_discounts') WHERE ",
    );
    s.append(sql!("n.company_id = {}", of.company));
    narrow(&mut s, of, "n.credit_date", "n.customer_id");
    s
}

fn narrow(s: &mut Statement, of: &Of, day: &'static str, party: &'static str) {
    if let Some(from) = of.from {
        s.sql(" AND ").sql(day).append(sql!(" >= {}", from));
    }
    if let Some(to) = of.to {
        s.sql(" AND ").sql(day).append(sql!(" <= {}", to));
    }
    if let Some(id) = of.party {
        s.sql(" AND ").sql(party).append(sql!(" = {}", id));
    }
}
