//! What customers bought so far, one by one: revenue from the ledger lines of their invoices and credit notes, cost from
//! what was delivered to and returned by them, in as far as it was billed, purchases from invoices that were not credited in full.

use chrono::NaiveDate;
use domain::ids::{CompanyId, PartyId};
use domain::insight::metrics::customers::PurchaseHistory;
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use super::customer_figures::billed_cost;
use crate::{Conn, Result, revenue, sql};

/// The customers of a company until a day, by id, at most so many.
pub fn of_company(db: &mut Conn, company: CompanyId, until: NaiveDate, party: Option<PartyId>, limit: i64) -> Result<Vec<PurchaseHistory>> {
    let of = revenue::Of { company: company.uuid(), from: None, to: Some(until), party: party.map(|p| p.uuid()) };
    let mut s = sql!("WITH facts AS (SELECT party, day, revenue, 0 AS cost, 0 AS bought FROM ({}) AS earned", revenue::lines(&of));
    let parts = [
        (
            " UNION ALL SELECT customer_id, invoice_date, 0, 0, 1 FROM invoices WHERE ",
            "company_id",
            "invoice_date",
            "customer_id",
            " AND posted_at IS NOT NULL AND credited < total",
        ),
        (
            " UNION ALL SELECT d.customer_id, d.delivery_date, 0, {}, 0 FROM deliveries d JOIN delivery_lines g ON g.delivery_id = d.id \
             JOIN sales_order_lines o ON o.id = g.order_line_id WHERE ",
            "d.company_id",
            "d.delivery_date",
            "d.customer_id",
            " AND d.shipped_at IS NOT NULL",
        ),
        (
            " UNION ALL SELECT r.customer_id, r.return_date, 0, -({}), 0 FROM customer_returns r \
             JOIN customer_return_lines g ON g.return_id = r.id JOIN sales_order_lines o ON o.id = g.order_line_id WHERE ",
            "r.company_id",
            "r.return_date",
            "r.customer_id",
            " AND r.received_at IS NOT NULL",
        ),
    ];
    for (select, company_column, day_column, party_column, more) in parts {
        s.sql(select.replace("{}", billed_cost(db.engine()))).sql(company_column).append(sql!(" = {}", company.uuid()));
        s.sql(" AND ").sql(day_column).append(sql!(" <= {}", until)).sql(more);
        if let Some(party) = party {
            s.sql(" AND ").sql(party_column).append(sql!(" = {}", party.uuid()));
        }
    }
    s.append(sql!(
        "), by_party AS (SELECT party, SUM(revenue) AS revenue, SUM(cost) AS cost, MIN(CASE WHEN bought = 1 THEN day END) AS first_day, \
         MAX(CASE WHEN bought = 1 THEN day END) AS last_day, COUNT(DISTINCT CASE WHEN bought = 1 THEN day END) AS days FROM facts \
         GROUP BY party) SELECT b.party, p.name, b.first_day, b.last_day, b.days, b.revenue, b.cost FROM by_party b \
         JOIN parties p ON p.id = b.party WHERE b.days > 0 ORDER BY b.party LIMIT {}",
        limit
    ));
    type Row = (Uuid, String, NaiveDate, NaiveDate, i64, Amount, Amount);
    let history = |r: Row| PurchaseHistory {
        party_id: PartyId::from_uuid(r.0),
        name: r.1,
        first_date: r.2,
        last_date: r.3,
        purchase_days: r.4,
        revenue: r.5,
        cost: r.6,
    };
    Ok(s.load::<Row>(db)?.into_iter().map(history).collect())
}
