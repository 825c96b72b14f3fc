//! The document flow around one document, both ways, bounded.

use std::collections::{BTreeMap, BTreeSet};

use domain::platform::trace::{AnyId, MOST_NODES, Trace, TraceDirection, TraceEdge, TraceNode, TraceQuery, title_of};
use persistence::platform::{events, links};

use crate::facts::{reader_of, sees};
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    t.tag("platform/trace", "Which document came from which.");
    t.report_on::<AnyId, TraceQuery, Trace>("platform/trace", "id", trace, TRACE).named("trace_record").permission("platform.trace.read");
}

const TRACE: &str = "Get the document flow around a document. Lead to cash and back in one graph: every document that it came from \
and that came from it, at most 200. Documents of companies without a grant, and those that the caller may not see, are left out.";

/// Edges read for one step at most.
const MOST_EDGES: i64 = 2_000;

fn trace(cx: &mut Cx, id: AnyId, query: TraceQuery) -> Result<Trace> {
    let root = id.to_string();
    let direction = query.direction.unwrap_or(TraceDirection::Both);
    let steps = query.depth.unwrap_or(20).clamp(1, 50);
    let mut nodes: BTreeMap<String, TraceNode> = BTreeMap::new();
    let mut edges: BTreeSet<TraceEdge> = BTreeSet::new();
    add(cx, std::slice::from_ref(&root), 0, &mut nodes)?;
    if nodes.is_empty() {
        return Err(problems::not_found.with(format!("There is no document {root}.")));
    }
    let mut truncated = false;
    let mut front = vec![root.clone()];
    for distance in 1..=steps {
        let found = links::around(cx.db(), &front, MOST_EDGES)?;
        truncated |= found.len() as i64 == MOST_EDGES;
        let here: BTreeSet<&String> = front.iter().collect();
        let mut next = BTreeSet::new();
        for (from, to, kind) in found {
            let follows = match direction {
                TraceDirection::Both => true,
                TraceDirection::Upstream => here.contains(&to),
                TraceDirection::Downstream => here.contains(&from),
            };
            if follows {
                next.extend([&from, &to].into_iter().filter(|id| !nodes.contains_key(*id)).cloned());
                edges.insert(TraceEdge { from, to, kind });
            }
        }
        let room = MOST_NODES - nodes.len();
        truncated |= next.len() > room;
        front = next.into_iter().take(room).collect();
        if front.is_empty() {
            break;
        }
        add(cx, &front, distance, &mut nodes)?;
        front.retain(|id| nodes.contains_key(id));
        truncated |= distance == steps && !front.is_empty() && has_more(cx, &front, &nodes)?;
    }
    edges.retain(|e| nodes.contains_key(&e.from) && nodes.contains_key(&e.to));
    let mut nodes: Vec<TraceNode> = nodes.into_values().collect();
    nodes.sort_by(|a, b| a.distance.cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
    Ok(Trace { root, nodes, edges: edges.into_iter().take(MOST_EDGES as usize).collect(), truncated })
}

fn has_more(cx: &mut Cx, front: &[String], nodes: &BTreeMap<String, TraceNode>) -> Result<bool> {
    let found = links::around(cx.db(), front, MOST_EDGES)?;
    Ok(found.iter().any(|(from, to, _)| !nodes.contains_key(from) || !nodes.contains_key(to)))
}

/// Adds what is known of these documents, but for those of companies that the caller has no grant on.
fn add(cx: &mut Cx, ids: &[String], distance: i32, nodes: &mut BTreeMap<String, TraceNode>) -> Result<()> {
    for (id, kind, company, data) in events::latest_about(cx.db(), ids)? {
        let company_id = company.map(Id::from_uuid);
        if company_id.is_some_and(|c| !cx.caller.companies.contain(c)) {
            continue;
        }
        if !sees(cx, &id, &kind, &data)? {
            continue;
        }
        let noun = kind.split_once('.').map_or(&*kind, |(noun, _)| noun).to_string();
        let may = cx.caller.may(&reader_of(cx, &noun));
        let status = data.get("status").and_then(|s| s.as_str()).filter(|_| may).map(String::from);
        let title = title_of(&data).filter(|_| may);
        nodes.insert(id.clone(), TraceNode { id, noun, title, status, company_id, distance });
    }
    Ok(())
}
