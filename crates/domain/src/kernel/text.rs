//! Text that people type: without the spaces around it, and not blank where it must say something.

use crate::kernel::{Result, problems};

/// Without surrounding spaces; nothing when nothing is left.
pub fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_string()).filter(|t| !t.is_empty())
}

/// Without surrounding spaces; refused at this place when nothing is left.
pub fn filled(text: &str, pointer: &str) -> Result<String> {
    match text.trim() {
        "" => Err(problems::invalid_body.field(pointer, "It must not be blank.")),
        text => Ok(text.to_string()),
    }
}
