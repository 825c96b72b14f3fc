//! Rows of assignment rules, the turn that each has come to, and the loads of users.

use std::collections::BTreeMap;

use domain::crm::assignment_rules::AssignmentRule;
use domain::ids::{AssignmentRuleId, CompanyId, UserId};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Conn, Result, record, sql};

crate::record! {
    assignment_rules: AssignmentRule {
        id: uid, company_id: uid, name: text, position: small, is_active: bool, conditions: json, method: word, members: json,
        version: int, created_at: instant, updated_at: instant,
    }
}

/// The rules in use of a company, in their order.
pub fn in_use(db: &mut Conn, company: CompanyId) -> Result<Vec<AssignmentRule>> {
    let mut s = record::select::<AssignmentRule>();
    s.append(sql!(" WHERE company_id = {} AND is_active = {} ORDER BY position, id", company.uuid(), true));
    record::load(db, &s)
}

/// Begins to count what a rule gives away.
pub fn begin(db: &mut Conn, rule: AssignmentRuleId) -> Result<()> {
    sql!("INSERT INTO assignment_cursors (id, taken) VALUES ({}, 0)", rule.uuid()).execute(db)?;
    Ok(())
}

/// Locks the turn of a rule until the transaction ends and answers how many leads it has given away. Whoever comes next
/// waits here, and then sees what this one did.
pub fn hold_turn(db: &mut Conn, rule: AssignmentRuleId) -> Result<i64> {
    let row = sql!("UPDATE assignment_cursors SET taken = taken WHERE id = {} RETURNING taken", rule.uuid()).first::<(i64,)>(db)?;
    Ok(row.map_or(0, |r| r.0))
}

/// Which turn each user had last by a rule.
pub fn last_turns(db: &mut Conn, rule: AssignmentRuleId) -> Result<BTreeMap<UserId, i64>> {
    let found = sql!("SELECT user_id, turn FROM assignment_turns WHERE rule_id = {}", rule.uuid());
    Ok(found.load::<(Uuid, i64)>(db)?.into_iter().map(|(u, n)| (UserId::from_uuid(u), n)).collect())
}

/// Counts a lead that a rule gave to a user, its `turn`th; the turn is held.
pub fn take_turn(db: &mut Conn, rule: AssignmentRuleId, user: UserId, turn: i64) -> Result<()> {
    sql!("UPDATE assignment_cursors SET taken = {} WHERE id = {}", turn, rule.uuid()).execute(db)?;
    sql!(
        "INSERT INTO assignment_turns (rule_id, user_id, turn) VALUES ({}, {}, {}) ON CONFLICT (rule_id, user_id) DO UPDATE SET turn = excluded.turn",
        rule.uuid(),
        user.uuid(),
        turn
    )
    .execute(db)?;
    Ok(())
}

/// How many open leads of a company these users have; users without any have none in the answer.
pub fn open_leads(db: &mut Conn, company: CompanyId, users: &[UserId]) -> Result<BTreeMap<UserId, i64>> {
    let ids: Vec<Uuid> = users.iter().map(|u| u.uuid()).collect();
    let rows = sql!(
        "SELECT owner_id, COUNT(*) FROM leads WHERE company_id = {} AND owner_id IN ({}) AND status IN ('new', 'working', 'qualified') \
         GROUP BY owner_id",
        company.uuid(),
        crate::list(&ids)
    )
    .load::<(Uuid, i64)>(db)?;
    Ok(rows.into_iter().map(|(user, n)| (UserId::from_uuid(user), n)).collect())
}
