//! Rows of users as every user sees them, with their teams.

use std::collections::BTreeMap;

use domain::identity::people::{Person, PersonTeam};
use domain::ids::{CompanyId, TeamId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Condition, Conn, Result, sql};

crate::record! {
    users: Person { id: uid, name: text, status: word, picture_id: opt(uid), version: int, updated_at: instant }
    unstored { teams }
    complete = complete
}

fn complete(db: &mut Conn, rows: &mut [Person]) -> Result<()> {
    let ids: Vec<UserId> = rows.iter().map(|p| p.id).collect();
    let mut teams = teams_of(db, &ids)?;
    rows.iter_mut().for_each(|person| person.teams = teams.remove(&person.id).unwrap_or_default());
    Ok(())
}

/// The teams that each of these users is in or leads, by name.
pub fn teams_of(db: &mut Conn, users: &[UserId]) -> Result<BTreeMap<UserId, Vec<PersonTeam>>> {
    let ids: Vec<Uuid> = users.iter().map(|u| u.uuid()).collect();
    let found = sql!(
        "SELECT m.user_id, t.id, t.company_id, t.name, t.manager_id FROM team_members m JOIN teams t ON t.id = m.team_id \
         WHERE m.user_id IN ({}) \
         UNION SELECT t.manager_id, t.id, t.company_id, t.name, t.manager_id FROM teams t WHERE t.manager_id IN ({}) ORDER BY 4, 2",
        crate::list(&ids),
        crate::list(&ids)
    );
    let mut out: BTreeMap<UserId, Vec<PersonTeam>> = BTreeMap::new();
    for (user, id, company, name, manager) in found.load::<(Uuid, Uuid, Uuid, String, Option<Uuid>)>(db)? {
        let is_manager = manager == Some(user);
        let team = PersonTeam { id: TeamId::from_uuid(id), company_id: CompanyId::from_uuid(company), name, is_manager };
        out.entry(UserId::from_uuid(user)).or_default().push(team);
    }
    Ok(out)
}

/// Users in a team or below it.
pub fn in_team(team: Uuid) -> Condition {
    Condition::Other(sql!(
        "users.id IN (WITH RECURSIVE below(id) AS (SELECT id FROM teams WHERE id = {} \
         UNION SELECT t.id FROM teams t JOIN below ON t.parent_id = below.id) \
         SELECT m.user_id FROM team_members m JOIN below ON below.id = m.team_id)",
        team
    ))
}
