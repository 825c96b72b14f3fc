//! Rows of teams and their members.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::directory::teams::{Team, Tree};
use domain::ids::{CompanyId, TeamId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Condition, Conn, Result, Statement, sql};

crate::record! {
    teams: Team {
        id: uid, company_id: uid, name: text, parent_id: opt(uid), manager_id: opt(uid), version: int, created_at: instant,
        updated_at: instant,
    }
    derived { name_key: text = |t| t.name.to_lowercase() }
    unstored { member_ids }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [Team]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|t| t.id.uuid()).collect();
    let found = sql!("SELECT team_id, user_id FROM team_members WHERE team_id IN ({}) ORDER BY position", crate::list(&ids));
    for (team, user) in found.load::<(Uuid, Uuid)>(db)? {
        if let Some(row) = rows.iter_mut().find(|t| t.id.uuid() == team) {
            row.member_ids.push(UserId::from_uuid(user));
        }
    }
    Ok(())
}

/// Replaces the members of a team.
pub fn write_members(db: &mut Conn, team: &Team) -> Result<()> {
    sql!("DELETE FROM team_members WHERE team_id = {}", team.id.uuid()).execute(db)?;
    if team.member_ids.is_empty() {
        return Ok(());
    }
    let mut s = Statement::new("INSERT INTO team_members (team_id, company_id, user_id, position) VALUES ");
    for (i, member) in team.member_ids.iter().enumerate() {
        s.sql(if i == 0 { "(" } else { ", (" });
        let place = i32::try_from(i).unwrap_or(i32::MAX);
        s.append(sql!("{}, {}, {}, {})", team.id.uuid(), team.company_id.uuid(), member.uuid(), place));
    }
    s.execute(db).map(drop)
}

/// The first of these users that is in another team of the company.
pub fn elsewhere(db: &mut Conn, team: &Team) -> Result<Option<UserId>> {
    let members: Vec<Uuid> = team.member_ids.iter().map(|u| u.uuid()).collect();
    let found = sql!(
        "SELECT user_id FROM team_members WHERE company_id = {} AND team_id <> {} AND user_id IN ({}) ORDER BY user_id LIMIT 1",
        team.company_id.uuid(),
        team.id.uuid(),
        crate::list(&members)
    );
    Ok(found.first::<(Uuid,)>(db)?.map(|r| UserId::from_uuid(r.0)))
}

/// The team of a company with this name, whatever the case.
pub fn named(db: &mut Conn, company: CompanyId, name: &str) -> Result<Option<Uuid>> {
    let found = sql!("SELECT id FROM teams WHERE company_id = {} AND name_key = {}", company.uuid(), name.to_lowercase());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// What is below what.
pub fn tree(db: &mut Conn, company: CompanyId) -> Result<Tree<TeamId>> {
    let rows = sql!("SELECT id, parent_id FROM teams WHERE company_id = {}", company.uuid()).load::<(Uuid, Option<Uuid>)>(db)?;
    Ok(rows.into_iter().map(|(id, parent)| (TeamId::from_uuid(id), parent.map(TeamId::from_uuid))).collect())
}

/// In which team of a company its users are.
pub fn members(db: &mut Conn, company: CompanyId) -> Result<BTreeMap<UserId, TeamId>> {
    let rows = sql!("SELECT user_id, team_id FROM team_members WHERE company_id = {}", company.uuid()).load::<(Uuid, Uuid)>(db)?;
    Ok(rows.into_iter().map(|(user, team)| (UserId::from_uuid(user), TeamId::from_uuid(team))).collect())
}

/// `WITH RECURSIVE below(id) AS (…)`: a team and all below it.
fn below(roots: Statement) -> Statement {
    let mut s = Statement::new("WITH RECURSIVE below(id) AS (SELECT id FROM teams WHERE ");
    s.append(roots).sql(" UNION SELECT t.id FROM teams t JOIN below ON t.parent_id = below.id) ");
    s
}

/// A statement for the users in a team or below it.
pub fn users_of(team: Uuid) -> Statement {
    let mut s = below(sql!("id = {}", team));
    s.sql("SELECT m.user_id FROM team_members m JOIN below ON below.id = m.team_id");
    s
}

/// The teams that a user leads, and all below them, with their members.
pub fn led_by(db: &mut Conn, user: UserId) -> Result<(BTreeSet<TeamId>, BTreeSet<UserId>)> {
    let mut s = below(sql!("manager_id = {}", user.uuid()));
    s.sql("SELECT below.id, m.user_id FROM below LEFT JOIN team_members m ON m.team_id = below.id");
    let rows = s.load::<(Uuid, Option<Uuid>)>(db)?;
    let users = rows.iter().filter_map(|r| r.1).map(UserId::from_uuid).collect();
    Ok((rows.into_iter().map(|r| TeamId::from_uuid(r.0)).collect(), users))
}

/// Rows whose owner is in a team or below it.
pub fn owned_by(team: Uuid) -> Condition {
    let mut s = Statement::new("owner_id IN (");
    s.append(users_of(team)).sql(")");
    Condition::Other(s)
}

/// Rows with an owner, or without.
pub fn has_owner(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("owner_id", !wanted)
}

/// Rows of a table whose owner is in a team of their company, or is not.
fn has_team(table: &'static str, wanted: bool) -> Condition {
    let not = if wanted { "" } else { "NOT " };
    Condition::Other(Statement::new(format!(
        "{not}EXISTS (SELECT 1 FROM team_members m WHERE m.company_id = {table}.company_id AND m.user_id = {table}.owner_id)"
    )))
}

/// Deals whose owner is in a team of their company, or is not.
pub fn deal_has_team(_: DateTime<Utc>, wanted: bool) -> Condition {
    has_team("opportunities", wanted)
}

/// Activities whose owner is in a team of their company, or is not.
pub fn activity_has_team(_: DateTime<Utc>, wanted: bool) -> Condition {
    has_team("activities", wanted)
}

/// Leads whose owner is in a team of their company, or is not.
pub fn lead_has_team(_: DateTime<Utc>, wanted: bool) -> Condition {
    has_team("leads", wanted)
}

/// Teams that a user is in.
pub fn with_member(user: Uuid) -> Condition {
    Condition::Other(sql!("EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = teams.id AND m.user_id = {})", user))
}
