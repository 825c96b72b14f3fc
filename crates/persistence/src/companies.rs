//! The companies that a query looks at, when it does not look at all.

use uuid::Uuid;

use crate::{Statement, Value};

/// The companies to look at.
#[derive(Debug, Clone)]
pub struct Only(Option<Vec<Uuid>>);

impl Only {
    pub fn all() -> Self {
        Only(None)
    }
    pub fn these(ids: impl IntoIterator<Item = Uuid>) -> Self {
        Only(Some(ids.into_iter().collect()))
    }
    /// A condition on a column with the company.
    pub fn on(&self, column: &'static str) -> Statement {
        match &self.0 {
            None => Statement::new("1 = 1"),
            Some(ids) if ids.is_empty() => Statement::new("1 = 0"),
            Some(ids) => {
                let mut s = Statement::new(column);
                s.sql(" IN (").values(ids.iter().copied().map(Value::Uid)).sql(")");
                s
            }
        }
    }
}

/// `AND` of the rows that the caller may see.
pub(crate) fn and_of(seen: &Statement) -> Statement {
    let mut s = Statement::new(" AND ");
    s.append(seen.clone());
    s
}
