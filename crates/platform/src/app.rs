//! The application: the table of operations, the database, and who answers and reacts. What is done with it is in the door.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::Result;
use domain::kernel::problems;
use persistence::platform::settings;
use persistence::{Conn, Database, Error, Outcome};
use serde_json::Value;

use crate::clock::Clock;
use crate::questions::Questions;
use crate::reactions::Reactions;
use crate::sequence::Sequencer;
use crate::table::{Kind, Listing, Op, Shape, Table};
use crate::{followers, identity, mail, signed};

/// What an application is made of.
pub struct AppConfig {
    /// Closed by [`Table::finish`].
    pub table: Arc<Table>,
    pub database: Database,
    pub reactions: Reactions,
    pub questions: Questions,
    pub clock: Clock,
}

/// The application: the table, the database, and who answers and reacts.
pub struct App {
    pub table: Arc<Table>,
    pub db: Database,
    pub clock: Clock,
    pub questions: Questions,
    /// What identity keeps in memory between requests.
    pub identity: identity::state::State,
    /// The way to the mail server.
    pub mail: mail::State,
    pub(crate) reactions: Reactions,
    cursor_key: Vec<u8>,
    /// The statements of the last run of each writing operation, once somebody asks for them: budgets are held by tests.
    #[cfg(debug_assertions)]
    pub statements: parking_lot::Mutex<Option<std::collections::HashMap<String, Vec<String>>>>,
    /// Numbers committed facts as long as the application lives.
    _sequencer: Sequencer,
}

impl App {
    /// Opens the application on a migrated database.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn new(config: AppConfig) -> Result<Arc<Self>> {
        let AppConfig { table, database, reactions, questions, clock } = config;
        let fresh = STANDARD_NO_PAD.encode(rand::random::<[u8; 32]>());
        let link_keys = signed::fresh();
        let now = clock.now();
        let kept: Value = database.write(Box::new(move |conn: &mut Conn<'_>| -> std::result::Result<_, Error> {
            settings::get_or_insert(conn, signed::SETTING, link_keys.clone(), now)?;
            settings::get_or_insert(conn, "cursor_key", fresh.clone().into(), now).map(Outcome::Keep)
        }))?;
        let cursor_key = kept.as_str().and_then(|k| STANDARD_NO_PAD.decode(k).ok()).unwrap_or_default();
        let identity = identity::state::State::default();
        followers::begin(&database, &table.followers)?;
        let sequencer = Sequencer::start(&database).map_err(|e| problems::unavailable.with(format!("the sequencer: {e}")))?;
        Ok(Arc::new(Self {
            _sequencer: sequencer,
            table,
            db: database,
            clock,
            questions,
            identity,
            mail: mail::State::default(),
            reactions,
            cursor_key,
            #[cfg(debug_assertions)]
            statements: parking_lot::Mutex::default(),
        }))
    }
    pub(crate) fn cursor_key(&self) -> &[u8] {
        &self.cursor_key
    }
    /// The names of the properties of a schema.
    pub(crate) fn properties(&self, shape: &Shape) -> Vec<&'static str> {
        self.table.properties(shape)
    }

    /// Whether the resource that an operation answers is its stored row and nothing else, so that its version names its
    /// contents. What has children, computed fields or actions may look different under the same version.
    pub fn is_bare(&self, op: &Op) -> bool {
        *op.bare.get_or_init(|| {
            let (Some(entity), Some(output)) = (&op.entity, &op.output) else { return false };
            let rows = self.table.ops.iter().filter_map(|o| o.listing.as_ref()).find(|l| (l.row.name)() == *entity);
            let stored = |listing: &Listing| self.properties(output).iter().all(|p| listing.has_column(p));
            // what is masked depends on the caller
            let masked = !self.table.masks_of(entity).is_empty();
            op.actions_of.is_none() && !masked && op.kind != Kind::List && rows.is_some_and(stored)
        })
    }
}
