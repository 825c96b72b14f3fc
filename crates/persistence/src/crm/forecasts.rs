//! Sums of deals for forecasts, grouped by the database: never one row for each deal.

use chrono::NaiveDate;
use domain::crm::forecasts::{Period, Place};
use domain::crm::pipelines::ForecastCategory;
use domain::ids::StageId;
use domain::ids::{CompanyId, PipelineId, TeamId, TerritoryId, UserId};
use domain::kernel::{Amount, Id, Rate, StringEnum};
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
    /// Only shares of users in this team or below it; needs `by_owner`.
    pub team: Option<TeamId>,
    /// Only deals in this territory or below it.
    pub territory: Option<TerritoryId>,
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
    pub territory: Option<TerritoryId>,
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
        "SELECT seller, percent, pipeline_id, territory_id, stage_id, place, forecast_category, currency, day, COUNT(*), SUM(amount), SUM(weighted_amount) FROM (SELECT {share}, "
    ));
    s.sql("o.pipeline_id, o.territory_id, o.stage_id, ").append(stands(ask));
    s.append(sql!(
        ", o.forecast_category, o.currency, CASE WHEN o.status = 'won' AND o.currency <> {} THEN o.closed_date END AS day, o.amount, \
         o.weighted_amount FROM opportunities o",
        ask.currency
    ));
    s.sql(join);
    narrow(&mut s, ask);
    s.sql(") d GROUP BY seller, percent, pipeline_id, territory_id, stage_id, place, forecast_category, currency, day");
    type Row = (Option<Uuid>, Option<Rate>, Uuid, Option<Uuid>, Uuid, String, String, String, Option<NaiveDate>, i64, Amount, Amount);
    let sum = |r: Row| Sum {
        owner: r.0.map(UserId::from_uuid),
        percent: r.1,
        pipeline: PipelineId::from_uuid(r.2),
        territory: r.3.map(TerritoryId::from_uuid),
        stage: StageId::from_uuid(r.4),
        place: place(&r.5),
        category: ForecastCategory::from_word(&r.6).unwrap_or(ForecastCategory::Omitted),
        currency: r.7,
        day: r.8,
        count: r.9,
        amount: r.10,
        weighted: r.11,
    };
    Ok(s.load::<Row>(db)?.into_iter().map(sum).collect())
}

/// Where a deal stands, in a word.
fn stands(ask: &Ask<'_>) -> Statement {
    sql!(
        "CASE WHEN o.status = 'won' THEN 'won' WHEN o.expected_close_date IS NULL THEN 'undated' \
         WHEN o.expected_close_date >= {} AND o.expected_close_date <= {} AND o.expected_close_date < {} THEN 'inside_late' \
         WHEN o.expected_close_date >= {} AND o.expected_close_date <= {} THEN 'inside' ELSE 'late' END AS place",
        ask.period.start,
        ask.period.end,
        ask.today,
        ask.period.start,
        ask.period.end
    )
}

/// The deals that count.
fn narrow(s: &mut Statement, ask: &Ask<'_>) {
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
    if let Some(team) = ask.team {
        s.sql(" AND COALESCE(s.user_id, o.owner_id) IN (").append(crate::directory::teams::users_of(team.uuid())).sql(")");
    }
    if let Some(territory) = ask.territory {
        s.sql(" AND o.territory_id IN (").append(crate::directory::territories::ids_of(territory.uuid())).sql(")");
    }
}

/// What deals are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountBy {
    Nothing,
    Owner,
    Pipeline,
    /// Each team with what is below it.
    Team,
    /// Each territory with what is below it.
    Territory,
}

/// How many deals there are by what they are counted by, place and category. Shares of one deal are one deal.
pub fn counts(db: &mut Conn, ask: &Ask<'_>, by: CountBy) -> Result<Vec<(Option<Uuid>, Place, ForecastCategory, i64)>> {
    let company = ask.company.uuid();
    let mut s = match by {
        CountBy::Team => tree("teams", company),
        CountBy::Territory => tree("territories", company),
        _ => Statement::default(),
    };
    let nothing = match db.engine() {
        Engine::Sqlite => "NULL",
        Engine::Postgres => "CAST(NULL AS UUID)",
    };
    s.sql("SELECT key_id, place, forecast_category, COUNT(DISTINCT id) FROM (SELECT o.id, o.forecast_category, ");
    s.sql(match by {
        CountBy::Nothing => nothing,
        CountBy::Owner => "COALESCE(s.user_id, o.owner_id)",
        CountBy::Pipeline => "o.pipeline_id",
        CountBy::Team | CountBy::Territory => "tree.root",
    });
    s.sql(" AS key_id, ").append(stands(ask));
    s.sql(" FROM opportunities o LEFT JOIN opportunity_splits s ON s.opportunity_id = o.id");
    s.sql(match by {
        CountBy::Team => {
            " LEFT JOIN team_members m ON m.company_id = o.company_id AND m.user_id = COALESCE(s.user_id, o.owner_id) \
             LEFT JOIN tree ON tree.id = m.team_id"
        }
        CountBy::Territory => " LEFT JOIN tree ON tree.id = o.territory_id",
        _ => "",
    });
    narrow(&mut s, ask);
    s.sql(") d GROUP BY key_id, place, forecast_category");
    let count = |(key, word, category, n): (Option<Uuid>, String, String, i64)| {
        (key, place(&word), ForecastCategory::from_word(&category).unwrap_or(ForecastCategory::Omitted), n)
    };
    Ok(s.load::<(Option<Uuid>, String, String, i64)>(db)?.into_iter().map(count).collect())
}

/// `WITH RECURSIVE tree(root, id) AS (…)`: each node with itself and all below it.
pub(crate) fn tree(table: &'static str, company: Uuid) -> Statement {
    let mut s = Statement::new("WITH RECURSIVE tree(root, id) AS (SELECT id, id FROM ");
    s.sql(table).append(sql!(" WHERE company_id = {}", company)).sql(" UNION SELECT tree.root, t.id FROM ").sql(table);
    s.sql(" t JOIN tree ON t.parent_id = tree.id) ");
    s
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
    let month = crate::conn::month_of(db.engine(), "closed_date");
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
