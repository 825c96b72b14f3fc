//! What makes a struct a resource of the API: an id, a version, and where it belongs.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{CompanyId, PartyId};
use crate::kernel::{Id, Result, problems};

/// A resource: it is stored, answered and told about in this form.
pub trait Entity: Serialize + ToSchema + Clone + Send + Sync + 'static {
    type Id: Id;
    /// The stem of its event types: `sales_order` for `sales_order.confirmed`.
    const NOUN: &'static str;
    fn id(&self) -> Self::Id;
    /// Counts the changes, from 1. The ETag on the wire.
    fn version(&self) -> i64;
    /// Counts a change and notes when it was made; called by the door when it stores one.
    fn bump(&mut self, now: DateTime<Utc>);
    /// The company whose document this is; callers without a grant on it never see it.
    fn company(&self) -> Option<CompanyId> {
        None
    }
    /// The business partner this concerns; its timeline shows what happens here.
    fn party(&self) -> Option<PartyId> {
        None
    }
    /// The one that stands for this one since it was merged away. Who refers to this one refers to that one.
    fn survivor(&self) -> Option<Self::Id> {
        None
    }
    /// Leaves out what it says of companies that the caller has no grant on.
    fn within(&mut self, _has: &dyn Fn(CompanyId) -> bool) {}
    /// The verbs that the present state allows, as in `POST …/{id}/confirm`. Nouns without states have none.
    fn allowed_actions(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// A resource that is taken out of use and brought back, and keeps when it was archived. `archivable! { Unit }` implements it
/// for a struct with fields `archived_at` and `updated_at`.
pub trait Archivable: Entity {
    /// When it was archived, and when it last changed.
    fn marks(&mut self) -> (&mut Option<DateTime<Utc>>, &mut DateTime<Utc>);
    /// Takes it out of use.
    ///
    /// # Errors
    /// `invalid_state` when it is archived.
    fn archive(self, now: DateTime<Utc>) -> Result<Self> {
        self.marked(Some(now), now)
    }
    /// Brings it back into use.
    ///
    /// # Errors
    /// `invalid_state` when it is in use.
    fn restore(self, now: DateTime<Utc>) -> Result<Self> {
        self.marked(None, now)
    }
    #[doc(hidden)]
    fn marked(mut self, mark: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Self> {
        let allowed = self.allowed_actions();
        let (archived_at, updated_at) = self.marks();
        if archived_at.is_some() == mark.is_some() {
            let state = if mark.is_some() { "archived" } else { "active" };
            return Err(problems::invalid_state.with(format!("It is {state}.")).in_state(state, &allowed));
        }
        (*archived_at, *updated_at) = (mark, now);
        Ok(self)
    }
}

/// Implements [`Archivable`].
#[macro_export]
macro_rules! archivable {
    ($name:ty) => {
        impl $crate::entity::Archivable for $name {
            fn marks(&mut self) -> (&mut Option<chrono::DateTime<chrono::Utc>>, &mut chrono::DateTime<chrono::Utc>) {
                (&mut self.archived_at, &mut self.updated_at)
            }
        }
    };
}

/// `entity! { SalesOrder, SalesOrderId, "sales_order", company: |o| Some(o.company_id), parts: lines }` implements
/// [`Entity`] for a struct with fields `id`, `version` and `updated_at`. Its `parts` share its version.
///
/// `entity! { unchanging StockMove, StockMoveId, "stock_move" }` is for rows that never change: their version is 1.
///
/// `entity! { undated SalesOrderLine, SalesOrderLineId, "sales_order_line" }` is for parts and ledgers, whose noun or whose next
/// row says when something changed: they have no `updated_at`.
#[macro_export]
macro_rules! entity {
    (unchanging $name:ty, $id:ty, $noun:literal $(, company: |$c:ident| $company:expr)? $(,)?) => {
        impl $crate::entity::Entity for $name {
            type Id = $id;
            const NOUN: &'static str = $noun;
            fn id(&self) -> $id { self.id }
            fn version(&self) -> i64 { 1 }
            fn bump(&mut self, _: chrono::DateTime<chrono::Utc>) {}
            $(fn company(&self) -> Option<$crate::ids::CompanyId> { let $c = self; $company })?
        }
    };
    (undated $($rest:tt)*) => { $crate::entity! { @dated [] $($rest)* } };
    (@dated [$($dated:ident)?] $name:ty, $id:ty, $noun:literal $(, company: |$c:ident| $company:expr)? $(, party: |$p:ident| $party:expr)? $(, merged: |$m:ident| $merged:expr)? $(, actions: |$a:ident| $actions:expr)? $(, parts: $parts:ident)? $(,)?) => {
        impl $crate::entity::Entity for $name {
            type Id = $id;
            const NOUN: &'static str = $noun;
            fn id(&self) -> $id { self.id }
            fn version(&self) -> i64 { self.version }
            #[allow(unused_variables)]
            fn bump(&mut self, now: chrono::DateTime<chrono::Utc>) {
                self.version += 1;
                $(self.$dated = now;)?
                $(self.$parts.iter_mut().for_each(|part| part.version = self.version);)?
            }
            $(fn company(&self) -> Option<$crate::ids::CompanyId> { let $c = self; $company })?
            $(fn party(&self) -> Option<$crate::ids::PartyId> { let $p = self; $party })?
            $(fn survivor(&self) -> Option<$id> { let $m = self; $merged })?
            $(fn allowed_actions(&self) -> Vec<&'static str> { let $a = self; $actions })?
        }
    };
    ($($rest:tt)*) => { $crate::entity! { @dated [updated_at] $($rest)* } };
}
