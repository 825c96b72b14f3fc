//! The integration suite: one binary, HTTP only, every test on both databases. Nothing here looks into the database
//! or calls an operation past the door, except where a test says why it must.
#![cfg(test)]
#![allow(clippy::unwrap_used)]

// tools for every kind of test; some wait for theirs
#[macro_use]
#[allow(dead_code, unused_imports)]
mod harness;
#[allow(dead_code)]
mod fixtures;
mod house;
mod stories;

mod accounting;
mod banking;
mod contract;
mod crm;
mod directory;
mod identity;
mod insight;
mod inventory;
mod marketing;
mod platform;
mod receivables;
mod sales;
mod service;
mod tax;
