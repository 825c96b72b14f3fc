//! Features of the area `directory`, one file for each noun.

mod companies;
mod contacts;
mod currencies;
mod exchange_rates;
mod overview;
mod parties;
mod products;
mod relationships;
mod units;
