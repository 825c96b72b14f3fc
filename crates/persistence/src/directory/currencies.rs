//! Rows of currencies. They come with the migrations and are only read.

use domain::directory::currencies::Currency;

crate::record! {
    currencies: Currency { id: uid, numeric_code: text, name: text, minor_units: small, version: int }
}
