//! The side tables by which parties and contacts are found: ids of other systems and e-mail addresses. They are written
//! with their owner and never on their own.

use domain::directory::emails::{self, EmailAddress};
use domain::directory::external_ids::ExternalId;
use uuid::Uuid;

use crate::{Conn, Result, Statement, Value};

/// Which side tables, and how they call their owner.
pub(super) struct Side {
    pub external_ids: &'static str,
    pub emails: &'static str,
    pub owner: &'static str,
}

impl Side {
    /// Replaces what is kept of one owner.
    pub fn write(&self, db: &mut Conn, owner: Uuid, ids: &[ExternalId], mails: &[EmailAddress]) -> Result<()> {
        for table in [self.external_ids, self.emails] {
            let mut s = Statement::new(format!("DELETE FROM {table} WHERE {} = ", self.owner));
            s.push(Value::Uid(owner)).execute(db)?;
        }
        if !ids.is_empty() {
            let mut s = Statement::new(format!("INSERT INTO {} (system, value, {}) VALUES ", self.external_ids, self.owner));
            for (i, id) in ids.iter().enumerate() {
                s.sql(if i == 0 { "(" } else { ", (" });
                s.values([Value::Text(id.system.clone()), Value::Text(id.id.clone()), Value::Uid(owner)]).sql(")");
            }
            s.execute(db)?;
        }
        if !mails.is_empty() {
            let mut s = Statement::new(format!("INSERT INTO {} ({}, address) VALUES ", self.emails, self.owner));
            for (i, mail) in mails.iter().enumerate() {
                s.sql(if i == 0 { "(" } else { ", (" });
                s.values([Value::Uid(owner), Value::Text(emails::key(&mail.address))]).sql(")");
            }
            s.execute(db)?;
        }
        Ok(())
    }
    /// The owner whom another system calls so.
    pub fn by_external_id(&self, db: &mut Conn, id: &ExternalId) -> Result<Option<Uuid>> {
        let mut s = Statement::new(format!("SELECT {} FROM {} WHERE system = ", self.owner, self.external_ids));
        s.push(Value::Text(id.system.clone())).sql(" AND value = ").push(Value::Text(id.id.clone()));
        Ok(s.first::<(Uuid,)>(db)?.map(|r| r.0))
    }
    /// Up to ten owners of one of these addresses, whatever its spelling, with the address.
    pub fn by_emails(&self, db: &mut Conn, mails: &[EmailAddress]) -> Result<Vec<(Uuid, String)>> {
        if mails.is_empty() {
            return Ok(Vec::new());
        }
        let mut s = Statement::new(format!("SELECT {}, address FROM {} WHERE address IN (", self.owner, self.emails));
        s.values(mails.iter().map(|m| Value::Text(emails::key(&m.address)))).sql(format!(") ORDER BY {} LIMIT 10", self.owner));
        s.load(db)
    }
}
