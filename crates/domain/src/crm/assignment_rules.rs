//! Assignment rules: who gets a lead. Rules are tried in their order; the first whose conditions hold and that has
//! somebody to give the lead to decides. Nothing here is left to chance, so the same history gives the same answer.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::leads::Lead;
use crate::crm::leads::conditions;
use crate::crm::leads::conditions::{LeadAttribute, LeadCondition};
use crate::directory::addresses::CountryCode;
use crate::ids::{AssignmentRuleId, CompanyId, UserId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Findings, Result, turns};

crate::words! {
    /// How a rule chooses among its members.
    pub enum AssignmentMethod {
        /// One after the other, in the order of the list.
        RoundRobin = "round_robin",
        /// Whoever has the fewest open leads; the first of equals.
        Load = "load",
        /// Those who serve the country of the lead, one after the other in each country.
        Territory = "territory",
    }
}

/// A user is listed twice.
pub const MEMBER_TWICE: Code = Code::invalid("assignment_rule.member_twice", "A user is there twice.");
/// A rule by territory has a member without a country, or another rule has one with countries.
pub const WRONG_TERRITORY: Code =
    Code::invalid("assignment_rule.wrong_territory", "Countries belong to the members of rules by territory, and each of them needs one.");

/// Somebody who gets leads by a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentMember {
    /// The user. Disabled users are passed over.
    pub user_id: UserId,
    /// The countries that the user serves, for rules by territory.
    #[serde(default)]
    #[schema(max_items = 250)]
    pub countries: Vec<CountryCode>,
    /// With so many open leads the user gets no more from this rule; null for no limit.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000000)]
    pub max_open_leads: Option<i64>,
}

/// A rule that says who gets a lead.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AssignmentRule {
    /// The id.
    pub id: AssignmentRuleId,
    /// The company whose leads it assigns.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 100, example = "German-speaking countries")]
    pub name: String,
    /// Its place in the order; of equals, the older comes first.
    #[schema(minimum = 1, maximum = 10000)]
    pub position: i32,
    /// Whether it is in use.
    pub is_active: bool,
    /// All of them must hold; a rule without conditions takes every lead.
    #[schema(max_items = 20)]
    pub conditions: Vec<LeadCondition>,
    /// How it chooses.
    pub method: AssignmentMethod,
    /// Who gets leads.
    #[schema(max_items = 200)]
    pub members: Vec<AssignmentMember>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { AssignmentRule, AssignmentRuleId, "assignment_rule", company: |r| Some(r.company_id) }

/// An assignment rule to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignmentRule {
    /// The company whose leads it assigns.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "German-speaking countries")]
    pub name: String,
    /// Its place in the order; 100 when left out.
    #[serde(default = "hundred")]
    #[schema(minimum = 1, maximum = 10000)]
    pub position: i32,
    /// Whether it is in use; true when left out.
    #[serde(default = "crate::kernel::yes")]
    pub is_active: bool,
    /// All of them must hold.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub conditions: Vec<LeadCondition>,
    /// How it chooses.
    pub method: AssignmentMethod,
    /// Who gets leads.
    #[schema(min_items = 1, max_items = 200)]
    pub members: Vec<AssignmentMember>,
}

crate::patch! {
    /// Changes to an assignment rule. Leads that it has given away stay where they are.
    pub struct AssignmentRulePatch for AssignmentRule {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// Its place in the order.
        set position: i32 [minimum = 1, maximum = 10000],
        /// Whether it is in use.
        set is_active: bool,
        /// All of them must hold; replaced whole.
        set conditions: Vec<LeadCondition> [max_items = 20],
        /// How it chooses.
        set method: AssignmentMethod,
        /// Who gets leads; replaced whole.
        set members: Vec<AssignmentMember> [min_items = 1, max_items = 200],
    }
}

/// What the rules of an assignment rule can answer.
pub const REFUSALS: &[Code] = &[MEMBER_TWICE, WRONG_TERRITORY, conditions::INVALID_CONDITION];

fn hundred() -> i32 {
    100
}

impl AssignmentRule {
    /// A new rule. Fails with [`REFUSALS`].
    pub fn new(id: AssignmentRuleId, new: NewAssignmentRule, now: DateTime<Utc>) -> Result<Self> {
        let rule = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            position: new.position,
            is_active: new.is_active,
            conditions: new.conditions,
            method: new.method,
            members: new.members,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        rule.checked()
    }
    /// The rule with these changes.
    pub fn change(mut self, patch: AssignmentRulePatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.checked()
    }
    fn checked(mut self) -> Result<Self> {
        let mut found = Findings::default();
        if let Some(name) = found.take("/name", filled(&self.name, "")) {
            self.name = name;
        }
        found.take("/conditions", conditions::check(&self.conditions));
        let by_territory = self.method == AssignmentMethod::Territory;
        for (i, member) in self.members.iter().enumerate() {
            if self.members[..i].iter().any(|m| m.user_id == member.user_id) {
                found.add(MEMBER_TWICE, format!("/members/{i}/user_id"), "This user is there already.");
            }
            if by_territory == member.countries.is_empty() {
                let message =
                    if by_territory { "Name a country that the user serves." } else { "Only rules by territory look at countries." };
                found.add(WRONG_TERRITORY, format!("/members/{i}/countries"), message);
            }
        }
        found.done()?;
        Ok(self)
    }
    /// Whether it is in use and all its conditions hold.
    pub fn applies_to(&self, lead: &Lead) -> bool {
        self.is_active && self.company_id == lead.company_id && self.conditions.iter().all(|c| c.holds(lead))
    }
    /// The members who may get a lead, in the order of the list. `open_leads` says how many each active user has; users
    /// who are not in it are passed over.
    pub fn candidates(&self, lead: &Lead, open_leads: &BTreeMap<UserId, i64>) -> Vec<UserId> {
        let country = LeadAttribute::Country.of(lead);
        let serves = |m: &&AssignmentMember| {
            self.method != AssignmentMethod::Territory
                || country.as_deref().is_some_and(|c| m.countries.iter().any(|own| own.0.eq_ignore_ascii_case(c)))
        };
        let free = |m: &&AssignmentMember| open_leads.get(&m.user_id).is_some_and(|n| m.max_open_leads.is_none_or(|most| *n < most));
        self.members.iter().filter(serves).filter(free).map(|m| m.user_id).collect()
    }
    /// Who of the candidates gets the next lead. `last` says which turn of the rule each user had last, counted from 1.
    pub fn choose(&self, candidates: &[UserId], last: &BTreeMap<UserId, i64>, open_leads: &BTreeMap<UserId, i64>) -> Option<UserId> {
        match self.method {
            AssignmentMethod::Load => {
                let load = |u: &UserId| open_leads.get(u).copied().unwrap_or_default();
                candidates.iter().copied().min_by_key(load)
            }
            AssignmentMethod::RoundRobin | AssignmentMethod::Territory => turns::next(candidates, last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn rule(method: &str, members: serde_json::Value) -> Result<AssignmentRule> {
        let body = json!({"company_id": "co_00000000000000000000000001", "name": "R", "method": method, "members": members});
        AssignmentRule::new(Id::from_uuid(Default::default()), serde_json::from_value(body).expect("a body"), Default::default())
    }

    fn lead(country: &str) -> Lead {
        let body = json!({"company_id": "co_00000000000000000000000001", "last_name": "T", "address": {"line1": "x", "country": country}});
        Lead::new(Id::from_uuid(Default::default()), serde_json::from_value(body).expect("a body"), Default::default()).expect("a lead")
    }

    fn loads(of: &[(u128, i64)]) -> BTreeMap<UserId, i64> {
        of.iter().map(|(u, n)| (user(*u), *n)).collect()
    }

    /// To whom leads of these candidates go, one after the other.
    fn given(rule: &AssignmentRule, leads: &[&[UserId]], open: &BTreeMap<UserId, i64>) -> Vec<UserId> {
        let mut last = BTreeMap::new();
        let mut one = |(turn, candidates): (usize, &&[UserId])| {
            let next = rule.choose(candidates, &last, open)?;
            last.insert(next, turn as i64 + 1);
            Some(next)
        };
        leads.iter().enumerate().filter_map(|l| one(l)).collect()
    }

    #[test]
    fn members_take_turns_and_disabled_ones_are_passed_over() {
        let rule = rule("round_robin", json!([{"user_id": user(1)}, {"user_id": user(2)}, {"user_id": user(3)}])).expect("a rule");
        let open = loads(&[(1, 5), (3, 0)]);
        let candidates = rule.candidates(&lead("DE"), &open);
        assert_eq!(given(&rule, &[&candidates, &candidates, &candidates, &candidates], &open), [user(1), user(3), user(1), user(3)]);
        assert_eq!(rule.choose(&[], &BTreeMap::new(), &open), None);
    }

    #[test]
    fn the_least_loaded_gets_it_and_the_first_of_equals() {
        let rule =
            rule("load", json!([{"user_id": user(1)}, {"user_id": user(2)}, {"user_id": user(3), "max_open_leads": 1}])).expect("a rule");
        for (open, wanted) in
            [(loads(&[(1, 2), (2, 2), (3, 1)]), 1), (loads(&[(1, 2), (2, 1), (3, 1)]), 2), (loads(&[(1, 2), (2, 1), (3, 0)]), 3)]
        {
            let candidates = rule.candidates(&lead("DE"), &open);
            assert_eq!(rule.choose(&candidates, &loads(&[(wanted, 7)]), &open), Some(user(wanted)), "{open:?}");
        }
    }

    #[test]
    fn a_territory_is_served_by_its_own() {
        let rule = rule("territory", json!([{"user_id": user(1), "countries": ["DE", "AT"]}, {"user_id": user(2), "countries": ["FR"]}]))
            .expect("a rule");
        let open = loads(&[(1, 0), (2, 0)]);
        assert_eq!(rule.candidates(&lead("FR"), &open), [user(2)]);
        assert_eq!(rule.candidates(&lead("AT"), &open), [user(1)]);
        assert!(rule.candidates(&lead("IT"), &open).is_empty());
    }

    #[test]
    fn the_members_of_each_country_take_their_own_turns() {
        let two = json!([{"user_id": user(1), "countries": ["DE"]}, {"user_id": user(2), "countries": ["DE"]}, {"user_id": user(3), "countries": ["FR"]}]);
        let rule = rule("territory", two).expect("a rule");
        let open = loads(&[(1, 0), (2, 0), (3, 0)]);
        let (german, french) = (rule.candidates(&lead("DE"), &open), rule.candidates(&lead("FR"), &open));
        let leads: Vec<&[UserId]> = (0..12).map(|i| if i % 2 == 0 { &german[..] } else { &french[..] }).collect();
        let given = given(&rule, &leads, &open);
        assert_eq!([1, 2, 3].map(|u| given.iter().filter(|g| **g == user(u)).count()), [3, 3, 6]);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (method, members, code) in [
            ("round_robin", json!([{"user_id": user(1)}, {"user_id": user(1)}]), MEMBER_TWICE),
            ("territory", json!([{"user_id": user(1)}]), WRONG_TERRITORY),
            ("load", json!([{"user_id": user(1), "countries": ["DE"]}]), WRONG_TERRITORY),
        ] {
            assert_eq!(rule(method, members).expect_err("refused").code(), code);
        }
    }

    proptest! {
        #[test]
        fn shares_differ_by_one_at_most(members in 1usize..20, leads in 0i64..200) {
            let list: Vec<_> = (0..members).map(|n| json!({"user_id": user(n as u128)})).collect();
            let rule = rule("round_robin", json!(list)).expect("a rule");
            let open: BTreeMap<UserId, i64> = (0..members).map(|n| (user(n as u128), 0)).collect();
            let candidates = rule.candidates(&lead("DE"), &open);
            let (mut shares, mut last) = (BTreeMap::<UserId, i64>::new(), BTreeMap::new());
            for turn in 1..=leads {
                let next = rule.choose(&candidates, &last, &open).expect("somebody");
                last.insert(next, turn);
                *shares.entry(next).or_default() += 1;
            }
            let fair = leads / members as i64;
            prop_assert!(shares.values().all(|n| *n == fair || *n == fair + 1));
            prop_assert_eq!(shares.values().sum::<i64>(), leads);
        }
    }
}
