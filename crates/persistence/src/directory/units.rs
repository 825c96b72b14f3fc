//! Rows of units of measure.

use domain::directory::units::Unit;

crate::record! {
    units: Unit {
        id: uid, code: text, name: text, category: word, numerator: rate, denominator: rate, places: small,
        archived_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
}
