//! Operations on teams, and whose figures their managers see.

use crate::prelude::*;
use domain::directory::teams::{
    CYCLE, DUPLICATE_NAME, HAS_TEAMS, MEMBER_ELSEWHERE, NewTeam, REFUSALS, TOO_DEEP, Team, TeamPatch, put_below, same_company,
};
use domain::identity::users::User;
use domain::ids::{TeamId, UserId};
use persistence::crm::leads::take_turns_on;
use persistence::directory::teams as rows;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Team>("directory/teams", "Who sells together, under whom, and below which other team.");
    n.list("List teams.")
        .filter(&["name", "parent_id", "manager_id"])
        .filter_by::<UserId>("member_id", "Only teams that this user is in.", rows::with_member)
        .search(&["name_key"])
        .sort(&["name"])
        .expand::<Team>("parent", "parent_id");
    n.create(create, CREATE).fails(REFUSALS);
    n.read("Get a team.").expand::<Team>("parent", "parent_id");
    n.update(update, "Change a team. Figures follow its members as they are now, also those of the past.").fails(REFUSALS);
    n.delete(delete, "Delete a team without teams below it. Its members are in none then.").fails(&[HAS_TEAMS]);
}

const CREATE: &str = "Create a team. A user is in one team of a company at most. Who manages a team sees the forecasts, quotas, submissions \
and metrics of its members and of the teams below it without the permission to see all.";

/// What a team may be is judged against all others of the company; changes of them go one after the other.
fn judge(cx: &mut Cx, team: &Team) -> Result<()> {
    take_turns_on(cx.db(), vec![format!("teams:{}", team.company_id)])?;
    match rows::named(cx.db(), team.company_id, &team.name)? {
        Some(other) if other != team.id.uuid() => {
            return Err(DUPLICATE_NAME.field("/name", format!("There is a team called {}.", team.name)));
        }
        _ => {}
    }
    if let Some(parent) = team.parent_id {
        let parent = cx.refer::<Team>("/parent_id", parent)?;
        same_company(team.company_id, parent.company_id)?;
    }
    put_below(&rows::tree(cx.db(), team.company_id)?, team.id, team.parent_id, CYCLE, TOO_DEEP)?;
    if let Some(manager) = team.manager_id {
        cx.refer::<User>("/manager_id", manager)?;
    }
    let known = cx.find_all::<User>(&team.member_ids)?;
    if let Some(i) = team.member_ids.iter().position(|m| !known.iter().any(|u| u.id == *m)) {
        return Err(problems::unknown_reference.field(format!("/member_ids/{i}"), format!("There is no user {}.", team.member_ids[i])));
    }
    if team.member_ids.is_empty() {
        return Ok(());
    }
    match rows::elsewhere(cx.db(), team)? {
        Some(user) => {
            let place = team.member_ids.iter().position(|m| *m == user).unwrap_or_default();
            Err(MEMBER_ELSEWHERE.field(format!("/member_ids/{place}"), format!("{user} is in another team.")))
        }
        None => Ok(()),
    }
}

fn create(cx: &mut Cx, new: NewTeam) -> Result<Team> {
    cx.company(new.company_id)?;
    let team = Team::new(cx.new_id(), new, cx.now)?;
    judge(cx, &team)?;
    let team = cx.create(team)?;
    rows::write_members(cx.db(), &team)?;
    Ok(team)
}

fn update(cx: &mut Cx, id: TeamId, patch: TeamPatch) -> Result<Team> {
    let before = cx.load_for_update::<Team>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    judge(cx, &after)?;
    if before.member_ids != after.member_ids {
        rows::write_members(cx.db(), &after)?;
    }
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: TeamId) -> Result<()> {
    let team = cx.load_for_update::<Team>(id)?;
    take_turns_on(cx.db(), vec![format!("teams:{}", team.company_id)])?;
    let below = rows::tree(cx.db(), team.company_id)?.values().any(|parent| *parent == Some(id));
    cx.ensure(!below, HAS_TEAMS, || format!("{} has teams below it.", team.name))?;
    rows::write_members(cx.db(), &Team { member_ids: Vec::new(), ..team.clone() })?;
    cx.remove(team)
}
