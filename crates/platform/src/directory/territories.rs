//! Operations on territories.

use crate::prelude::*;
use domain::directory::parties::Party;
use domain::directory::teams::{put_below, same_company};
use domain::directory::territories::{
    COUNTRY_ELSEWHERE, CYCLE, DUPLICATE_NAME, IN_USE, NewTerritory, REFUSALS, TOO_DEEP, Territory, TerritoryPatch,
};
use domain::identity::users::User;
use domain::ids::{CompanyId, TerritoryId};
use persistence::crm::leads::take_turns_on;
use persistence::directory::territories as rows;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Territory>("directory/territories", "Countries that are sold to together.");
    n.list("List territories.")
        .filter(&["name", "parent_id"])
        .search(&["name_key"])
        .sort(&["name"])
        .expand::<Territory>("parent", "parent_id");
    n.create(create, CREATE).fails(REFUSALS);
    n.read("Get a territory.").expand::<Territory>("parent", "parent_id");
    n.update(update, "Change a territory. Opportunities stay in the territory they are in.").fails(REFUSALS);
    n.delete(delete, "Delete a territory that nothing is in or below.").fails(&[IN_USE]);
}

const CREATE: &str = "Create a territory. A country is in one territory of a company at most. An opportunity gets the territory of its \
party's country when it is made, unless it says another, and stays in it whatever moves later.";

fn judge(cx: &mut Cx, territory: &Territory) -> Result<()> {
    take_turns_on(cx.db(), vec![format!("territories:{}", territory.company_id)])?;
    match rows::named(cx.db(), territory.company_id, &territory.name)? {
        Some(other) if other != territory.id.uuid() => {
            return Err(DUPLICATE_NAME.field("/name", format!("There is a territory called {}.", territory.name)));
        }
        _ => {}
    }
    if let Some(parent) = territory.parent_id {
        let parent = cx.refer::<Territory>("/parent_id", parent)?;
        same_company(territory.company_id, parent.company_id)?;
    }
    for (i, member) in territory.member_ids.iter().enumerate() {
        cx.refer::<User>(&format!("/member_ids/{i}"), *member)?;
    }
    put_below(&rows::tree(cx.db(), territory.company_id)?, territory.id, territory.parent_id, CYCLE, TOO_DEEP)?;
    if territory.countries.is_empty() {
        return Ok(());
    }
    match rows::elsewhere(cx.db(), territory)? {
        Some(country) => {
            let place = territory.countries.iter().position(|c| c.0 == country).unwrap_or_default();
            Err(COUNTRY_ELSEWHERE.field(format!("/countries/{place}"), format!("{country} is in another territory.")))
        }
        None => Ok(()),
    }
}

fn create(cx: &mut Cx, new: NewTerritory) -> Result<Territory> {
    cx.company(new.company_id)?;
    let territory = Territory::new(cx.new_id(), new, cx.now)?;
    judge(cx, &territory)?;
    let territory = cx.create(territory)?;
    rows::write_countries(cx.db(), &territory)?;
    rows::write_members(cx.db(), &territory)?;
    Ok(territory)
}

fn update(cx: &mut Cx, id: TerritoryId, patch: TerritoryPatch) -> Result<Territory> {
    let before = cx.load_for_update::<Territory>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    judge(cx, &after)?;
    if before.countries != after.countries {
        rows::write_countries(cx.db(), &after)?;
    }
    if before.member_ids != after.member_ids {
        rows::write_members(cx.db(), &after)?;
    }
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: TerritoryId) -> Result<()> {
    let territory = cx.load_for_update::<Territory>(id)?;
    take_turns_on(cx.db(), vec![format!("territories:{}", territory.company_id)])?;
    let below = rows::tree(cx.db(), territory.company_id)?.values().any(|parent| *parent == Some(id));
    let used = below || rows::has_deals(cx.db(), id)?;
    cx.ensure(!used, IN_USE, || format!("{} has territories below it, or opportunities.", territory.name))?;
    rows::write_countries(cx.db(), &Territory { countries: Vec::new(), ..territory.clone() })?;
    cx.remove(territory)
}

/// The territory that a deal with a party begins in: that of the country of its first address.
pub fn of_party(cx: &mut Cx, company: CompanyId, party: &Party) -> Result<Option<TerritoryId>> {
    match party.addresses.first().map(|a| a.address.country.clone()) {
        Some(country) => Ok(rows::of_country(cx.db(), company, &country)?),
        None => Ok(None),
    }
}

/// Refuses a territory of another company.
pub fn refer(cx: &mut Cx, company: CompanyId, id: Option<TerritoryId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    match cx.refer::<Territory>("/territory_id", id)?.company_id == company {
        true => Ok(()),
        false => Err(problems::unknown_reference.field("/territory_id", "The territory belongs to another company.")),
    }
}
