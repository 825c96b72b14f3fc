//! The audit trail: who did what when, and what changed. The same rows as the feed, with the actor and the hash chain.

use domain::facts::AuditEntry;

use super::events::bound_in_order;
use crate::facts::page;
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    t.tag("platform/audit-log", "Who did what, when, and what changed.");
    t.rows::<AuditEntry>("platform/audit-log", list, LIST)
        .filter_patterns("kind")
        .filter(&["subject", "actor", "party_id", "request_id", "seq"])
        .filter_as("occurred_at", "at")
        .sort(&["seq"]);
}

const LIST: &str = "List the audit trail. One entry for every event, oldest first unless `sort=-seq` asks for the newest first, with the actor, the request, and the record before and after. Entries are never changed or deleted; each carries the hash of itself and the one \
before. Entries about records that the caller may not see are left out, and `data` and `previous` hide the fields that the record hides. A \
page may hold fewer than `limit` and say `has_more`.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<AuditEntry>> {
    bound_in_order(cx, &mut list, false)?;
    page(cx, list)
}
