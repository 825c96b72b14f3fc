//! Reports on duties that should not be in one hand.

use std::collections::BTreeMap;

use domain::identity::permissions::Permissions;
use domain::identity::roles::Role;
use domain::identity::separation_of_duties::{RULES, SodConflict, SodReport, SodRules, UserSodConflicts, conflicts};
use persistence::identity::{role_assignments, roles, users};

use crate::prelude::*;

/// Users named in the report.
const NAMED: usize = 1000;

pub(super) fn operations(t: &mut Table) {
    t.tag("identity/sod-conflicts", "Duties that should not be in one hand.");
    t.report("identity/sod-rules", rules, "Get the rules on duties. The pairs of duties that should not be in one hand.");
    t.report(
        "identity/sod-conflicts",
        report,
        "Get the conflicts of duties. All active users who have both duties of a pair, but those who have companies that you do not have.",
    );
}

fn rules(_: &mut Cx, _: NoFilter) -> Result<SodRules> {
    Ok(SodRules { rules: RULES.iter().map(SodConflict::from).collect() })
}

fn report(cx: &mut Cx, _: NoFilter) -> Result<SodReport> {
    let by_id: BTreeMap<_, Role> = roles::all(cx.db())?.into_iter().map(|r| (r.id, r)).collect();
    let mut held: BTreeMap<_, Vec<&Role>> = BTreeMap::new();
    for (user, role) in role_assignments::of_active_users(cx.db())? {
        held.entry(user).or_default().extend(by_id.get(&role));
    }
    let companies = cx.caller.companies.clone();
    let active = users::active(cx.db(), &companies)?;
    let checked = i64::try_from(active.len()).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for (user_id, name) in active {
        let mut roles = held.remove(&user_id).unwrap_or_default();
        roles.sort_by(|a, b| a.code.cmp(&b.code));
        let conflicts = conflicts(&Permissions::of(roles.iter().flat_map(|r| &r.permissions)));
        if !conflicts.is_empty() {
            found.push(UserSodConflicts { user_id, name, roles: roles.iter().map(|r| r.code.clone()).collect(), conflicts });
        }
    }
    let users_with_conflicts = i64::try_from(found.len()).unwrap_or(i64::MAX);
    found.truncate(NAMED);
    Ok(SodReport { users_checked: checked, users_with_conflicts, users: found })
}
