//! Percentages as deals, their lines and stages have them.

use crate::kernel::Decimal;

use crate::kernel::{Code, Rate, Result};

/// A percentage lies between 0 and 100.
pub const NOT_A_PERCENTAGE: Code = Code::invalid("opportunity.not_a_percentage", "A percentage lies between 0 and 100.");

/// Refuses what is not between 0 and 100 at this place of the body.
pub(crate) fn percentage(value: Rate, pointer: &str) -> Result<()> {
    if value.is_negative() || value.get() > Decimal::ONE_HUNDRED {
        return Err(NOT_A_PERCENTAGE.field(pointer, format!("{value} is not between 0 and 100.")));
    }
    Ok(())
}
