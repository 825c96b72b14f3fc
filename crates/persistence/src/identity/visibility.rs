//! Which rows a caller may see: conditions on the owner of a row, by the caller, the caller's teams and territories.

use domain::ids::UserId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Bind, Condition, Conn, Result, Statement, Value, list, sql};

/// Where a table says whose a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    pub table: &'static str,
    /// The column with the user.
    pub owner: &'static str,
    /// Whether rows belong to one company.
    pub in_company: bool,
    /// The column with the territory.
    pub territory: Option<&'static str>,
}

/// No row.
pub fn nothing() -> Condition {
    Condition::Other(Statement::new("1 = 0"))
}

/// Rows that the user owns.
pub fn own(of: &Owned, user: UserId) -> Condition {
    Condition::Other(owner(of, user))
}

fn owner(of: &Owned, user: UserId) -> Statement {
    let mut s = Statement::new(format!("{}.{} = ", of.table, of.owner));
    s.push(Value::Uid(user.uuid()));
    s
}

/// Rows that the user or a member of one of these teams owns, or that are in one of these territories. A member counts for the
/// company of the team alone.
pub fn around(of: &Owned, user: UserId, teams: &[Uuid], territories: &[Uuid]) -> Condition {
    let mut s = Statement::new("(");
    s.append(owner(of, user));
    if !teams.is_empty() {
        s.sql(format!(" OR EXISTS (SELECT 1 FROM team_members m WHERE m.user_id = {}.{}", of.table, of.owner));
        if of.in_company {
            s.sql(format!(" AND m.company_id = {}.company_id", of.table));
        }
        s.sql(" AND m.team_id IN (").values(teams.iter().map(|t| Value::Uid(*t))).sql("))");
    }
    if let Some(column) = of.territory.filter(|_| !territories.is_empty()) {
        s.sql(format!(" OR {}.{column} IN (", of.table)).values(territories.iter().map(|t| Value::Uid(*t))).sql(")");
    }
    s.sql(")");
    Condition::Other(s)
}

/// Rows of a table whose column leads nowhere, or to a row of another table that meets the condition.
pub fn leading_to(table: &str, column: &str, target: &str, condition: &Condition) -> Condition {
    let mut s = Statement::new(format!("({table}.{column} IS NULL OR {table}.{column} IN (SELECT {target}.id FROM {target} WHERE "));
    condition.write(&mut s);
    s.sql("))");
    Condition::Other(s)
}

/// Rows that lead somewhere by one of these columns, or else meet the condition.
pub fn unless_leading(table: &str, columns: &[&str], condition: &Condition) -> Condition {
    let mut s = Statement::new("(");
    for column in columns {
        s.sql(format!("{table}.{column} IS NOT NULL OR "));
    }
    condition.write(&mut s);
    s.sql(")");
    Condition::Other(s)
}

/// Rows that meet all of these conditions; nothing when there is none.
pub fn all_of(conditions: Vec<Condition>) -> Option<Condition> {
    let mut s = Statement::default();
    for (i, condition) in conditions.iter().enumerate() {
        s.sql(if i == 0 { "(" } else { " AND " });
        condition.write(&mut s);
    }
    (!conditions.is_empty()).then(|| {
        s.sql(")");
        Condition::Other(s)
    })
}

/// Rows whose column does not hold this word.
pub fn without(column: &'static str, word: &str) -> Condition {
    let mut s = Statement::new(format!("{column} <> "));
    s.push(Value::Text(word.to_string()));
    Condition::Other(s)
}

/// Those of these rows that meet the condition.
pub fn among(db: &mut Conn, table: &'static str, ids: &[Uuid], condition: Option<&Condition>) -> Result<Vec<Uuid>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut s = Statement::new(format!("SELECT {table}.id FROM {table} WHERE {table}.id IN ("));
    list(ids).bind(&mut s);
    s.sql(")");
    if let Some(condition) = condition {
        s.sql(" AND ");
        condition.write(&mut s);
    }
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// The teams of a user: those that the user is in, those that the user manages, and all below the latter.
pub fn teams_of(db: &mut Conn, user: UserId) -> Result<Vec<Uuid>> {
    let found = sql!(
        "WITH RECURSIVE led(id) AS (SELECT id FROM teams WHERE manager_id = {} UNION SELECT t.id FROM teams t JOIN led ON t.parent_id = led.id) \
         SELECT id FROM led UNION SELECT team_id FROM team_members WHERE user_id = {}",
        user.uuid(),
        user.uuid()
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// The territories of a user and all below them.
pub fn territories_of(db: &mut Conn, user: UserId) -> Result<Vec<Uuid>> {
    let found = sql!(
        "WITH RECURSIVE own(id) AS (SELECT territory_id FROM territory_members WHERE user_id = {} \
         UNION SELECT t.id FROM territories t JOIN own ON t.parent_id = own.id) SELECT id FROM own",
        user.uuid()
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Whether one of these users is a member of one of these teams.
pub fn members_of(db: &mut Conn, teams: &[Uuid], user: UserId) -> Result<bool> {
    let found = sql!("SELECT user_id FROM team_members WHERE user_id = {} AND team_id IN ({}) LIMIT 1", user.uuid(), list(teams));
    Ok(!teams.is_empty() && found.first::<(Uuid,)>(db)?.is_some())
}
