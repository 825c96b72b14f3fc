//! The check of the hash chain: of what is new since the last checkpoint by reports and by the clock, of the whole by
//! verifications. A checkpoint is the last link that was recomputed; it is only ever moved by a check that held.

use std::sync::Arc;

use chrono::TimeDelta;
use persistence::platform::settings;
use serde_json::{Value, json};

use crate::chain_check::{Anchor, Checked, verify_chain, verify_links};
use crate::prelude::*;
use crate::questions::Check;

/// Where the checkpoint is kept.
const CHECKPOINT: &str = "audit_chain.checkpoint";
/// Links that one turn of the clock recomputes.
const PART: i64 = 100_000;

pub fn operations(t: &mut Table) {
    t.each_outside::<String>("platform.audit_chain.check", TimeDelta::hours(1), 1, |_, _| Ok(vec!["audit_chain".into()]), advance);
}

fn check_of(checked: Checked) -> Vec<Check> {
    let rule = "Every event follows from the one before it and is as it was written.";
    vec![Check::of("audit_chain", rule, checked.links, checked.breach.into_iter().collect())]
}

fn checkpoint(cx: &mut Cx) -> Result<Option<Anchor>> {
    let kept = settings::get(cx.db(), CHECKPOINT)?.unwrap_or_default();
    let anchor = |v: &Value| Some(Anchor { seq: v["seq"].as_i64()?, hash: v["hash"].as_str()?.to_string() });
    Ok(anchor(&kept))
}

/// Moves the checkpoint on, never back.
fn keep(app: &Arc<App>, anchor: Option<Anchor>) -> Result<()> {
    let Some(anchor) = anchor else { return Ok(()) };
    app.write(&Arc::new(Caller::system()), move |cx| {
        let now = cx.now;
        if checkpoint(cx)?.is_none_or(|kept| kept.seq < anchor.seq) {
            settings::set(cx.db(), CHECKPOINT, json!({"seq": anchor.seq, "hash": anchor.hash}), now)?;
        }
        Ok(())
    })
}

/// Recomputes the links after the checkpoint. All companies share one chain, so it is checked for callers who have all.
pub(crate) fn new_links(cx: &mut Cx) -> Result<Vec<Check>> {
    if !cx.caller.companies.are_all() {
        return Ok(Vec::new());
    }
    let from = checkpoint(cx)?;
    Ok(check_of(verify_chain(cx.db(), from.as_ref(), |_| {})?))
}

/// Recomputes the hash chain over all facts.
pub(crate) fn whole(origin: &Origin) -> Result<Vec<Check>> {
    let (checked, from) = origin.app.read(&origin.caller, |cx| Ok((verify_chain(cx.db(), None, |_| {})?, checkpoint(cx)?)))?;
    // a tail that was cut off leaves a chain that holds, but not one that leads through the checkpoint
    let cut = from.filter(|from| checked.breach.is_none() && checked.anchor.as_ref().is_none_or(|last| last.seq < from.seq));
    if let Some(from) = cut {
        let breach = Some(format!("event {}: it was a checkpoint and is missing: the tail of the chain was cut off", from.seq));
        return Ok(check_of(Checked { breach, ..checked }));
    }
    keep(&origin.app, checked.anchor.clone())?;
    Ok(check_of(checked))
}

/// Goes on from the checkpoint by the clock. A chain that does not hold is a failure of this timer.
fn advance(app: &Arc<App>, _: String) -> Result<()> {
    let checked = app.read(&Arc::new(Caller::system()), |cx| {
        let from = checkpoint(cx)?;
        Ok(verify_links(cx.db(), from.as_ref(), PART, |_| {})?)
    })?;
    match checked.breach {
        Some(breach) => Err(problems::internal.with(format!("the audit chain does not hold: {breach}"))),
        None => keep(app, checked.anchor),
    }
}
