//! Who has a part in an opportunity: the users who share it, the people of the customer and what they are in it, and
//! who else wants to sell. The parts are written with their opportunity and replaced whole.

use std::collections::BTreeSet;

use crate::kernel::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompetitorId, ContactId, ContactRoleId, OpportunityCompetitorId, OpportunityId, OpportunitySplitId, UserId};
use crate::kernel::{Code, Rate, Result};

crate::words! {
    /// What a person is in a deal.
    pub enum BuyingRole {
        /// Signs.
        DecisionMaker = "decision_maker",
        /// Is listened to.
        Influencer = "influencer",
        /// Wants us to win.
        Champion = "champion",
        /// Holds the money.
        Budget = "budget",
        /// Will work with it.
        User = "user",
        /// Negotiates and orders.
        Buyer = "buyer",
        /// Wants us to lose.
        Opponent = "opponent",
        /// Something else.
        Other = "other",
    }
}

/// Shares sum to 100 percent exactly, or there are none.
pub const SPLITS_NOT_WHOLE: Code = Code::invalid("opportunity.splits_not_whole", "The shares do not sum to 100 percent.");
/// A share is more than zero, at most 100 and has at most two places.
pub const SPLIT_PERCENT: Code =
    Code::invalid("opportunity.split_percent", "A share is more than 0, at most 100 percent, with at most two places.");
/// A user has one share.
pub const DUPLICATE_SPLIT: Code = Code::invalid("opportunity.duplicate_split", "A user has two shares.");
/// A person has one role.
pub const DUPLICATE_CONTACT_ROLE: Code = Code::invalid("opportunity.duplicate_contact_role", "A person has two roles.");
/// A competitor is named once.
pub const DUPLICATE_COMPETITOR: Code = Code::invalid("opportunity.duplicate_competitor", "A competitor is named twice.");
/// What the rules of the parts can answer.
pub const TEAM_REFUSALS: &[Code] =
    &[SPLITS_NOT_WHOLE, SPLIT_PERCENT, DUPLICATE_SPLIT, DUPLICATE_CONTACT_ROLE, DUPLICATE_COMPETITOR, crate::crm::competitors::ARCHIVED];

/// The share of a user in a deal. All shares of a deal sum to 100 percent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpportunitySplit {
    /// The id.
    pub id: OpportunitySplitId,
    /// The opportunity.
    pub opportunity_id: OpportunityId,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 50)]
    pub position: i32,
    /// The user.
    pub user_id: UserId,
    /// The share in percent, more than 0 and at most 100.
    pub percent: Rate,
}

/// What a person is in a deal.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContactRole {
    /// The id.
    pub id: ContactRoleId,
    /// The opportunity.
    pub opportunity_id: OpportunityId,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 50)]
    pub position: i32,
    /// The person.
    pub contact_id: ContactId,
    /// What the person is in the deal.
    pub role: BuyingRole,
}

/// Somebody else who wants to sell.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpportunityCompetitor {
    /// The id.
    pub id: OpportunityCompetitorId,
    /// The opportunity.
    pub opportunity_id: OpportunityId,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 20)]
    pub position: i32,
    /// The competitor.
    pub competitor_id: CompetitorId,
}

/// A share to give.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOpportunitySplit {
    /// The user.
    pub user_id: UserId,
    /// The share in percent, more than 0 and at most 100, at most two places.
    pub percent: Rate,
}

/// A role to give.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContactRole {
    /// The person.
    pub contact_id: ContactId,
    /// What the person is in the deal.
    pub role: BuyingRole,
}

/// Who shares a deal; replaces all shares.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitOpportunity {
    /// The shares: 100 percent together, or none, which leaves the deal to its owner alone.
    #[schema(max_items = 50)]
    pub splits: Vec<NewOpportunitySplit>,
}

/// Who shares a deal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpportunitySplits {
    /// The opportunity.
    pub opportunity_id: OpportunityId,
    /// The version of the opportunity.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The shares; none when the deal is its owner's alone.
    #[schema(max_items = 50)]
    pub splits: Vec<OpportunitySplit>,
}

/// The parts as they are to be; `None` leaves them as they are.
#[derive(Debug, Clone, Default)]
pub struct NewTeam {
    pub splits: Option<Vec<NewOpportunitySplit>>,
    pub contact_roles: Option<Vec<NewContactRole>>,
    pub competitor_ids: Option<Vec<CompetitorId>>,
}

fn place(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX - 1) + 1
}

/// The shares. Fails with [`SPLITS_NOT_WHOLE`], [`SPLIT_PERCENT`] and [`DUPLICATE_SPLIT`]; places are below `/splits`.
pub fn splits(
    of: OpportunityId,
    new: Vec<NewOpportunitySplit>,
    mut id: impl FnMut() -> OpportunitySplitId,
) -> Result<Vec<OpportunitySplit>> {
    let mut seen = BTreeSet::new();
    let mut sum = Decimal::ZERO;
    for (i, s) in new.iter().enumerate() {
        let percent = s.percent.get().normalize();
        if percent <= Decimal::ZERO || percent > Decimal::ONE_HUNDRED || percent.scale() > 2 {
            return Err(SPLIT_PERCENT.field(format!("/splits/{i}/percent"), format!("{percent} is no share.")));
        }
        if !seen.insert(s.user_id) {
            return Err(DUPLICATE_SPLIT.field(format!("/splits/{i}/user_id"), format!("{} has a share already.", s.user_id)));
        }
        sum += percent;
    }
    if !new.is_empty() && sum != Decimal::ONE_HUNDRED {
        return Err(SPLITS_NOT_WHOLE.field("/splits", format!("The shares sum to {} percent.", sum.normalize())));
    }
    let share = |(i, s): (usize, NewOpportunitySplit)| OpportunitySplit {
        id: id(),
        opportunity_id: of,
        position: place(i),
        user_id: s.user_id,
        percent: s.percent,
    };
    Ok(new.into_iter().enumerate().map(share).collect())
}

/// The roles. Fails with [`DUPLICATE_CONTACT_ROLE`]; places are below `/contact_roles`.
pub fn contact_roles(of: OpportunityId, new: Vec<NewContactRole>, mut id: impl FnMut() -> ContactRoleId) -> Result<Vec<ContactRole>> {
    let mut seen = BTreeSet::new();
    if let Some(i) = new.iter().position(|r| !seen.insert(r.contact_id)) {
        let text = format!("{} has a role already.", new[i].contact_id);
        return Err(DUPLICATE_CONTACT_ROLE.field(format!("/contact_roles/{i}/contact_id"), text));
    }
    let role = |(i, r): (usize, NewContactRole)| ContactRole {
        id: id(),
        opportunity_id: of,
        position: place(i),
        contact_id: r.contact_id,
        role: r.role,
    };
    Ok(new.into_iter().enumerate().map(role).collect())
}

/// The competitors. Fails with [`DUPLICATE_COMPETITOR`]; places are below `/competitor_ids`.
pub fn competitors(
    of: OpportunityId,
    new: Vec<CompetitorId>,
    mut id: impl FnMut() -> OpportunityCompetitorId,
) -> Result<Vec<OpportunityCompetitor>> {
    let mut seen = BTreeSet::new();
    if let Some(i) = new.iter().position(|c| !seen.insert(*c)) {
        return Err(DUPLICATE_COMPETITOR.field(format!("/competitor_ids/{i}"), format!("{} is named already.", new[i])));
    }
    let one = |(i, c): (usize, CompetitorId)| OpportunityCompetitor { id: id(), opportunity_id: of, position: place(i), competitor_id: c };
    Ok(new.into_iter().enumerate().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id<T: Id>(n: u128) -> T {
        T::from_uuid(Uuid::from_u128(n))
    }

    fn share(user: u128, percent: &str) -> NewOpportunitySplit {
        NewOpportunitySplit { user_id: id(user), percent: percent.parse().expect("a rate") }
    }

    #[test]
    fn shares_are_a_hundred_percent_or_none() {
        for (shares, refused) in [
            (vec![], None),
            (vec![share(1, "100")], None),
            (vec![share(1, "33.33"), share(2, "33.33"), share(3, "33.34")], None),
            (vec![share(1, "33.33"), share(2, "33.33"), share(3, "33.33")], Some(SPLITS_NOT_WHOLE)),
            (vec![share(1, "60"), share(2, "60")], Some(SPLITS_NOT_WHOLE)),
            (vec![share(1, "50"), share(1, "50")], Some(DUPLICATE_SPLIT)),
            (vec![share(1, "0"), share(2, "100")], Some(SPLIT_PERCENT)),
            (vec![share(1, "-1"), share(2, "101")], Some(SPLIT_PERCENT)),
            (vec![share(1, "33.333"), share(2, "66.667")], Some(SPLIT_PERCENT)),
        ] {
            let made = splits(id(9), shares.clone(), || id(1));
            assert_eq!(made.as_ref().err().map(|p| p.code()), refused, "{shares:?}");
            assert!(made.is_err() || made.is_ok_and(|m| m.len() == shares.len()));
        }
    }

    #[test]
    fn nobody_is_named_twice() {
        let role = |n| NewContactRole { contact_id: id(n), role: BuyingRole::Champion };
        assert_eq!(contact_roles(id(9), vec![role(1), role(2)], || id(1)).expect("roles")[1].position, 2);
        let twice = contact_roles(id(9), vec![role(1), role(1)], || id(1)).expect_err("refused");
        assert_eq!((twice.code(), twice.errors()[0].pointer.as_deref()), (DUPLICATE_CONTACT_ROLE, Some("/contact_roles/1/contact_id")));
        assert_eq!(competitors(id(9), vec![id(1), id(1)], || id(1)).expect_err("refused").code(), DUPLICATE_COMPETITOR);
        assert_eq!(competitors(id(9), vec![id(1), id(2)], || id(1)).expect("competitors").len(), 2);
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_whole(cents in prop::collection::vec(1u32..10_000, 1..6)) {
            let shares: Vec<_> = cents.iter().enumerate()
                .map(|(i, c)| NewOpportunitySplit { user_id: id(i as u128), percent: Decimal::new(i64::from(*c), 2).try_into().expect("a rate") })
                .collect();
            let whole = cents.iter().sum::<u32>() == 10_000;
            prop_assert_eq!(splits(id(9), shares, || id(1)).is_ok(), whole);
        }
    }
}
