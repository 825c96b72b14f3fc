//! Words that every area uses: ids, exact decimals, rounding, codes, patches, problems.
//! Nothing of one area belongs here.

mod days;
mod decimal;
mod error;
mod findings;
mod id;
pub mod labels;
mod metadata;
mod minimum;
mod number;
mod patch;
mod question;
mod rounding;
mod string_enum;
pub mod text;
pub mod turns;

pub use days::{Interval, day_at, moment_of, start_of_day};
pub use decimal::{Amount, Decimals, Quantity, Rate, UnitPrice, is_decimal};
pub use error::{Code, Failure, FieldError, Problem, Result, problems};
pub use findings::Findings;
pub use id::{Id, decode, encode};
pub use metadata::metadata;
pub use minimum::minimum;
pub use number::Decimal;
pub use patch::{PatchBody, default_true, present, some};
pub use question::Question;
pub use rounding::{allocate, round, round_to};
pub use string_enum::StringEnum;

/// Re-exported for the macros of this crate.
#[doc(hidden)]
pub mod reexport {
    pub use serde;
    pub use utoipa;
    pub use uuid::Uuid;
}
