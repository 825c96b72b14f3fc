//! Rows of capture forms and of the wordings they showed.

use domain::ids::LeadFormId;
use domain::kernel::Id;
use domain::marketing::lead_forms::{LeadForm, LeadFormWording};

use crate::{Conn, Result, record, sql};

crate::record! {
    lead_forms: LeadForm {
        id: uid, company_id: uid, name: text, key: text, is_active: bool, fields: json, consent: opt(json),
        consent_version: opt(small), honeypot_field: opt(text), min_seconds: small, max_per_minute: small,
        max_per_minute_of_address: small, source: opt(text), use_assignment_rules: bool, default_owner_id: opt(uid),
        version: int, created_at: instant, updated_at: instant,
    }
}

crate::record! {
    lead_form_wordings: LeadFormWording {
        id: uid, form_id: uid, company_id: uid, consent_version: small, text: text, topic: text, channel: word, created_at: instant,
    }
}

/// The form with this public key, whoever asks.
pub fn by_key(db: &mut Conn, key: &str) -> Result<Option<LeadForm>> {
    let mut s = record::select::<LeadForm>();
    s.append(sql!(" WHERE key = {}", key));
    Ok(record::load(db, &s)?.pop())
}

/// A wording of a form by its number.
pub fn wording(db: &mut Conn, form: LeadFormId, consent_version: i32) -> Result<Option<LeadFormWording>> {
    let mut s = record::select::<LeadFormWording>();
    s.append(sql!(" WHERE form_id = {} AND consent_version = {}", form.uuid(), consent_version));
    Ok(record::load(db, &s)?.pop())
}
