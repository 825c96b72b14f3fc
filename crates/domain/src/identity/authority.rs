//! Nobody gets more than they have. Whoever changes accounts, roles, grants and keys holds permissions in companies, and so
//! does what is changed; one comparison of the two judges every such change, whichever operation makes it.
//!
//! The rule: what is touched, as it is and as it would become, must lie within what the caller holds at that moment. An
//! account that exceeds the caller is not the caller's to change, and nothing the caller gives exceeds the caller. An API key
//! holds what the key itself may, never what its user may.

use std::collections::BTreeSet;

use super::permissions::Permissions;
use crate::ids::CompanyId;
use crate::kernel::{Code, Failure, FieldError, Result};

/// Something that concerns every company was asked for by somebody who does not have all.
pub const ALL_COMPANIES_NEEDED: Code =
    Code::new(Failure::Forbidden, "company_grant.all_companies_needed", "This concerns all companies and needs a grant on all of them.");
/// The last owner stays, or nobody could give the rights back.
pub const LAST_OWNER: Code =
    Code::conflict("user.last_owner", "This is the last active user with all permissions and all companies; make another one first.");

/// The companies that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Companies {
    /// All, also those that are founded later.
    All,
    These(BTreeSet<CompanyId>),
}

impl Companies {
    pub fn are_all(&self) -> bool {
        *self == Companies::All
    }
    pub fn contain(&self, id: CompanyId) -> bool {
        match self {
            Companies::All => true,
            Companies::These(ids) => ids.contains(&id),
        }
    }
    /// Whether all of `others` are among these.
    pub fn cover(&self, others: &Self) -> bool {
        match (self, others) {
            (Companies::All, _) => true,
            (Companies::These(_), Companies::All) => false,
            (Companies::These(own), Companies::These(others)) => others.is_subset(own),
        }
    }
    /// Those that are in both.
    pub fn intersect(&self, other: &Self) -> Self {
        match (self, other) {
            (Companies::All, some) | (some, Companies::All) => some.clone(),
            (Companies::These(a), Companies::These(b)) => Companies::These(a.intersection(b).copied().collect()),
        }
    }
    /// Those that are in either.
    pub fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Companies::All, _) | (_, Companies::All) => Companies::All,
            (Companies::These(a), Companies::These(b)) => Companies::These(a.union(b).copied().collect()),
        }
    }
}

/// What somebody or something may do, and in which companies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    pub permissions: Permissions,
    pub companies: Companies,
}

impl Authority {
    pub fn new(permissions: Permissions, companies: Companies) -> Self {
        Self { permissions, companies }
    }
    /// Permissions that are not tied to a company, such as those of a role that nobody has.
    pub fn anywhere(permissions: Permissions) -> Self {
        Self { permissions, companies: Companies::These(BTreeSet::new()) }
    }
    /// What both hold.
    pub fn intersect(&self, other: &Self) -> Self {
        Self { permissions: self.permissions.intersect(&other.permissions), companies: self.companies.intersect(&other.companies) }
    }
    /// What comes of holding the permissions and the companies of both.
    pub fn union(&self, other: &Self) -> Self {
        let permissions = Permissions::of(self.permissions.iter().chain(other.permissions.iter()));
        Self { permissions, companies: self.companies.union(&other.companies) }
    }
    /// Whether everything that `other` may, this may too. Permissions are compared by [`super::permissions::covers`].
    pub fn covers(&self, other: &Self) -> bool {
        self.companies.cover(&other.companies) && other.permissions.iter().all(|p| self.permissions.cover(p))
    }
    /// Judges a change by whoever holds this: what is touched, before and after, lies within. `refusal` is the code of the
    /// noun. Which permission is missing is not said: the caller may not be meant to know what an account holds.
    pub fn judge(&self, touched: &[&Authority], refusal: Code) -> Result<()> {
        if touched.iter().all(|t| self.covers(t)) { Ok(()) } else { Err(refusal.into()) }
    }
    /// Judges permissions that the caller has written down; each that is missing is named with its place.
    pub fn judge_given(&self, given: &[String], pointer: &str, refusal: Code) -> Result<()> {
        let missing = |(i, p): (usize, &String)| {
            (!self.permissions.cover(p)).then(|| FieldError::body(format!("{pointer}/{i}"), refusal.code, format!("You do not have {p}.")))
        };
        let missing: Vec<FieldError> = given.iter().enumerate().filter_map(missing).collect();
        if missing.is_empty() { Ok(()) } else { Err(refusal.at(missing)) }
    }
    /// Judges a change of something that every company shares.
    pub fn judge_shared(&self) -> Result<()> {
        if self.companies == Companies::All { Ok(()) } else { Err(ALL_COMPANIES_NEEDED.into()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::permissions::{covers, is_pattern};
    use crate::kernel::Id;

    const REFUSED: Code = Code::new(Failure::Forbidden, "x.out_of_reach", "No.");

    fn company(n: u128) -> CompanyId {
        CompanyId::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn these(ids: &[u128]) -> Companies {
        Companies::These(ids.iter().map(|n| company(*n)).collect())
    }
    fn authority(permissions: &[&str], companies: Companies) -> Authority {
        Authority::new(Permissions::of(permissions), companies)
    }

    #[test]
    fn permissions_and_companies_count_both() {
        let all = || Companies::All;
        for (caller, touched, expected) in [
            (authority(&["*"], all()), authority(&["*"], all()), true),
            (authority(&["*"], these(&[1])), authority(&["crm.*"], these(&[1])), true),
            (authority(&["*"], these(&[1])), authority(&["crm.*"], these(&[1, 2])), false),
            (authority(&["*"], these(&[1])), authority(&[], all()), false),
            (authority(&["identity.*"], all()), authority(&["*"], these(&[])), false),
            (authority(&["identity.*"], all()), authority(&["identity.users.read"], these(&[7])), true),
            (authority(&["identity.*", "crm.*"], all()), authority(&["identity.users.read", "crm.leads.*"], all()), true),
            (authority(&["identity.users.*"], all()), authority(&["identity.*"], all()), false),
            (authority(&[], these(&[])), authority(&[], these(&[])), true),
        ] {
            assert_eq!(caller.judge(&[&touched], REFUSED).is_ok(), expected, "{caller:?} {touched:?}");
        }
    }

    #[test]
    fn what_was_there_counts_like_what_comes_of_it() {
        let caller = authority(&["crm.*"], Companies::All);
        let (small, large) = (authority(&["crm.leads.read"], Companies::All), authority(&["*"], Companies::All));
        assert!(caller.judge(&[&small, &small], REFUSED).is_ok());
        assert!(caller.judge(&[&small, &large], REFUSED).is_err());
        assert!(caller.judge(&[&large, &small], REFUSED).is_err());
    }

    #[test]
    fn each_permission_that_is_missing_is_named() {
        let caller = authority(&["crm.*"], Companies::All);
        let given: Vec<String> = ["crm.leads.read", "sales.*", "*"].map(String::from).into();
        let p = caller.judge_given(&given, "/permissions", REFUSED).expect_err("wide");
        let places: Vec<_> = p.errors().iter().filter_map(|e| e.pointer.clone()).collect();
        assert_eq!(places, ["/permissions/1", "/permissions/2"]);
    }

    #[test]
    fn what_all_companies_share_needs_all() {
        assert!(authority(&["*"], Companies::All).judge_shared().is_ok());
        assert_eq!(authority(&["*"], these(&[1, 2])).judge_shared().expect_err("some").code(), ALL_COMPANIES_NEEDED);
    }

    fn patterns() -> impl Strategy<Value = Permissions> {
        let part = prop::sample::select(vec!["a", "b", "*"]);
        let one = prop::collection::vec(part, 1..=3).prop_map(|p| p.join(".")).prop_filter("a pattern", |p| is_pattern(p));
        prop::collection::vec(one, 0..=3).prop_map(Permissions::of)
    }
    fn companies() -> impl Strategy<Value = Companies> {
        prop_oneof![
            Just(Companies::All),
            prop::collection::btree_set(0..4u128, 0..=3).prop_map(|ids| Companies::These(ids.into_iter().map(company).collect()))
        ]
    }
    fn any() -> impl Strategy<Value = Authority> {
        (patterns(), companies()).prop_map(|(p, c)| Authority::new(p, c))
    }
    /// Everything that can be done: a permission in a company.
    fn may(a: &Authority, permission: &str, at: u128) -> bool {
        a.companies.contain(company(at)) && a.permissions.iter().any(|p| covers(p, permission))
    }

    proptest! {
        #[test]
        fn what_is_covered_can_do_nothing_more(caller in any(), touched in any()) {
            if caller.covers(&touched) {
                for p in ["a.a", "a.b", "b.a", "a.a.a", "c.a", "c.c.c"] {
                    for at in 0..5 {
                        prop_assert!(!may(&touched, p, at) || may(&caller, p, at), "{} at {}: {:?} {:?}", p, at, caller, touched);
                    }
                }
            }
        }
        #[test]
        fn everybody_covers_themselves_and_every_part_of_themselves(a in any(), b in any()) {
            prop_assert!(a.covers(&a));
            prop_assert!(a.covers(&a.intersect(&a)) && a.intersect(&a).covers(&a));
            prop_assert!(a.covers(&a.intersect(&b)), "{:?} {:?}", a, b);
            prop_assert!(a.union(&b).covers(&a) && a.union(&b).covers(&b));
        }
        #[test]
        fn covering_is_transitive(a in any(), b in any(), c in any()) {
            if a.covers(&b) && b.covers(&c) {
                prop_assert!(a.covers(&c));
            }
        }
        /// Whoever may only make covered changes ends, by any chain of them, with nothing that the first one did not have.
        #[test]
        fn no_chain_of_permitted_changes_ends_higher(first in any(), gifts in prop::collection::vec(any(), 1..6)) {
            let mut holder = first.clone();
            for gift in gifts {
                let after = holder.union(&gift);
                if holder.judge(&[&holder, &after], REFUSED).is_ok() {
                    holder = after;
                }
            }
            prop_assert!(first.covers(&holder));
        }
    }
}
