//! Rows of territories and their countries.

use domain::directory::teams::Tree;
use domain::directory::territories::Territory;
use domain::ids::{CompanyId, TerritoryId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, Statement, sql};

crate::record! {
    territories: Territory {
        id: uid, company_id: uid, name: text, parent_id: opt(uid), countries: json, version: int, created_at: instant,
        updated_at: instant,
    }
    derived { name_key: text = |t| t.name.to_lowercase() }
    unstored { member_ids }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [Territory]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|t| t.id.uuid()).collect();
    let found = sql!("SELECT territory_id, user_id FROM territory_members WHERE territory_id IN ({}) ORDER BY position", crate::list(&ids));
    for (territory, user) in found.load::<(Uuid, Uuid)>(db)? {
        if let Some(row) = rows.iter_mut().find(|t| t.id.uuid() == territory) {
            row.member_ids.push(UserId::from_uuid(user));
        }
    }
    Ok(())
}

/// Replaces the members of a territory.
pub fn write_members(db: &mut Conn, territory: &Territory) -> Result<()> {
    sql!("DELETE FROM territory_members WHERE territory_id = {}", territory.id.uuid()).execute(db)?;
    if territory.member_ids.is_empty() {
        return Ok(());
    }
    let mut s = Statement::new("INSERT INTO territory_members (territory_id, user_id, position) VALUES ");
    for (i, member) in territory.member_ids.iter().enumerate() {
        s.sql(if i == 0 { "(" } else { ", (" });
        s.append(sql!("{}, {}, {})", territory.id.uuid(), member.uuid(), i32::try_from(i).unwrap_or(i32::MAX)));
    }
    s.execute(db).map(drop)
}

/// Replaces the countries of a territory where they are looked up.
pub fn write_countries(db: &mut Conn, territory: &Territory) -> Result<()> {
    sql!("DELETE FROM territory_countries WHERE territory_id = {}", territory.id.uuid()).execute(db)?;
    if territory.countries.is_empty() {
        return Ok(());
    }
    let mut s = Statement::new("INSERT INTO territory_countries (territory_id, company_id, country) VALUES ");
    for (i, country) in territory.countries.iter().enumerate() {
        s.sql(if i == 0 { "(" } else { ", (" });
        s.append(sql!("{}, {}, {})", territory.id.uuid(), territory.company_id.uuid(), &country.0));
    }
    s.execute(db).map(drop)
}

/// The first of its countries that is in another territory of the company.
pub fn elsewhere(db: &mut Conn, territory: &Territory) -> Result<Option<String>> {
    let countries: Vec<String> = territory.countries.iter().map(|c| c.0.clone()).collect();
    let found = sql!(
        "SELECT country FROM territory_countries WHERE company_id = {} AND territory_id <> {} AND country IN ({}) ORDER BY country LIMIT 1",
        territory.company_id.uuid(),
        territory.id.uuid(),
        crate::list(&countries)
    );
    Ok(found.first::<(String,)>(db)?.map(|r| r.0))
}

/// The territory of a country.
pub fn of_country(db: &mut Conn, company: CompanyId, country: &str) -> Result<Option<TerritoryId>> {
    let found =
        sql!("SELECT territory_id FROM territory_countries WHERE company_id = {} AND country = {}", company.uuid(), country.to_string());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| TerritoryId::from_uuid(r.0)))
}

/// The territory of a company with this name, whatever the case.
pub fn named(db: &mut Conn, company: CompanyId, name: &str) -> Result<Option<Uuid>> {
    let found = sql!("SELECT id FROM territories WHERE company_id = {} AND name_key = {}", company.uuid(), name.to_lowercase());
    Ok(found.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// What is below what.
pub fn tree(db: &mut Conn, company: CompanyId) -> Result<Tree<TerritoryId>> {
    let rows = sql!("SELECT id, parent_id FROM territories WHERE company_id = {}", company.uuid()).load::<(Uuid, Option<Uuid>)>(db)?;
    Ok(rows.into_iter().map(|(id, parent)| (TerritoryId::from_uuid(id), parent.map(TerritoryId::from_uuid))).collect())
}

/// Whether opportunities are in it.
pub fn has_deals(db: &mut Conn, id: TerritoryId) -> Result<bool> {
    Ok(sql!("SELECT 1 FROM opportunities WHERE territory_id = {} LIMIT 1", id.uuid()).first::<(i32,)>(db)?.is_some())
}

/// A statement for a territory and all below it.
pub fn ids_of(territory: Uuid) -> Statement {
    sql!(
        "WITH RECURSIVE below(id) AS (SELECT id FROM territories WHERE id = {} UNION SELECT t.id FROM territories t \
         JOIN below ON t.parent_id = below.id) SELECT id FROM below",
        territory
    )
}
