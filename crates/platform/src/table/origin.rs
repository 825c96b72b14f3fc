//! Where a request comes from, for operations that open their transactions themselves.

use std::sync::Arc;

use domain::Result;

use crate::app::App;
use crate::caller::Caller;
use crate::cx::Cx;

/// Where a request comes from, for work outside of a transaction.
#[derive(Clone)]
pub struct Origin {
    pub app: Arc<App>,
    pub caller: Arc<Caller>,
    pub request_id: String,
}

impl Origin {
    /// The network address of the caller, as far as the edge knows it.
    pub fn address(&self) -> Option<String> {
        self.caller.address.map(|a| a.to_string())
    }
    /// Reads in one snapshot.
    pub fn read<T>(&self, f: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        self.app.read_as(self, f)
    }
    /// Writes in one transaction, as `caller`, who is at the same address. `f` may run again when another transaction was in the way.
    pub fn write_as<T: Send + 'static>(&self, caller: &Arc<Caller>, f: impl FnMut(&mut Cx) -> Result<T> + Send + 'static) -> Result<T> {
        self.app.write_as(&Origin { caller: caller.clone(), ..self.clone() }, f)
    }
}
