//! What customers bought, for the metrics of customers: revenue from the ledger lines of their invoices and credit notes,
//! cost from what was delivered to and returned by them. Grouped by the database.

use chrono::NaiveDate;
use domain::ids::PartyId;
use domain::insight::metrics::customers::{CustomerFigures, CustomerNarrow, CustomerState, SalesAsk, SalesFacts};
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use crate::{Conn, Engine, Result, Statement, revenue, sql};

/// The cost of goods `g` of an order line `o` in as far as they are billed: goods that were shipped and not billed cost nothing
/// yet, since they have brought nothing yet. What came back is no longer there to be billed. Where a part is billed, its part
/// counts; on SQLite, which has whole numbers alone, to a millionth.
pub(super) fn billed_cost(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => {
            "CASE WHEN o.quantity_invoiced >= o.quantity_shipped - o.quantity_returned THEN g.cost_amount \
             ELSE ROUND(g.cost_amount * o.quantity_invoiced / (o.quantity_shipped - o.quantity_returned), 4) END"
        }
        Engine::Sqlite => {
            "CASE WHEN o.quantity_invoiced >= o.quantity_shipped - o.quantity_returned THEN g.cost_amount \
             ELSE CAST(g.cost_amount * (o.quantity_invoiced * 1000000 / (o.quantity_shipped - o.quantity_returned)) / 1000000 AS INTEGER) END"
        }
    }
}

/// `WITH … by_party AS (…), scored AS (…)`: one row for each customer, and the scores of those who bought.
fn with_customers(ask: &SalesAsk, engine: Engine) -> Statement {
    // without a base period, one of no days
    let (base_from, base_to) = ask.base.unwrap_or((ask.to, ask.to.pred_opt().unwrap_or(ask.to)));
    let (first, last) = match ask.base {
        Some((from, to)) => (from.min(ask.from), to.max(ask.to)),
        None => (ask.from, ask.to),
    };
    let company = ask.company.uuid();
    let earned = revenue::lines(&revenue::Of { company, from: Some(first), to: Some(last), party: None });
    let mut s = sql!(
        "WITH facts AS (SELECT party, day, revenue, 0 AS cost, 0 AS invoices FROM ({}) AS earned \
         UNION ALL SELECT customer_id, invoice_date, 0, 0, 1 FROM invoices WHERE company_id = {} AND invoice_date >= {} \
         AND invoice_date <= {} AND posted_at IS NOT NULL",
        earned,
        company,
        first,
        last
    );
    s.sql(" UNION ALL SELECT d.customer_id, d.delivery_date, 0, ").sql(billed_cost(engine)).append(sql!(
        ", 0 FROM deliveries d JOIN delivery_lines g ON g.delivery_id = d.id JOIN sales_order_lines o ON o.id = g.order_line_id \
         WHERE d.company_id = {} AND d.delivery_date >= {} AND d.delivery_date <= {} AND d.shipped_at IS NOT NULL",
        company,
        first,
        last
    ));
    s.sql(" UNION ALL SELECT r.customer_id, r.return_date, 0, -(").sql(billed_cost(engine)).append(sql!(
        "), 0 FROM customer_returns r JOIN customer_return_lines g ON g.return_id = r.id JOIN sales_order_lines o ON o.id = g.order_line_id \
         WHERE r.company_id = {} AND r.return_date >= {} AND r.return_date <= {} AND r.received_at IS NOT NULL)",
        company,
        first,
        last
    ));
    s.append(sql!(
        ", by_party AS (SELECT party, SUM(CASE WHEN day >= {} AND day <= {} THEN revenue ELSE 0 END) AS revenue, \
         SUM(CASE WHEN day >= {} AND day <= {} THEN revenue ELSE 0 END) AS base_revenue, \
         SUM(CASE WHEN day >= {} AND day <= {} THEN cost ELSE 0 END) AS cost, \
         SUM(CASE WHEN day >= {} AND day <= {} THEN invoices ELSE 0 END) AS invoices, \
         MAX(CASE WHEN day >= {} AND day <= {} AND invoices = 1 THEN day END) AS last_day FROM facts",
        ask.from,
        ask.to,
        base_from,
        base_to,
        ask.from,
        ask.to,
        ask.from,
        ask.to,
        ask.from,
        ask.to
    ));
    s.sql(
        " GROUP BY party), scored AS (SELECT party, NTILE(5) OVER (ORDER BY last_day, party) AS recency, \
         NTILE(5) OVER (ORDER BY invoices, party) AS frequency, NTILE(5) OVER (ORDER BY revenue, party) AS monetary \
         FROM by_party WHERE invoices > 0) ",
    );
    s
}

/// Everything together.
pub fn facts(db: &mut Conn, ask: &SalesAsk) -> Result<SalesFacts> {
    let mut s = with_customers(ask, db.engine());
    s.sql(
        "SELECT COUNT(CASE WHEN base_revenue > 0 THEN 1 END), SUM(CASE WHEN base_revenue > 0 THEN base_revenue ELSE 0 END), \
         COUNT(CASE WHEN base_revenue > 0 AND revenue > 0 THEN 1 END), \
         SUM(CASE WHEN base_revenue > 0 AND revenue > 0 THEN revenue ELSE 0 END), \
         SUM(CASE WHEN base_revenue <= 0 OR revenue <= 0 THEN 0 WHEN revenue < base_revenue THEN revenue ELSE base_revenue END), \
         COUNT(CASE WHEN revenue > 0 THEN 1 END), COUNT(CASE WHEN invoices > 0 THEN 1 END), COUNT(CASE WHEN invoices > 1 THEN 1 END), \
         SUM(revenue), SUM(cost) FROM by_party WHERE 1 = 1",
    );
    if let Some(party) = ask.party {
        s.append(sql!(" AND party = {}", party.uuid()));
    }
    type Row = (i64, Option<Amount>, i64, Option<Amount>, Option<Amount>, i64, i64, i64, Option<Amount>, Option<Amount>);
    let Some(r) = s.first::<Row>(db)? else { return Ok(SalesFacts::default()) };
    Ok(SalesFacts {
        base_customers: r.0,
        base_revenue: r.1.unwrap_or_default(),
        kept: r.2,
        kept_revenue: r.3.unwrap_or_default(),
        capped_revenue: r.4.unwrap_or_default(),
        active: r.5,
        buyers: r.6,
        repeat: r.7,
        revenue: r.8.unwrap_or_default(),
        cost: r.9.unwrap_or_default(),
    })
}

/// How many customers have which scores, and what they bought: recency, frequency, monetary, count, revenue.
pub fn scores(db: &mut Conn, ask: &SalesAsk) -> Result<Vec<(i32, i32, i32, i64, Amount)>> {
    let mut s = with_customers(ask, db.engine());
    s.sql(
        "SELECT recency, frequency, monetary, COUNT(*), SUM(revenue) FROM by_party JOIN scored ON scored.party = by_party.party \
         GROUP BY recency, frequency, monetary ORDER BY recency DESC, frequency DESC, monetary DESC",
    );
    s.load(db)
}

fn narrowed(s: &mut Statement, ask: &SalesAsk, which: &CustomerNarrow) {
    s.sql(match which.state {
        None if which.any => " WHERE 1 = 1",
        Some(CustomerState::Base) => " WHERE b.base_revenue > 0",
        Some(CustomerState::Active) => " WHERE b.revenue > 0",
        Some(CustomerState::Kept) => " WHERE b.base_revenue > 0 AND b.revenue > 0",
        Some(CustomerState::Lost) => " WHERE b.base_revenue > 0 AND b.revenue <= 0",
        Some(CustomerState::New) => " WHERE b.base_revenue <= 0 AND b.revenue > 0",
        Some(CustomerState::Repeat) => " WHERE b.invoices > 1",
        Some(CustomerState::Buyers) | None => " WHERE b.invoices > 0",
    });
    for (column, score) in [("recency", which.recency), ("frequency", which.frequency), ("monetary", which.monetary)] {
        if let Some(score) = score {
            s.sql(" AND scored.").sql(column).append(sql!(" = {}", score));
        }
    }
    if let Some(party) = ask.party {
        s.append(sql!(" AND b.party = {}", party.uuid()));
    }
}

/// A page of customers by id, and how many fit.
pub fn page(
    db: &mut Conn,
    ask: &SalesAsk,
    which: &CustomerNarrow,
    after: Option<PartyId>,
    limit: i64,
) -> Result<(Vec<CustomerFigures>, i64)> {
    const FROM: &str = " FROM by_party b JOIN parties p ON p.id = b.party LEFT JOIN scored ON scored.party = b.party";
    let mut count = with_customers(ask, db.engine());
    count.sql("SELECT COUNT(*)").sql(FROM);
    narrowed(&mut count, ask, which);
    let total = count.first::<(i64,)>(db)?.map_or(0, |r| r.0);
    let mut s = with_customers(ask, db.engine());
    s.sql("SELECT b.party, p.name, b.revenue, b.base_revenue, b.cost, b.invoices, b.last_day, scored.recency, scored.frequency, scored.monetary");
    s.sql(FROM);
    narrowed(&mut s, ask, which);
    if let Some(after) = after {
        s.append(sql!(" AND b.party > {}", after.uuid()));
    }
    s.append(sql!(" ORDER BY b.party LIMIT {}", limit));
    type Row = (Uuid, String, Amount, Amount, Amount, i64, Option<NaiveDate>, Option<i32>, Option<i32>, Option<i32>);
    let figures = |r: Row| CustomerFigures {
        party_id: PartyId::from_uuid(r.0),
        name: r.1,
        revenue_amount: r.2,
        base_revenue_amount: r.3,
        cost_amount: r.4,
        margin_amount: r.2 - r.4,
        invoice_count: r.5,
        last_invoice_date: r.6,
        recency: r.7,
        frequency: r.8,
        monetary: r.9,
    };
    Ok((s.load::<Row>(db)?.into_iter().map(figures).collect(), total))
}
