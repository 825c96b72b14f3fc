//! Rows of saved views.

use domain::ids::{SavedViewId, UserId};
use domain::kernel::{Id, StringEnum};
use domain::platform::saved_views::{SavedView, ViewScope};
use uuid::Uuid;

use crate::{Condition, Conn, Result, list, sql};

crate::record! {
    saved_views: SavedView {
        id: uid, noun: text, name: text, scope: word, owner_id: opt(uid), team_id: opt(uid), filters: json, sort: opt(text), columns: json,
        groups: json, is_default: bool, version: int, created_at: instant, updated_at: instant,
    }
}

/// Views that a user sees: the own, those of the user's teams, and those of everybody.
pub fn seen_by(user: UserId, teams: &[Uuid]) -> Condition {
    Condition::Other(sql!(
        "(saved_views.owner_id = {} OR saved_views.scope = 'everybody' OR (saved_views.scope = 'team' AND saved_views.team_id IN ({})))",
        user.uuid(),
        list(teams)
    ))
}

/// The teams of which a user is a member or the manager.
pub fn teams_of(db: &mut Conn, user: UserId) -> Result<Vec<Uuid>> {
    let found = sql!(
        "SELECT team_id FROM team_members WHERE user_id = {} UNION SELECT id FROM teams WHERE manager_id = {}",
        user.uuid(),
        user.uuid()
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// The other defaults of the same list and scope.
pub fn other_defaults(db: &mut Conn, view: &SavedView) -> Result<Vec<SavedViewId>> {
    let mut s = sql!(
        "SELECT id FROM saved_views WHERE noun = {} AND scope = {} AND is_default = {} AND id <> {}",
        &view.noun,
        view.scope.as_str(),
        true,
        view.id.uuid()
    );
    match (view.scope, view.owner_id, view.team_id) {
        (ViewScope::Private, Some(owner), _) => drop(s.append(sql!(" AND owner_id = {}", owner.uuid()))),
        (ViewScope::Team, _, Some(team)) => drop(s.append(sql!(" AND team_id = {}", team.uuid()))),
        // such a view is not stored
        (ViewScope::Private | ViewScope::Team, ..) => return Ok(Vec::new()),
        (ViewScope::Everybody, ..) => {}
    }
    s.sql(" ORDER BY id");
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| SavedViewId::from_uuid(r.0)).collect())
}
