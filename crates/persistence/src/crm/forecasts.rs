//! Sums of deals for forecasts, grouped by the database: never one row for each deal.

use chrono::NaiveDate;
use domain::crm::forecasts::{Period, Place};
use domain::crm::pipelines::{ForecastCategory, PipelineId, StageId};
use domain::directory::companies::CompanyId;
use domain::identity::users::UserId;
use domain::kernel::{Amount, Id, Rate, Word};
use uuid::Uuid;

use crate::{Conn, Engine, Result, Statement, sql};

/// Which deals to sum.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub company: CompanyId,
    /// ISO 4217: deals in it need no rate.
    pub currency: &'a str,
    pub period: Period,
    pub today: NaiveDate,
    pub pipeline: Option<PipelineId>,
    /// Only this user's shares; needs `by_owner`.
    pub owner: Option<UserId>,
    /// Shares of users and not whole deals.
    pub by_owner: bool,
}

/// Deals of one kind together.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    pub owner: Option<UserId>,
    /// `None` for whole deals.
    pub percent: Option<Rate>,
    pub pipeline: PipelineId,
    pub stage: StageId,
    pub place: Place,
    pub category: ForecastCategory,
    pub currency: String,
    /// For won deals in another currency, the day they were closed.
    pub day: Option<NaiveDate>,
    pub count: i64,
    pub amount: Amount,
    pub weighted: Amount,
}

/// Won deals closed in the period, open ones expected to close in it, overdue and undated ones. Lost ones are left out.
pub fn sums(db: &mut Conn, ask: &Ask<'_>) -> Result<Vec<Sum>> {
    let (share, join) = match ask.by_owner {
        true => (
            "COALESCE(s.user_id, o.owner_id) AS seller, s.percent AS percent",
            " LEFT JOIN opportunity_splits s ON s.opportunity_id = o.id",
        ),
        false => ("NULL AS seller, NULL AS percent", ""),
    };
    // NULL needs a type on PostgreSQL
    let share = match (ask.by_owner, db.engine()) {
        (false, Engine::Postgres) => "CAST(NULL AS UUID) AS seller, CAST(NULL AS NUMERIC) AS percent",
        _ => share,
    };
    let mut s = Statement::new(format!(
        "SELECT seller, percent, pipeline_id, stage_id, place, forecast_category, currency, day, COUNT(*), SUM(amount), SUM(weighted_amount) FROM (SELECT {share}, "
    ));
    s.append(sql!(
        "o.pipeline_id, o.stage_id, CASE WHEN o.status = 'won' THEN 'won' WHEN o.expected_close_date IS NULL THEN 'undated' \
         WHEN o.expected_close_date >= {} AND o.expected_close_date <= {} AND o.expected_close_date < {} THEN 'inside_late' \
         WHEN o.expected_close_date >= {} AND o.expected_close_date <= {} THEN 'inside' ELSE 'late' END AS place, \
         o.forecast_category, o.currency, CASE WHEN o.status = 'won' AND o.currency <> {} THEN o.closed_date END AS day, o.amount, \
         o.weighted_amount FROM opportunities o",
        ask.period.start,
        ask.period.end,
        ask.today,
        ask.period.start,
        ask.period.end,
        ask.currency
    ));
    s.sql(join);
    s.append(sql!(
        " WHERE o.company_id = {} AND ((o.status = 'won' AND o.closed_date >= {} AND o.closed_date <= {}) OR (o.status = 'open' \
         AND (o.expected_close_date IS NULL OR o.expected_close_date < {} OR (o.expected_close_date >= {} AND o.expected_close_date <= {}))))",
        ask.company.uuid(),
        ask.period.start,
        ask.period.end,
        ask.today,
        ask.period.start,
        ask.period.end
    ));
    if let Some(pipeline) = ask.pipeline {
        s.append(sql!(" AND o.pipeline_id = {}", pipeline.uuid()));
    }
    if let Some(owner) = ask.owner {
        s.append(sql!(" AND COALESCE(s.user_id, o.owner_id) = {}", owner.uuid()));
    }
    s.sql(") d GROUP BY seller, percent, pipeline_id, stage_id, place, forecast_category, currency, day");
    type Row = (Option<Uuid>, Option<Rate>, Uuid, Uuid, String, String, String, Option<NaiveDate>, i64, Amount, Amount);
    let sum = |r: Row| Sum {
        owner: r.0.map(UserId::from_uuid),
        percent: r.1,
        pipeline: PipelineId::from_uuid(r.2),
        stage: StageId::from_uuid(r.3),
        place: place(&r.4),
        category: ForecastCategory::from_word(&r.5).unwrap_or(ForecastCategory::Omitted),
        currency: r.6,
        day: r.7,
        count: r.8,
        amount: r.9,
        weighted: r.10,
    };
    Ok(s.load::<Row>(db)?.into_iter().map(sum).collect())
}

fn place(word: &str) -> Place {
    Place {
        won: word == "won",
        inside: matches!(word, "won" | "inside" | "inside_late"),
        late: matches!(word, "late" | "inside_late"),
        dated: word != "undated",
    }
}

/// Of the deals closed on or after a day, how many were ever in each stage, and how many of those were won.
pub fn stage_outcomes(db: &mut Conn, company: CompanyId, since: NaiveDate) -> Result<Vec<(StageId, i64, i64)>> {
    let rows = sql!(
        "SELECT c.new_value, COUNT(DISTINCT o.id), COUNT(DISTINCT CASE WHEN o.status = 'won' THEN o.id END) FROM opportunities o \
         JOIN opportunity_changes c ON c.opportunity_id = o.id AND c.field = 'stage' WHERE o.company_id = {} \
         AND o.status IN ('won', 'lost') AND o.closed_date >= {} GROUP BY c.new_value ORDER BY c.new_value",
        company.uuid(),
        since
    )
    .load::<(String, i64, i64)>(db)?;
    Ok(rows.into_iter().filter_map(|(stage, closed, won)| Some((stage.parse().ok()?, closed, won))).collect())
}

/// What was won between two days: the first day of the month of closing, the currency, for another than the company's the
/// day, and the sum.
pub fn won_by_month(
    db: &mut Conn,
    company: CompanyId,
    currency: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(NaiveDate, String, Option<NaiveDate>, Amount)>> {
    let month = month_of(db.engine(), "closed_date");
    let mut s = Statement::new(format!("SELECT month, currency, day, SUM(amount) FROM (SELECT {month} AS month, currency, "));
    s.append(sql!(
        "CASE WHEN currency <> {} THEN closed_date END AS day, amount FROM opportunities WHERE company_id = {} AND status = 'won' \
         AND closed_date >= {} AND closed_date <= {}) d GROUP BY month, currency, day",
        currency,
        company.uuid(),
        from,
        to
    ));
    s.load(db)
}

/// The first day of the month of a day, in the words of the engine.
pub(crate) fn month_of(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!("substr({column}, 1, 7) || '-01'"),
        Engine::Postgres => format!("CAST(date_trunc('month', {column}) AS DATE)"),
    }
}
