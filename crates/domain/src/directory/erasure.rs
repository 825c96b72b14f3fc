//! What is left of a person whose personal data was erased.

use crate::kernel::Code;

/// The data was erased before.
pub const ERASED: Code = Code::conflict("personal_data.erased", "The personal data was erased.");

/// What stands where a name or text was.
pub const NOTHING: &str = "Erased";
