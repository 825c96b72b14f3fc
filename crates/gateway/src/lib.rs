//! The only crate that knows HTTP and async: one handler for the whole operation table, refusals as problem+json,
//! the OpenAPI document, the few endpoints outside the table, the command line. No business rule lives here.

mod body;
pub mod config;
mod cors;
mod docs;
mod limits;
mod log;
mod metrics;
mod problem;
mod request;
mod strict_json;
mod trace;
mod tree;
