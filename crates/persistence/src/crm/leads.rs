//! Rows of leads.

use domain::crm::leads::Lead;

use crate::{Conn, Engine, Result, sql};

crate::record! {
    leads: Lead {
        id: uid, company_id: uid, status: word, name: text, first_name: opt(text), last_name: opt(text), job_title: opt(text),
        organisation_name: opt(text), tax_id: opt(text), email: opt(text), phone: opt(text), phone_normalised: opt(text),
        website: opt(text), address: opt(json), external_id: opt(json), source: opt(text), utm: json, description: opt(text),
        owner_id: opt(uid), first_response_at: opt(instant), qualified_at: opt(instant), disqualified_at: opt(instant),
        disqualification_reason: opt(text), converted_at: opt(instant), converted_party_id: opt(uid),
        converted_party_origin: opt(word), converted_contact_id: opt(uid), converted_opportunity_id: opt(uid), metadata: json,
        version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |l| search(l) }
}

fn search(lead: &Lead) -> String {
    let or = |t: &Option<String>| t.clone().unwrap_or_default();
    crate::search_text(&[&lead.name, &or(&lead.email), &or(&lead.phone_normalised), &or(&lead.tax_id), &or(&lead.job_title)])
}

/// Lets conversions of leads that may be the same person or organisation go one after the other, until the end of the
/// transaction. SQLite has one writer and needs no lock.
pub fn take_turns(db: &mut Conn, lead: &Lead) -> Result<()> {
    if db.engine() == Engine::Sqlite {
        return Ok(());
    }
    let external = lead.external_id.as_ref().map(|e| format!("{}:{}", e.system, e.id));
    let mut keys: Vec<String> =
        [lead.email.as_deref().map(str::to_lowercase), lead.tax_id.clone(), external].into_iter().flatten().collect();
    // One order for all, so that two never wait for each other.
    keys.sort_unstable();
    for key in keys {
        sql!("SELECT pg_advisory_xact_lock(hashtextextended({}, 6361))", key).execute(db)?;
    }
    Ok(())
}
