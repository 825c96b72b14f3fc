//! Counts and sums for the metrics of sales, grouped by the database.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, PipelineId, TeamId, UserId};
use domain::insight::metrics::groups::MetricGrouping;
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use crate::{Conn, Engine, Result, Statement, sql};

/// Whose deals, and what they are grouped by.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    pub company: CompanyId,
    /// ISO 4217: deals in it need no rate.
    pub currency: &'a str,
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    pub pipeline: Option<PipelineId>,
    pub by: Option<MetricGrouping>,
    pub seen: &'a Seen,
}

/// The conditions on a row `o` that it counts for whoever asks.
#[derive(Debug, Clone)]
pub struct Seen {
    pub deals: Statement,
    pub activities: Statement,
    pub leads: Statement,
}

/// What all rows of a group have: an id or a word. Neither for those that have none, and for all together.
pub type Key = (Option<Uuid>, Option<String>);

impl Whose<'_> {
    fn narrow(&self, s: &mut Statement) {
        self.narrow_owner(s, &self.seen.deals);
        if let Some(pipeline) = self.pipeline {
            s.append(sql!(" AND o.pipeline_id = {}", pipeline.uuid()));
        }
    }
    fn narrow_owner(&self, s: &mut Statement, seen: &Statement) {
        s.sql(" AND ").append(seen.clone());
        if let Some(owner) = self.owner {
            s.append(sql!(" AND o.owner_id = {}", owner.uuid()));
        }
        if let Some(team) = self.team {
            s.sql(" AND o.owner_id IN (").append(crate::directory::teams::users_of(team.uuid())).sql(")");
        }
    }
    /// What stands before the SELECT.
    fn begin(&self) -> Statement {
        match self.by {
            Some(MetricGrouping::Team) => crate::crm::forecasts::tree("teams", self.company.uuid()),
            _ => Statement::default(),
        }
    }
    /// The columns `gid` and `word` of a row `o`.
    fn columns(&self, engine: Engine) -> String {
        let (no_id, no_word) = match engine {
            Engine::Sqlite => ("NULL", "NULL"),
            Engine::Postgres => ("CAST(NULL AS UUID)", "CAST(NULL AS TEXT)"),
        };
        let (id, word) = match self.by {
            None => (no_id, no_word),
            Some(MetricGrouping::Owner) => ("o.owner_id", no_word),
            Some(MetricGrouping::Team) => ("tree.root", no_word),
            Some(MetricGrouping::Pipeline) => ("o.pipeline_id", no_word),
            Some(MetricGrouping::Source) => (no_id, "o.source"),
            Some(MetricGrouping::Campaign) => (no_id, "o.campaign"),
        };
        format!("{id} AS gid, {word} AS word")
    }
    /// What is joined to a row `o`: each row once for every team that its owner is in or below.
    fn join(&self) -> &'static str {
        match self.by {
            Some(MetricGrouping::Team) => {
                " LEFT JOIN team_members m ON m.company_id = o.company_id AND m.user_id = o.owner_id LEFT JOIN tree ON tree.id = m.team_id"
            }
            _ => "",
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

/// The sum of whole numbers as a whole number, in the words of the engine.
fn total(engine: Engine, what: &str) -> String {
    match engine {
        Engine::Sqlite => format!("SUM({what})"),
        Engine::Postgres => format!("CAST(SUM({what}) AS BIGINT)"),
    }
}

/// Deals closed between two days: of each group status, currency, for another than the company's the day, count, sum,
/// microseconds.
pub fn closed(
    db: &mut Conn,
    whose: &Whose<'_>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Key, String, String, Option<NaiveDate>, i64, Amount, i64)>> {
    let engine = db.engine();
    let mut s = whose.begin();
    s.sql(format!("SELECT gid, word, status, currency, day, COUNT(*), SUM(amount), {} FROM (SELECT ", total(engine, "cycle")));
    s.sql(format!("{}, o.status, o.currency, o.amount, {} AS cycle, ", whose.columns(engine), cycle(engine)));
    s.append(sql!("CASE WHEN o.currency <> {} THEN o.closed_date END AS day FROM opportunities o", whose.currency));
    s.sql(whose.join());
    s.append(sql!(
        " WHERE o.company_id = {} AND o.status IN ('won', 'lost') AND o.closed_date >= {} AND o.closed_date <= {}",
        whose.company.uuid(),
        from,
        to
    ));
    whose.narrow(&mut s);
    s.sql(") d GROUP BY gid, word, status, currency, day");
    type Row = (Option<Uuid>, Option<String>, String, String, Option<NaiveDate>, i64, Amount, i64);
    Ok(s.load::<Row>(db)?.into_iter().map(|r| ((r.0, r.1), r.2, r.3, r.4, r.5, r.6, r.7)).collect())
}

/// Of the deals of each group won between two days: the shortest and the longest cycle and the middle one, the mean of the
/// two in the middle when their number is even; microseconds.
pub fn cycles(db: &mut Conn, whose: &Whose<'_>, from: NaiveDate, to: NaiveDate) -> Result<BTreeMap<Key, (i64, i64, i64)>> {
    let engine = db.engine();
    let middle = "CASE WHEN n = (many + 1) / 2 OR n = many / 2 + 1 THEN cycle ELSE 0 END";
    let count = "CASE WHEN n = (many + 1) / 2 OR n = many / 2 + 1 THEN 1 ELSE 0 END";
    let mut s = whose.begin();
    s.sql(format!("SELECT gid, word, MIN(cycle), MAX(cycle), {}, {} FROM (", total(engine, middle), total(engine, count)));
    s.sql("SELECT gid, word, cycle, ROW_NUMBER() OVER (PARTITION BY gid, word ORDER BY cycle, id) AS n, COUNT(*) OVER (PARTITION BY gid, word) AS many FROM (SELECT ");
    s.sql(format!("{}, o.id, {} AS cycle FROM opportunities o{}", whose.columns(engine), cycle(engine), whose.join()));
    s.append(sql!(
        " WHERE o.company_id = {} AND o.status = 'won' AND o.closed_date >= {} AND o.closed_date <= {}",
        whose.company.uuid(),
        from,
        to
    ));
    whose.narrow(&mut s);
    s.sql(") d) e GROUP BY gid, word");
    type Row = (Option<Uuid>, Option<String>, i64, i64, i64, i64);
    Ok(s.load::<Row>(db)?.into_iter().map(|r| ((r.0, r.1), (r.2, r.3, r.4 / r.5.max(1)))).collect())
}

/// Deals created in `[from, to)`, by group: how many, how many are won by now.
pub fn created(db: &mut Conn, whose: &Whose<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<BTreeMap<Key, (i64, i64)>> {
    let engine = db.engine();
    let mut s = whose.begin();
    s.sql("SELECT gid, word, COUNT(*), COUNT(CASE WHEN status = 'won' THEN 1 END) FROM (SELECT o.status, ");
    s.sql(whose.columns(engine)).sql(" FROM opportunities o").sql(whose.join());
    s.append(sql!(" WHERE o.company_id = {} AND o.created_at >= {} AND o.created_at < {}", whose.company.uuid(), from, to));
    whose.narrow(&mut s);
    s.sql(") d GROUP BY gid, word");
    Ok(s.load::<(Option<Uuid>, Option<String>, i64, i64)>(db)?.into_iter().map(|r| ((r.0, r.1), (r.2, r.3))).collect())
}

/// Of the deals created in `[from, to)`, by group, how many are or were in each stage, by the stage's id as on the wire.
pub fn reached(db: &mut Conn, whose: &Whose<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<(Key, String, i64)>> {
    let engine = db.engine();
    let mut s = whose.begin();
    s.sql("SELECT gid, word, new_value, COUNT(DISTINCT id) FROM (SELECT o.id, c.new_value, ");
    s.sql(whose.columns(engine));
    s.sql(" FROM opportunities o JOIN opportunity_changes c ON c.opportunity_id = o.id AND c.field = 'stage'").sql(whose.join());
    s.append(sql!(" WHERE o.company_id = {} AND o.created_at >= {} AND o.created_at < {}", whose.company.uuid(), from, to));
    whose.narrow(&mut s);
    s.sql(") d GROUP BY gid, word, new_value");
    let rows = s.load::<(Option<Uuid>, Option<String>, String, i64)>(db)?;
    Ok(rows.into_iter().map(|r| ((r.0, r.1), r.2, r.3)).collect())
}

/// What a deal of a cohort has become, by group: won (soon enough), currency, the day of closing of won ones in another
/// currency than the company's, count and sum.
pub fn cohort(
    db: &mut Conn,
    whose: &Whose<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    within_days: Option<i32>,
) -> Result<Vec<(Key, bool, String, Option<NaiveDate>, i64, Amount)>> {
    let engine = db.engine();
    let mut s = whose.begin();
    s.sql("SELECT gid, word, won, currency, day, COUNT(*), SUM(amount) FROM (SELECT o.currency, o.amount, ");
    s.sql(whose.columns(engine));
    s.append(sql!(
        ", CASE WHEN o.status = 'won' AND o.days_to_close <= {} THEN 1 ELSE 0 END AS won, \
         CASE WHEN o.status = 'won' AND o.currency <> {} THEN o.closed_date END AS day FROM opportunities o",
        within_days.unwrap_or(i32::MAX),
        whose.currency
    ));
    s.sql(whose.join());
    s.append(sql!(" WHERE o.company_id = {} AND o.created_at >= {} AND o.created_at < {}", whose.company.uuid(), from, to));
    whose.narrow(&mut s);
    s.sql(") d GROUP BY gid, word, won, currency, day");
    type Row = (Option<Uuid>, Option<String>, i64, String, Option<NaiveDate>, i64, Amount);
    Ok(s.load::<Row>(db)?.into_iter().map(|r| ((r.0, r.1), r.2 == 1, r.3, r.4, r.5, r.6)).collect())
}

/// Calls, meetings, e-mails and tasks done in `[from, to)`, by group and kind.
pub fn activities_done(db: &mut Conn, whose: &Whose<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<(Key, String, i64)>> {
    let engine = db.engine();
    let mut s = whose.begin();
    s.sql("SELECT gid, word, kind, COUNT(*) FROM (SELECT o.kind, ").sql(whose.columns(engine));
    s.sql(" FROM activities o").sql(whose.join());
    s.append(sql!(
        " WHERE o.company_id = {} AND o.status = 'done' AND o.kind <> 'note' AND o.completed_at >= {} AND o.completed_at < {}",
        whose.company.uuid(),
        from,
        to
    ));
    whose.narrow_owner(&mut s, &whose.seen.activities);
    s.sql(") d GROUP BY gid, word, kind");
    let rows = s.load::<(Option<Uuid>, Option<String>, String, i64)>(db)?;
    Ok(rows.into_iter().map(|r| ((r.0, r.1), r.2, r.3)).collect())
}

/// Leads created in `[from, to)`, by group: how many, how many were answered, and the microseconds that those waited.
pub fn leads_answered(db: &mut Conn, whose: &Whose<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<BTreeMap<Key, (i64, i64, i64)>> {
    let engine = db.engine();
    let wait = match engine {
        Engine::Sqlite => "(o.first_response_at - o.created_at)",
        Engine::Postgres => "CAST(EXTRACT(EPOCH FROM CAST(o.first_response_at - o.created_at AS INTERVAL)) * 1000000 AS BIGINT)",
    };
    let mut s = whose.begin();
    s.sql(format!("SELECT gid, word, COUNT(*), COUNT(wait), COALESCE({}, 0) FROM (SELECT {wait} AS wait, ", total(engine, "wait")));
    s.sql(whose.columns(engine)).sql(" FROM leads o").sql(whose.join());
    s.append(sql!(" WHERE o.company_id = {} AND o.created_at >= {} AND o.created_at < {}", whose.company.uuid(), from, to));
    whose.narrow_owner(&mut s, &whose.seen.leads);
    s.sql(") d GROUP BY gid, word");
    Ok(s.load::<(Option<Uuid>, Option<String>, i64, i64, i64)>(db)?.into_iter().map(|r| ((r.0, r.1), (r.2, r.3, r.4))).collect())
}
