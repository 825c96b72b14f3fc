//! What is above and below a party. How deep a hierarchy may be and that it has no circles is ruled in the domain.

use domain::directory::parties::{DEEPEST, Party};
use domain::directory::party_hierarchy::{HierarchyFilter, HierarchyNode, MOST_NODES, PartyHierarchy};
use domain::ids::PartyId;
use persistence::directory::parties as rows;

use crate::cx::bad_parameter;
use crate::prelude::*;

pub fn of_party(cx: &mut Cx, id: PartyId, filter: HierarchyFilter) -> Result<PartyHierarchy> {
    let depth = match filter.depth {
        None => DEEPEST,
        Some(d) => usize::try_from(d)
            .ok()
            .filter(|d| (1..=DEEPEST).contains(d))
            .ok_or_else(|| bad_parameter("depth", format!("It is from 1 to {DEEPEST}.")))?,
    };
    let party = cx.find::<Party>(id)?;
    let above = match party.parent_id {
        Some(parent) => rows::ancestors(cx.db(), parent, DEEPEST)?,
        None => Vec::new(),
    };
    let known = cx.find_all::<Party>(&above)?;
    let mut ancestors: Vec<HierarchyNode> =
        (1..).zip(&above).filter_map(|(up, id)| known.iter().find(|p| p.id == *id).map(|p| node(p, -up))).collect();
    ancestors.reverse();

    let mut descendants = Vec::new();
    let mut parents = vec![id];
    let mut has_more = false;
    for level in 1..=depth + 1 {
        let room = MOST_NODES - descendants.len();
        let mut children = rows::children(cx.db(), &parents, room + 1)?;
        // one level more than wanted is looked at only to know whether there is one
        if level > depth || children.len() > room {
            has_more = !children.is_empty();
        }
        children.truncate(if level > depth { 0 } else { room });
        parents = children.iter().map(|c| c.id).collect();
        descendants.extend(children.iter().map(|c| node(c, level as i32)));
        if parents.is_empty() || has_more {
            break;
        }
    }
    Ok(PartyHierarchy { party: node(&party, 0), ancestors, descendants, has_more })
}

fn node(party: &Party, level: i32) -> HierarchyNode {
    HierarchyNode { id: party.id, kind: party.kind, name: party.name.clone(), parent_id: party.parent_id, level }
}
