//! Which statements of the source ran on which engine, in debug builds: the suite writes it down, so that
//! a statement that never ran on one of them can be found. Release builds neither keep nor tell any of it.

use crate::Engine;

/// A place in the source where [`crate::sql!`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    pub file: &'static str,
    pub line: u32,
}

/// Where the parts of one statement were written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(#[cfg(debug_assertions)] Vec<Place>);

/// Statements are equal whoever wrote them.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(debug_assertions)]
mod kept {
    use std::collections::HashSet;
    use std::sync::OnceLock;

    use parking_lot::Mutex;

    use super::{Place, Places};
    use crate::Engine;

    static TOLD: OnceLock<fn(Place, Engine)> = OnceLock::new();
    static SEEN: Mutex<Option<HashSet<(Place, Engine)>>> = Mutex::new(None);

    impl Places {
        pub(crate) fn of(file: &'static str, line: u32) -> Self {
            Self(vec![Place { file, line }])
        }
        pub(crate) fn extend(&mut self, other: Self) {
            self.0.extend(other.0);
        }
    }

    /// Calls `f` for each statement and engine, the first time it runs. Only the first call of this has an effect.
    pub fn listen(f: fn(Place, Engine)) {
        TOLD.get_or_init(|| f);
    }

    pub(crate) fn ran(places: &Places, engine: Engine) {
        let Some(tell) = TOLD.get() else { return };
        let mut seen = SEEN.lock();
        let seen = seen.get_or_insert_default();
        for place in &places.0 {
            if seen.insert((*place, engine)) {
                tell(*place, engine);
            }
        }
    }
}

#[cfg(not(debug_assertions))]
mod kept {
    use super::{Place, Places};
    use crate::Engine;

    impl Places {
        pub(crate) fn of(_: &'static str, _: u32) -> Self {
            Self()
        }
        pub(crate) fn extend(&mut self, _: Self) {}
    }

    /// Nothing is told.
    pub fn listen(_: fn(Place, Engine)) {}

    pub(crate) fn ran(_: &Places, _: Engine) {}
}

pub use kept::listen;
pub(crate) use kept::ran;

/// Engines in the words of the record.
impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Engine::Postgres => "postgres",
            Engine::Sqlite => "sqlite",
        })
    }
}
