//! What makes a struct a resource of the API: an id, a version, and where it belongs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory::companies::CompanyId;
use crate::directory::parties::PartyId;
use crate::kernel::Id;

/// A resource: it is stored, answered and told about in this form.
pub trait Entity: Serialize + ToSchema + Clone + Send + Sync + 'static {
    type Id: Id;
    /// The stem of its event types: `sales_order` for `sales_order.confirmed`.
    const NOUN: &'static str;
    fn id(&self) -> Self::Id;
    /// Counts the changes, from 1. The ETag on the wire.
    fn version(&self) -> i64;
    /// Counts a change; called by the door when it stores one.
    fn bump(&mut self);
    /// The company whose document this is; callers without a grant on it never see it.
    fn company(&self) -> Option<CompanyId> {
        None
    }
    /// The business partner this concerns; its timeline shows what happens here.
    fn party(&self) -> Option<PartyId> {
        None
    }
    /// The verbs that the present state allows, as in `POST …/{id}/confirm`. Nouns without states have none.
    fn allowed_actions(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// `entity! { SalesOrder, SalesOrderId, "sales_order", company: |o| Some(o.company_id), parts: lines }` implements
/// [`Entity`] for a struct with fields `id` and `version`. Its `parts` share its version.
///
/// `entity! { unchanging StockMove, StockMoveId, "stock_move" }` is for rows that never change: their version is 1.
#[macro_export]
macro_rules! entity {
    (unchanging $name:ty, $id:ty, $noun:literal $(, company: |$c:ident| $company:expr)? $(,)?) => {
        impl $crate::entity::Entity for $name {
            type Id = $id;
            const NOUN: &'static str = $noun;
            fn id(&self) -> $id { self.id }
            fn version(&self) -> i64 { 1 }
            fn bump(&mut self) {}
            $(fn company(&self) -> Option<$crate::directory::companies::CompanyId> { let $c = self; $company })?
        }
    };
    ($name:ty, $id:ty, $noun:literal $(, company: |$c:ident| $company:expr)? $(, party: |$p:ident| $party:expr)? $(, actions: |$a:ident| $actions:expr)? $(, parts: $parts:ident)? $(,)?) => {
        impl $crate::entity::Entity for $name {
            type Id = $id;
            const NOUN: &'static str = $noun;
            fn id(&self) -> $id { self.id }
            fn version(&self) -> i64 { self.version }
            fn bump(&mut self) {
                self.version += 1;
                $(self.$parts.iter_mut().for_each(|part| part.version = self.version);)?
            }
            $(fn company(&self) -> Option<$crate::directory::companies::CompanyId> { let $c = self; $company })?
            $(fn party(&self) -> Option<$crate::directory::parties::PartyId> { let $p = self; $party })?
            $(fn allowed_actions(&self) -> Vec<&'static str> { let $a = self; $actions })?
        }
    };
}
