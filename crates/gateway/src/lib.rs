//! The only crate that knows HTTP and async: one handler for the whole operation table, refusals as problem+json,
//! the OpenAPI document, the few endpoints outside the table, the command line. No business rule lives here.

mod binary;
mod body;
pub mod cli;
pub mod composition;
mod compression;
mod config;
mod cors;
pub mod demo;
mod dispatch;
mod docs;
mod document;
mod edge;
mod form;
mod health;
mod limits;
mod log;
mod metrics;
pub mod openapi;
mod outside;
mod pages;
mod problem;
mod reply;
mod request;
mod serve;
mod server;
mod slow_head;
mod streams;
mod strict_json;
mod trace;
mod tree;
mod watch;

pub use config::{Config, ConfigError, Limits, Network, Rate, Secret};
/// A request allocates some thousand small pieces on one thread and frees them on another; the allocator of glibc spent a
/// sixth of the processor's time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use server::{Running, StartError, open_app, start};
