//! Rows of opportunities, with their lines and the next activity read along.

use chrono::{DateTime, Utc};
use domain::crm::opportunities::{Opportunity, OpportunityLine};
use domain::kernel::Id;
use uuid::Uuid;

use crate::{Condition, Conn, Result, record, sql};

crate::record! {
    opportunities: Opportunity {
        id: uid, company_id: uid, name: text, status: word, party_id: uid, contact_id: opt(uid), pipeline_id: uid,
        stage_id: uid, stage_entered_at: instant, currency: text, amount_source: word, amount: amount,
        probability_percent: rate, probability_is_manual: bool, weighted_amount: amount, forecast_category: word,
        forecast_category_is_manual: bool, expected_close_date: opt(date), close_date_pushes: small, owner_id: opt(uid),
        source_lead_id: opt(uid), source: opt(text), description: opt(text), loss_reason: opt(text), competitor: opt(text),
        closed_date: opt(date), closed_at: opt(instant), metadata: json, version: int, created_at: instant,
        updated_at: instant,
    }
    derived { search: text = |o| search(o) }
    unstored { next_activity_at, lines }
    complete = complete
}

fn search(o: &Opportunity) -> String {
    let or = |t: &Option<String>| t.clone().unwrap_or_default();
    crate::search_text(&[&o.name, &or(&o.source), &or(&o.competitor), &or(&o.description)])
}

fn complete(db: &mut Conn, rows: &mut [Opportunity]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|o| o.id.uuid()).collect();
    let place = |rows: &[Opportunity], id: Uuid| rows.iter().position(|o| o.id.uuid() == id);
    for mut line in record::by::<OpportunityLine>(db, "opportunity_id", &ids)? {
        if let Some(at) = place(rows, line.opportunity_id.uuid()) {
            line.version = rows[at].version;
            rows[at].lines.push(line);
        }
    }
    let next = sql!(
        "SELECT opportunity_id, MIN(due_at) FROM activities WHERE opportunity_id IN ({}) AND status IN ('planned', 'in_progress') \
         AND due_at IS NOT NULL GROUP BY opportunity_id",
        crate::list(&ids)
    );
    for (id, due) in next.load::<(Uuid, Option<DateTime<Utc>>)>(db)? {
        if let Some(at) = place(rows, id) {
            rows[at].next_activity_at = due;
        }
    }
    Ok(())
}

/// Deals with something still to be done about them, or without.
pub fn has_next_activity(_: DateTime<Utc>, wanted: bool) -> Condition {
    let exists = "EXISTS (SELECT 1 FROM activities a WHERE a.opportunity_id = opportunities.id AND a.status IN ('planned', 'in_progress'))";
    Condition::Other(crate::Statement::new(if wanted { exists.to_string() } else { format!("NOT {exists}") }))
}
