//! Rows of leads.

use domain::crm::leads::Lead;

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
