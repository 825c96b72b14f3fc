//! How other systems call the same thing. One id of one system leads to one party or contact at most.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{Code, Findings, Result};

/// The same system is named twice in one list.
pub const DUPLICATE_EXTERNAL_ID: Code = Code::invalid("external_id.duplicate", "The list names this external id twice.");

/// The id that another system uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalId {
    /// The other system, in lower case.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "webshop")]
    pub system: String,
    /// The id there, exactly as that system writes it. It is unique within its system.
    #[schema(min_length = 1, max_length = 200, example = "ALFKI")]
    pub id: String,
}

/// Refuses an id that stands twice; places are relative to the list.
pub fn check_all(list: &[ExternalId]) -> Result<()> {
    let mut found = Findings::default();
    for (i, id) in list.iter().enumerate() {
        if list[..i].contains(id) {
            found.add(DUPLICATE_EXTERNAL_ID, format!("/{i}"), "This external id is there twice.");
        }
    }
    found.done()
}
