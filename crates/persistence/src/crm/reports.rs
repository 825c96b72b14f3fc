//! Sums for the reports of the front office, and what the checks look for.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::StageId;
use domain::ids::{CompanyId, OpportunityId, PipelineId, UserId};
use domain::kernel::{Amount, Id, Rate};
use uuid::Uuid;

use crate::{Conn, Only, Result, Statement, sql};

/// Deals of one stage, status and currency.
#[derive(Debug, Clone, PartialEq)]
pub struct DealSum {
    pub stage: StageId,
    pub status: String,
    pub currency: String,
    /// Whether their expected close has passed.
    pub late: bool,
    pub count: i64,
    pub amount: Amount,
    pub weighted: Amount,
}

/// The deals of a pipeline visible to the caller, summed by stage, status, currency and lateness.
pub fn deal_sums(db: &mut Conn, seen: &Statement, pipeline: PipelineId, owner: Option<UserId>, today: NaiveDate) -> Result<Vec<DealSum>> {
    let mut s = sql!(
        "SELECT stage_id, status, currency, late, COUNT(*), SUM(amount), SUM(weighted_amount) FROM (SELECT stage_id, status, currency, \
         CASE WHEN expected_close_date < {} THEN 1 ELSE 0 END AS late, amount, weighted_amount FROM opportunities WHERE pipeline_id = {} AND {}",
        today,
        pipeline.uuid(),
        seen.clone()
    );
    if let Some(owner) = owner {
        s.append(sql!(" AND owner_id = {}", owner.uuid()));
    }
    s.sql(") d GROUP BY stage_id, status, currency, late ORDER BY stage_id, status, currency, late");
    let rows = s.load::<(Uuid, String, String, i64, i64, Amount, Amount)>(db)?;
    let sum = |(stage, status, currency, late, count, amount, weighted): (Uuid, String, String, i64, i64, Amount, Amount)| DealSum {
        stage: StageId::from_uuid(stage),
        status,
        currency,
        late: late == 1,
        count,
        amount,
        weighted,
    };
    Ok(rows.into_iter().map(sum).collect())
}

/// What became of the leads visible to the caller, called `l`, created in `[from, to)`: created, ever qualified, given up, converted, won. With
/// `within_days`, only what happened that soon after the creation counts.
pub fn cohort(
    db: &mut Conn,
    seen: &Statement,
    company: CompanyId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    within_days: Option<i32>,
) -> Result<[i64; 5]> {
    // Each instant is compared with the creation plus the days, in the arithmetic of the engine.
    let until = match (db.engine(), within_days) {
        (_, None) => "l.created_at".to_string(),
        (crate::Engine::Sqlite, Some(days)) => format!("l.created_at + {}", i64::from(days) * 86_400_000_000),
        (crate::Engine::Postgres, Some(days)) => format!("l.created_at + INTERVAL '{} hours'", i64::from(days) * 24),
    };
    let soon = |column: &str| match within_days {
        None => format!("{column} IS NOT NULL"),
        Some(_) => format!("{column} <= {until}"),
    };
    let mut s = crate::Statement::new(format!(
        "SELECT COUNT(*), COUNT(CASE WHEN {} THEN 1 END), COUNT(CASE WHEN {} THEN 1 END), COUNT(CASE WHEN {} THEN 1 END), \
         COUNT(CASE WHEN o.status = 'won' AND {} THEN 1 END) FROM leads l LEFT JOIN opportunities o ON o.id = l.converted_opportunity_id",
        soon("l.qualified_at"),
        soon("l.disqualified_at"),
        soon("l.converted_at"),
        soon("o.closed_at")
    ));
    s.append(sql!(" WHERE l.company_id = {} AND l.created_at >= {} AND l.created_at < {} AND {}", company.uuid(), from, to, seen.clone()));
    let row = s.first::<(i64, i64, i64, i64, i64)>(db)?.unwrap_or_default();
    Ok([row.0, row.1, row.2, row.3, row.4])
}

/// What the check of one deal needs.
#[derive(Debug, Clone)]
pub struct DealFacts {
    pub id: OpportunityId,
    pub status: String,
    pub amount_source: String,
    pub currency: String,
    pub amount: Amount,
    pub probability: Rate,
    pub weighted: Amount,
    pub category: String,
    /// The sum of its lines.
    pub lines: Amount,
}

/// Deals after an id, a few thousand at a time, with the sums of their lines.
pub fn deals_to_check(db: &mut Conn, only: &Only, after: Uuid, limit: i64) -> Result<Vec<DealFacts>> {
    type Row = (Uuid, String, String, String, Amount, Rate, Amount, String, Option<Amount>);
    let rows = sql!(
        "SELECT o.id, o.status, o.amount_source, o.currency, o.amount, o.probability_percent, o.weighted_amount, o.forecast_category, \
         (SELECT SUM(l.net_amount) FROM opportunity_lines l WHERE l.opportunity_id = o.id) FROM opportunities o WHERE o.id > {} AND {} \
         ORDER BY o.id LIMIT {}",
        after,
        only.on("o.company_id"),
        limit
    )
    .load::<Row>(db)?;
    let facts = |r: Row| DealFacts {
        id: OpportunityId::from_uuid(r.0),
        status: r.1,
        amount_source: r.2,
        currency: r.3,
        amount: r.4,
        probability: r.5,
        weighted: r.6,
        category: r.7,
        lines: r.8.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(facts).collect())
}
