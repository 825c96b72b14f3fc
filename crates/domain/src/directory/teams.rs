//! Teams: who sells together, under whom, and below which other team. A user is in one team of a company at most, so that
//! figures that are rolled up count each deal once on each level.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, TeamId, UserId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Id, Result, problems};

/// Names are unique in a company, whatever the case.
pub const DUPLICATE_NAME: Code = Code::conflict("team.duplicate_name", "The company has a team with this name.");
/// A team is not below itself.
pub const CYCLE: Code = Code::invalid("team.cycle", "A team cannot be below itself.");
/// Teams are stacked [`MOST_LEVELS`] high at most.
pub const TOO_DEEP: Code = Code::invalid("team.too_deep", "Teams are at most ten levels deep.");
/// A user is in one team of a company.
pub const MEMBER_ELSEWHERE: Code = Code::conflict("team.member_elsewhere", "A user is in one team of a company at most.");
/// A user is named twice.
pub const MEMBER_TWICE: Code = Code::invalid("team.member_twice", "A member is named twice.");
/// A team with others below it stays.
pub const HAS_TEAMS: Code = Code::conflict("team.has_teams", "There are teams below it; put them elsewhere first.");
/// What the rules of teams can answer.
pub const REFUSALS: &[Code] = &[DUPLICATE_NAME, CYCLE, TOO_DEEP, MEMBER_ELSEWHERE, MEMBER_TWICE];
/// Levels of teams at most.
pub const MOST_LEVELS: usize = 10;

/// People who sell together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Team {
    /// The id.
    pub id: TeamId,
    /// The company it sells for.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 100, example = "Inside sales")]
    pub name: String,
    /// The team it is part of; null at the top.
    #[schema(required)]
    pub parent_id: Option<TeamId>,
    /// Who leads it: sees the figures of its members and of the teams below it.
    #[schema(required)]
    pub manager_id: Option<UserId>,
    /// Who is in it, in this order. The manager is in it only when named here.
    #[schema(max_items = 500)]
    pub member_ids: Vec<UserId>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Team, TeamId, "team", company: |t| Some(t.company_id) }

/// A team to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// The company it sells for.
    pub company_id: CompanyId,
    /// What it is called; unique in the company.
    #[schema(min_length = 1, max_length = 100, example = "Inside sales")]
    pub name: String,
    /// The team it is part of.
    #[serde(default)]
    pub parent_id: Option<TeamId>,
    /// Who leads it.
    #[serde(default)]
    pub manager_id: Option<UserId>,
    /// Who is in it; a user is in one team of a company.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub member_ids: Vec<UserId>,
}

crate::patch! {
    /// Changes to a team.
    pub struct TeamPatch for Team {
        /// What it is called; unique in the company.
        set name: String [min_length = 1, max_length = 100],
        /// The team it is part of; null puts it to the top.
        clear parent_id: TeamId,
        /// Who leads it.
        clear manager_id: UserId,
        /// Who is in it; replaced whole.
        set member_ids: Vec<UserId> [max_items = 500],
    }
}

impl Team {
    /// The team as entered. Fails when the name is blank or a member is named twice.
    pub fn new(id: TeamId, new: NewTeam, now: DateTime<Utc>) -> Result<Self> {
        let team = Self {
            id,
            company_id: new.company_id,
            name: filled(&new.name, "/name")?,
            parent_id: new.parent_id,
            manager_id: new.manager_id,
            member_ids: new.member_ids,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        team.once()
    }
    /// The team with these changes.
    pub fn change(mut self, patch: TeamPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.name = filled(&self.name, "/name")?;
        self.updated_at = now;
        self.once()
    }
    fn once(self) -> Result<Self> {
        for (i, member) in self.member_ids.iter().enumerate() {
            if self.member_ids[..i].contains(member) {
                return Err(MEMBER_TWICE.field(format!("/member_ids/{i}"), format!("{member} is named above.")));
            }
        }
        Ok(self)
    }
}

/// What is below what: of each node the one above it.
pub type Tree<I> = BTreeMap<I, Option<I>>;

/// Whether a node may be put below another: 1 for the number of levels of the whole, an error for a circle. `tree` has all
/// nodes as they are; `node` need not be among them.
///
/// # Errors
/// `cycle` when `parent` is below `node` or the node itself; `too_deep` beyond [`MOST_LEVELS`].
pub fn put_below<I: Id + Ord + Copy + std::fmt::Display>(
    tree: &Tree<I>,
    node: I,
    parent: Option<I>,
    cycle: Code,
    too_deep: Code,
) -> Result<()> {
    let above = |mut at: Option<I>, until: I| {
        let mut steps = 0;
        while let Some(next) = at {
            if next == until || steps > tree.len() {
                return None;
            }
            steps += 1;
            at = tree.get(&next).copied().flatten();
        }
        Some(steps)
    };
    let Some(over) = above(parent, node) else {
        return Err(cycle.field("/parent_id", format!("{node} is above it.")));
    };
    // levels of the node itself and what is below it
    let own = tree.keys().filter_map(|other| {
        let (mut at, mut steps) = (Some(*other), 1);
        while let Some(next) = at {
            if next == node {
                return Some(steps);
            }
            steps += 1;
            if steps > tree.len() + 1 {
                return None;
            }
            at = tree.get(&next).copied().flatten();
        }
        None
    });
    let levels = over + own.max().unwrap_or(1);
    match levels <= MOST_LEVELS {
        true => Ok(()),
        false => Err(too_deep.field("/parent_id", format!("That would be {levels} levels."))),
    }
}

/// Refuses a parent of another company.
pub fn same_company(own: CompanyId, parent: CompanyId) -> Result<()> {
    match own == parent {
        true => Ok(()),
        false => Err(problems::unknown_reference.field("/parent_id", "It belongs to another company.")),
    }
}

/// The node and all below it.
pub fn subtree<I: Ord + Copy>(tree: &Tree<I>, root: I) -> Vec<I> {
    let mut out = vec![root];
    let mut at = 0;
    while at < out.len() {
        let parent = out[at];
        let below = tree.iter().filter(|(id, p)| **p == Some(parent) && !out.contains(id)).map(|(id, _)| *id);
        let below: Vec<I> = below.collect();
        out.extend(below);
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> TeamId {
        TeamId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_tree_has_no_circle_and_few_levels() {
        let tree: Tree<TeamId> = [(id(1), None), (id(2), Some(id(1))), (id(3), Some(id(2)))].into();
        let put = |node, parent| put_below(&tree, id(node), parent, CYCLE, TOO_DEEP);
        assert!(put(3, Some(id(1))).is_ok() && put(4, Some(id(3))).is_ok() && put(1, None).is_ok());
        for parent in [1, 2, 3] {
            assert_eq!(put(1, Some(id(parent))).expect_err("a circle").code(), CYCLE);
        }
        let chain: Tree<TeamId> = (1..=10).map(|n| (id(n), (n > 1).then(|| id(n - 1)))).collect();
        assert_eq!(put_below(&chain, id(11), Some(id(10)), CYCLE, TOO_DEEP).expect_err("deep").code(), TOO_DEEP);
        let more: Tree<TeamId> = chain.into_iter().chain([(id(11), None)]).collect();
        assert_eq!(put_below(&more, id(1), Some(id(11)), CYCLE, TOO_DEEP).expect_err("deep").code(), TOO_DEEP);
        assert_eq!(subtree(&tree, id(2)), [id(2), id(3)]);
    }
}
