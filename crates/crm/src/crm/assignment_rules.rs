//! Operations on assignment rules, and the choice of an owner by them.

use std::collections::BTreeMap;

use domain::crm::assignment_rules::*;
use domain::crm::leads::Lead;
use domain::identity::users::User;
use domain::ids::{AssignmentRuleId, UserId};
use persistence::crm::assignment_rules as rows;
use platform::identity::users;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<AssignmentRule>("crm/assignment-rules", "Who gets which leads: in turns, by load, by territory.");
    n.list("List assignment rules.").filter(&["method", "is_active"]).sort(&["position", "name"]);
    n.create(create, CREATE).fails(REFUSALS);
    n.read("Get an assignment rule.");
    n.update(update, "Change an assignment rule. Leads that it has given away stay where they are.").fails(REFUSALS);
    n.delete(delete, "Delete an assignment rule. Leads that it has given away stay where they are.");
}

const CREATE: &str = "Create an assignment rule. Rules are tried in the order of their positions when a lead is captured or assigned \
without naming an owner; the first in use whose conditions hold and that has a member who is free decides. Turns are exact also \
when many leads come at once.";

fn check_members(cx: &mut Cx, members: &[AssignmentMember]) -> Result<()> {
    for (i, member) in members.iter().enumerate() {
        cx.refer::<User>(&format!("/members/{i}/user_id"), member.user_id)?;
    }
    Ok(())
}

fn create(cx: &mut Cx, new: NewAssignmentRule) -> Result<AssignmentRule> {
    cx.company(new.company_id)?;
    check_members(cx, &new.members)?;
    let rule = AssignmentRule::new(cx.new_id(), new, cx.now)?;
    let rule = cx.create(rule)?;
    rows::begin(cx.db(), rule.id)?;
    Ok(rule)
}

fn update(cx: &mut Cx, id: AssignmentRuleId, patch: AssignmentRulePatch) -> Result<AssignmentRule> {
    let before = cx.load_for_update::<AssignmentRule>(id)?;
    check_members(cx, patch.members.as_deref().unwrap_or_default())?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: AssignmentRuleId) -> Result<()> {
    let rule = cx.load_for_update::<AssignmentRule>(id)?;
    cx.remove(rule)
}

/// Who gets this lead and by which rule; nobody when no rule in use fits or nobody is free. The turn of the rule is held
/// until the transaction ends, so that two leads never count the same loads or take the same turn.
pub fn owner_for(cx: &mut Cx, lead: &Lead) -> Result<Option<(UserId, AssignmentRuleId)>> {
    for rule in rows::in_use(cx.db(), lead.company_id)?.into_iter().filter(|r| r.applies_to(lead)) {
        let taken = rows::hold_turn(cx.db(), rule.id)?;
        let loads = loads(cx, &rule, lead)?;
        let last = rows::last_turns(cx.db(), rule.id)?;
        let candidates = rule.candidates(lead, &loads);
        if let Some(owner) = rule.choose(&candidates, &last, &loads) {
            rows::take_turn(cx.db(), rule.id, owner, taken + 1)?;
            return Ok(Some((owner, rule.id)));
        }
    }
    Ok(None)
}

/// A lead as it comes in, on whatever way: without an owner it goes to whom the rules choose, or else to `otherwise` while
/// that user may log in.
pub fn on_arrival(cx: &mut Cx, lead: Lead, by_rules: bool, otherwise: Option<UserId>) -> Result<Lead> {
    if lead.owner_id.is_some() {
        return Ok(lead);
    }
    let chosen = if by_rules { owner_for(cx, &lead)? } else { None };
    let now = cx.now;
    Ok(match (chosen, users::if_active(cx, otherwise)?) {
        (Some((owner, rule)), _) => lead.given_to(owner, Some(rule), now),
        (None, Some(owner)) => lead.given_to(owner, None, now),
        (None, None) => lead,
    })
}

/// Stores a lead as it comes in, and tells when it was given to somebody who was not named.
pub fn arrived(cx: &mut Cx, lead: Lead, named: bool) -> Result<Lead> {
    let lead = cx.create(lead)?;
    if lead.owner_id.is_some() && !named {
        cx.emit(Event::of("assigned", &lead));
    }
    Ok(lead)
}

/// How many open leads each member has who may log in.
fn loads(cx: &mut Cx, rule: &AssignmentRule, lead: &Lead) -> Result<BTreeMap<UserId, i64>> {
    let members: Vec<UserId> = rule.members.iter().map(|m| m.user_id).collect();
    let counted = rows::open_leads(cx.db(), lead.company_id, &members)?;
    let active = users::active(cx, &members)?;
    Ok(active.into_iter().map(|u| (u, counted.get(&u).copied().unwrap_or_default())).collect())
}
