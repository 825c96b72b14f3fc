//! The tree that a party stands in, for a screen: what is above it and what is below it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::parties::PartyKind;
use crate::ids::PartyId;

/// Parties of a hierarchy shown at most.
pub const MOST_NODES: usize = 1_000;

/// How much of the tree is wanted.
#[derive(Debug, Deserialize, IntoParams)]
pub struct HierarchyFilter {
    /// Levels below the party, 32 when left out.
    #[param(minimum = 1, maximum = 32)]
    pub depth: Option<i32>,
}

/// A party in its hierarchy.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HierarchyNode {
    /// The party.
    pub id: PartyId,
    /// Whether the party is a person or an organisation.
    pub kind: PartyKind,
    /// Its name.
    #[schema(max_length = 200)]
    pub name: String,
    /// The party above it.
    #[schema(required)]
    pub parent_id: Option<PartyId>,
    /// Levels below the party that was asked for; above it, levels are below zero.
    #[schema(minimum = -32, maximum = 32)]
    pub level: i32,
}

/// What is above and below a party.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyHierarchy {
    /// The party itself.
    pub party: HierarchyNode,
    /// Everything above it, the top first.
    #[schema(max_items = 32)]
    pub ancestors: Vec<HierarchyNode>,
    /// Everything below it, level by level, each by name.
    #[schema(max_items = 1000)]
    pub descendants: Vec<HierarchyNode>,
    /// Whether there is more below than is shown here.
    pub has_more: bool,
}
