//! The ground every test stands on: a server of its own on a random port, with a database of its own copied from a
//! template that already has the schema, the administrator and one company. No test shares a row with another.

mod answer;
mod client;
mod cluster;
mod database;
pub mod record;
mod server;
mod sink;
mod victim;

pub use answer::Answer;
pub use client::{Client, Request};
pub use cluster::{DURABLE, Private};
pub use database::{Database, Engine, place, workspace};
pub use server::{ADMIN_EMAIL, ADMIN_PASSWORD, BEGIN, Server, on, serve};
pub use sink::{LINKS, Letter, Sink, mailing, with_mail};
pub use victim::Victim;

/// `each_engine! { fn a_draft_can_be_confirmed(s) { … } }` makes the tests `a_draft_can_be_confirmed::sqlite` and
/// `a_draft_can_be_confirmed::postgres`; `s` is a [`Server`] with an administrator's rights. With `(s, sink)` the server
/// sends its mail to `sink`, a [`Sink`].
macro_rules! each_engine {
    (@run $engine:expr) => { crate::harness::on($engine, story) };
    (@run $engine:expr, $sink:ident) => { crate::harness::with_mail($engine, story) };
    ($($(#[$m:meta])* fn $name:ident($s:ident $(, $sink:ident)?) $body:block)*) => { $(
        $(#[$m])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn story($s: &crate::harness::Server $(, $sink: &crate::harness::Sink)?) $body
            #[test]
            fn sqlite() {
                each_engine!(@run crate::harness::Engine::Sqlite $(, $sink)?);
            }
            #[test]
            fn postgres() {
                each_engine!(@run crate::harness::Engine::Postgres $(, $sink)?);
            }
        }
    )* };
}
