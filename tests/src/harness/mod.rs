//! The ground every test stands on: a server of its own on a random port, with a database of its own copied from a
//! template that already has the schema, the administrator and one company. No test shares a row with another.

mod answer;
mod client;
mod cluster;
mod database;
mod record;
mod server;
mod sink;

pub use answer::Answer;
pub use client::{Client, Request};
pub use cluster::{DURABLE, Private};
pub use database::{Database, Engine, workspace};
pub use server::{ADMIN_EMAIL, ADMIN_PASSWORD, BEGIN, Server, on, serve};
pub use sink::{Letter, Sink};

/// `each_engine! { fn a_draft_can_be_confirmed(s) { … } }` makes the tests `a_draft_can_be_confirmed::sqlite` and
/// `a_draft_can_be_confirmed::postgres`; `s` is a [`Server`] with an administrator's rights.
macro_rules! each_engine {
    ($($(#[$m:meta])* fn $name:ident($s:ident) $body:block)*) => { $(
        $(#[$m])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn story($s: &crate::harness::Server) $body
            #[test]
            fn sqlite() {
                crate::harness::on(crate::harness::Engine::Sqlite, story);
            }
            #[test]
            fn postgres() {
                crate::harness::on(crate::harness::Engine::Postgres, story);
            }
        }
    )* };
}
