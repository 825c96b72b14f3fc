//! End-to-end flows that read as prose. Each uses the public API alone; single rules are tested beside their noun.

mod examples;
mod lead_to_cash;
mod northwind;
mod northwind_files;
mod random_business;
