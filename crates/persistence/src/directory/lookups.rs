//! The side tables by which parties and contacts are found: ids of other systems, e-mail addresses, numbers, and the keys by which
//! duplicates are looked for. They are written with their owner and never on their own.

use std::collections::BTreeMap;

use domain::directory::addresses::Address;
use domain::directory::emails::{self, EmailAddress};
use domain::directory::external_ids::ExternalId;
use domain::directory::phones::PhoneNumber;
use domain::directory::tags::Tag;
use domain::kernel::text::fold;
use uuid::Uuid;

use crate::{Condition, Conn, Result, Statement, Value, sql};

/// Keys that more owners share are passed over.
const COMMON: i64 = 200;

/// Which side tables, and how they call their owner.
pub struct Side {
    pub(super) external_ids: &'static str,
    pub(super) emails: &'static str,
    pub(super) phones: &'static str,
    pub(super) keys: &'static str,
    pub(super) owner: &'static str,
}

/// Rows that are found by what stands in side tables.
pub trait Sided {
    const SIDE: Side;
}

/// Rows with this tag, whatever its case.
pub fn tagged<T: Sided>(tag: &str) -> Condition {
    T::SIDE.with_key(tag_key(tag))
}
/// Rows with an address in this country.
pub fn in_country<T: Sided>(country: &str) -> Condition {
    T::SIDE.with_key(country_key(country))
}
/// Rows with an address in this city, whatever its case and accents.
pub fn in_city<T: Sided>(city: &str) -> Condition {
    T::SIDE.with_key(city_key(city))
}
/// Rows with this e-mail address.
pub fn with_email<T: Sided>(address: &str) -> Condition {
    T::SIDE.with_email(address)
}
/// Rows that another system calls so.
pub fn with_external_id<T: Sided>(text: &str) -> Condition {
    T::SIDE.with_external_id(text)
}

/// What an owner is found by; nothing by default.
#[derive(Clone, Copy, Default)]
pub(super) struct FoundBy<'a> {
    pub ids: &'a [ExternalId],
    pub mails: &'a [EmailAddress],
    pub phones: &'a [PhoneNumber],
    pub keys: &'a [String],
}

/// The keys by which lists are filtered, beside those by which duplicates are looked for: no key of those begins with `=`.
pub(super) fn facets<'a>(tags: &[Tag], addresses: impl Iterator<Item = &'a Address>) -> Vec<String> {
    let mut keys: Vec<String> = tags.iter().map(|tag| tag_key(&tag.0)).collect();
    for address in addresses {
        keys.push(country_key(&address.country));
        keys.extend(address.city.as_deref().filter(|city| !city.trim().is_empty()).map(city_key));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn tag_key(tag: &str) -> String {
    format!("=tag:{}", fold(tag.trim()))
}
fn country_key(country: &str) -> String {
    format!("=country:{}", country.to_uppercase())
}
fn city_key(city: &str) -> String {
    format!("=city:{}", fold(city.trim()))
}

impl Side {
    /// Rows with this key.
    pub(super) fn with_key(&self, key: String) -> Condition {
        let mut s = Statement::new(format!("id IN (SELECT {} FROM {} WHERE key = ", self.owner, self.keys));
        s.push(Value::Text(key)).sql(")");
        Condition::Other(s)
    }
    /// Rows with this e-mail address, whatever its case.
    pub(super) fn with_email(&self, address: &str) -> Condition {
        let mut s = Statement::new(format!("id IN (SELECT {} FROM {} WHERE address = ", self.owner, self.emails));
        s.push(Value::Text(emails::key(address))).sql(")");
        Condition::Other(s)
    }
    /// Rows that another system calls so: `system:id`, or whatever has an id in `system`.
    pub(super) fn with_external_id(&self, text: &str) -> Condition {
        let (system, id) = text.split_once(':').map_or((text, None), |(system, id)| (system, Some(id)));
        let mut s = Statement::new(format!("id IN (SELECT {} FROM {} WHERE system = ", self.owner, self.external_ids));
        s.push(Value::Text(system.to_string()));
        if let Some(id) = id {
            s.append(sql!(" AND value = {}", id));
        }
        s.sql(")");
        Condition::Other(s)
    }
    /// Replaces what is kept of one owner.
    pub(super) fn write(&self, db: &mut Conn, owner: Uuid, by: &FoundBy) -> Result<()> {
        let FoundBy { ids, mails, phones, keys } = *by;
        for table in [self.external_ids, self.emails, self.phones] {
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
        let mut numbers: Vec<&str> = phones.iter().map(|p| &*p.normalised).filter(|n| !n.is_empty()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if !numbers.is_empty() {
            let mut s = Statement::new(format!("INSERT INTO {} ({}, number) VALUES ", self.phones, self.owner));
            for (i, number) in numbers.into_iter().enumerate() {
                s.sql(if i == 0 { "(" } else { ", (" });
                s.values([Value::Uid(owner), Value::Text(number.to_string())]).sql(")");
            }
            s.execute(db)?;
        }
        self.write_keys(db, owner, keys)
    }
    /// Replaces the keys of one owner.
    pub(super) fn write_keys(&self, db: &mut Conn, owner: Uuid, keys: &[String]) -> Result<()> {
        let mut s = Statement::new(format!("DELETE FROM {} WHERE {} = ", self.keys, self.owner));
        s.push(Value::Uid(owner)).execute(db)?;
        if !keys.is_empty() {
            let mut s = Statement::new(format!("INSERT INTO {} (key, {}) VALUES ", self.keys, self.owner));
            for (i, key) in keys.iter().enumerate() {
                s.sql(if i == 0 { "(" } else { ", (" });
                s.values([Value::Text(key.clone()), Value::Uid(owner)]).sql(")");
            }
            s.execute(db)?;
        }
        Ok(())
    }
    /// Owners who may be the same as somebody with these addresses and keys, those that share most first, at most `limit`.
    /// A key that too many share says nothing and is passed over, so that the work is bounded however many there are.
    pub(super) fn candidates(&self, db: &mut Conn, mails: &[String], keys: &[String], limit: usize) -> Result<Vec<Uuid>> {
        let mut shared: BTreeMap<Uuid, usize> = BTreeMap::new();
        for (table, column, values, weight) in [(self.emails, "address", mails, 100), (self.keys, "key", keys, 1)] {
            for value in values {
                let mut s = Statement::new(format!("SELECT {} FROM {table} WHERE {column} = ", self.owner));
                s.push(Value::Text(value.clone())).sql(" LIMIT ").push(Value::Int(COMMON + 1));
                let found = s.load::<(Uuid,)>(db)?;
                if found.len() as i64 <= COMMON {
                    // what is certain by itself must not be lost among those that share parts of a name
                    let weight = if value.starts_with("a:") || value.starts_with("z:") { weight } else { 100 };
                    found.into_iter().for_each(|(id,)| *shared.entry(id).or_default() += weight);
                }
            }
        }
        let mut all: Vec<(Uuid, usize)> = shared.into_iter().collect();
        all.sort_by_key(|(id, n)| (std::cmp::Reverse(*n), *id));
        Ok(all.into_iter().take(limit).map(|(id, _)| id).collect())
    }
    /// The owner whom another system calls so.
    pub(super) fn by_external_id(&self, db: &mut Conn, id: &ExternalId) -> Result<Option<Uuid>> {
        let mut s = Statement::new(format!("SELECT {} FROM {} WHERE system = ", self.owner, self.external_ids));
        s.push(Value::Text(id.system.clone())).sql(" AND value = ").push(Value::Text(id.id.clone()));
        Ok(s.first::<(Uuid,)>(db)?.map(|r| r.0))
    }
    /// Up to ten owners of one of these addresses, whatever its spelling, with the address.
    pub(super) fn by_emails(&self, db: &mut Conn, mails: &[EmailAddress]) -> Result<Vec<(Uuid, String)>> {
        if mails.is_empty() {
            return Ok(Vec::new());
        }
        let mut s = Statement::new(format!("SELECT {}, address FROM {} WHERE address IN (", self.owner, self.emails));
        s.values(mails.iter().map(|m| Value::Text(emails::key(&m.address)))).sql(format!(") ORDER BY {} LIMIT 10", self.owner));
        s.load(db)
    }
}
