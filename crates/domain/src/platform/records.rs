//! Records of any noun, as far as what stands beside them needs to know them: comments, attachments, watchers.

use crate::ids::{CompanyId, PartyId, UserId};

/// A record of any noun.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The id as on the wire.
    pub id: String,
    /// The noun: `opportunity`.
    pub kind: &'static str,
    /// The company of the record.
    pub company: Option<CompanyId>,
    /// The party that it concerns.
    pub party: Option<PartyId>,
    /// The user who owns it or works on it.
    pub owner: Option<UserId>,
    /// Its number, name or title.
    pub title: Option<String>,
}
