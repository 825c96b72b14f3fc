//! Counts and sums for the metrics of sales, grouped by the database.

use chrono::{DateTime, NaiveDate, Utc};
use domain::crm::pipelines::PipelineId;
use domain::directory::companies::CompanyId;
use domain::identity::users::UserId;
use domain::kernel::{Amount, Id};

use crate::{Conn, Engine, Result, Statement, sql};

/// Whose deals.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    pub company: CompanyId,
    /// ISO 4217: deals in it need no rate.
    pub currency: &'a str,
    pub owner: Option<UserId>,
    pub pipeline: Option<PipelineId>,
}

impl Whose<'_> {
    fn narrow(&self, s: &mut Statement) {
        if let Some(owner) = self.owner {
            s.append(sql!(" AND o.owner_id = {}", owner.uuid()));
        }
        if let Some(pipeline) = self.pipeline {
            s.append(sql!(" AND o.pipeline_id = {}", pipeline.uuid()));
        }
    }
}

/// From the creation to the closing of a deal in microseconds, in the words of the engine.
fn cycle(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "(o.closed_at - o.created_at)",
        Engine::Postgres => "CAST(EXTRACT(EPOCH FROM CAST(o.closed_at - o.created_at AS INTERVAL)) * 1000000 AS BIGINT)",
    }
}

/// Deals closed between two days: status, currency, for another than the company's the day, count, sum, microseconds.
pub fn closed(
    db: &mut Conn,
    whose: &Whose<'_>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(String, String, Option<NaiveDate>, i64, Amount, i64)>> {
    let cycle = cycle(db.engine());
    let total = match db.engine() {
        Engine::Sqlite => "SUM(cycle)",
        Engine::Postgres => "CAST(SUM(cycle) AS BIGINT)",
    };
    let mut s = Statement::new(format!(
        "SELECT status, currency, day, COUNT(*), SUM(amount), {total} FROM (SELECT o.status, o.currency, o.amount, {cycle} AS cycle, "
    ));
    s.append(sql!(
        "CASE WHEN o.currency <> {} THEN o.closed_date END AS day FROM opportunities o WHERE o.company_id = {} \
         AND o.status IN ('won', 'lost') AND o.closed_date >= {} AND o.closed_date <= {}",
        whose.currency,
        whose.company.uuid(),
        from,
        to
    ));
    whose.narrow(&mut s);
    s.sql(") d GROUP BY status, currency, day");
    s.load(db)
}

/// The shortest and the longest cycle of the deals won between two days, and the one or two in the middle, in microseconds.
pub fn cycles(db: &mut Conn, whose: &Whose<'_>, from: NaiveDate, to: NaiveDate, won: i64) -> Result<(i64, i64, Vec<i64>)> {
    let cycle = cycle(db.engine());
    let source = || {
        let mut s = sql!(
            " FROM opportunities o WHERE o.company_id = {} AND o.status = 'won' AND o.closed_date >= {} AND o.closed_date <= {}",
            whose.company.uuid(),
            from,
            to
        );
        whose.narrow(&mut s);
        s
    };
    let mut ends = Statement::new(format!("SELECT COALESCE(MIN({cycle}), 0), COALESCE(MAX({cycle}), 0)"));
    ends.append(source());
    let (shortest, longest) = ends.first::<(i64, i64)>(db)?.unwrap_or_default();
    let mut middle = Statement::new(format!("SELECT {cycle} AS cycle"));
    middle.append(source()).append(sql!(" ORDER BY cycle, o.id LIMIT {} OFFSET {}", 2 - won % 2, ((won - 1) / 2).max(0)));
    let middle = middle.load::<(i64,)>(db)?.into_iter().map(|r| r.0).collect();
    Ok((shortest, longest, middle))
}

/// Deals created in `[from, to)`: how many, how many are won by now.
pub fn created(db: &mut Conn, whose: &Whose<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<(i64, i64)> {
    let mut s = sql!(
        "SELECT COUNT(*), COUNT(CASE WHEN o.status = 'won' THEN 1 END) FROM opportunities o WHERE o.company_id = {} AND o.created_at >= {} \
         AND o.created_at < {}",
        whose.company.uuid(),
        from,
        to
    );
    whose.narrow(&mut s);
    Ok(s.first::<(i64, i64)>(db)?.unwrap_or_default())
}

/// Of the deals created in `[from, to)`, how many are or were in each stage, by the stage's id as on the wire.
pub fn reached(db: &mut Conn, whose: &Whose<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<(String, i64)>> {
    let mut s = sql!(
        "SELECT c.new_value, COUNT(DISTINCT o.id) FROM opportunities o JOIN opportunity_changes c ON c.opportunity_id = o.id \
         AND c.field = 'stage' WHERE o.company_id = {} AND o.created_at >= {} AND o.created_at < {}",
        whose.company.uuid(),
        from,
        to
    );
    whose.narrow(&mut s);
    s.sql(" GROUP BY c.new_value");
    s.load(db)
}

/// What a deal of a cohort has become: won (soon enough), currency, the day of closing of won ones in another currency than
/// the company's, count and sum.
pub fn cohort(
    db: &mut Conn,
    whose: &Whose<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    within_days: Option<i32>,
) -> Result<Vec<(bool, String, Option<NaiveDate>, i64, Amount)>> {
    // the span is compared in the arithmetic of the engine
    let soon = within_days.map_or(String::new(), |days| format!(" AND {} <= {}", cycle(db.engine()), i64::from(days) * 86_400_000_000));
    let mut s = Statement::new(format!(
        "SELECT won, currency, day, COUNT(*), SUM(amount) FROM (SELECT o.currency, o.amount, \
         CASE WHEN o.status = 'won'{soon} THEN 1 ELSE 0 END AS won, "
    ));
    s.append(sql!(
        "CASE WHEN o.status = 'won' AND o.currency <> {} THEN o.closed_date END AS day FROM opportunities o WHERE o.company_id = {} \
         AND o.created_at >= {} AND o.created_at < {}",
        whose.currency,
        whose.company.uuid(),
        from,
        to
    ));
    whose.narrow(&mut s);
    s.sql(") d GROUP BY won, currency, day");
    let rows = s.load::<(i64, String, Option<NaiveDate>, i64, Amount)>(db)?;
    Ok(rows.into_iter().map(|(won, currency, day, count, amount)| (won == 1, currency, day, count, amount)).collect())
}
