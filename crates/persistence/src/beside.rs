//! Rows that stand beside records of any noun, such as comments: with `record_id`, the id on the wire, `record_key`, the id as it is
//! kept, and `record_kind`, the noun. They are seen by who sees the record, follow it through a merge, and go with it.

use domain::kernel::Id;
use domain::platform::trace::AnyId;
use uuid::Uuid;

use crate::personal::{To, Way, by, names};

/// The id of a record as it is kept.
pub(crate) fn key(record_id: &str) -> AnyId {
    record_id.parse().unwrap_or_else(|_| AnyId::from_uuid(Uuid::nil()))
}

/// A table whose rows stand beside records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    pub table: &'static str,
    /// Of two records that become one, one row is left of those with the same in this column.
    pub one_for_each: Option<&'static str>,
}

/// The tables whose rows stand beside records.
pub(crate) const BESIDE: &[Beside] = &[
    Beside { table: "comments", one_for_each: None },
    Beside { table: "attachments", one_for_each: None },
    Beside { table: "watchers", one_for_each: Some("user_id") },
    Beside { table: "notifications", one_for_each: None },
    Beside { table: "reminders", one_for_each: None },
    Beside { table: "record_tags", one_for_each: Some("tag_key") },
];

/// How rows beside records lead to a person: they stand beside the person's own records, or beside rows that are about the person.
/// What stands beside posted documents stays with them.
pub(crate) const ABOUT: [Way; 8] = [
    by("record_id", To::Name),
    by("record_key", To::Row("activities")).where_is("record_kind = 'activity' AND record_key IN ({})"),
    by("record_key", To::Row("opportunities")).where_is("record_kind = 'opportunity' AND record_key IN ({})"),
    by("record_key", To::Row("quotes")).where_is("record_kind = 'quote' AND record_key IN ({})"),
    by("record_key", To::Row("cases")).where_is("record_kind = 'case' AND record_key IN ({})"),
    by("record_key", To::Row("sales_orders")).where_is("record_kind = 'sales_order' AND record_key IN ({})"),
    by("record_key", To::Row("deliveries")).where_is("record_kind = 'delivery' AND record_key IN ({})"),
    by("record_key", To::Row("customer_returns")).where_is("record_kind = 'customer_return' AND record_key IN ({})"),
];

/// As [`ABOUT`], and the words beside all else that concerns the person lose the person.
pub(crate) const ABOUT_OR_NAMING: [Way; 9] =
    [ABOUT[0], ABOUT[1], ABOUT[2], ABOUT[3], ABOUT[4], ABOUT[5], ABOUT[6], ABOUT[7], names("party_id", To::Party)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_id_without_its_noun() {
        let id = Uuid::from_u128(0x0192_f0c1_2d3e_7abc_8def_0123_4567_89ab);
        assert_eq!(key(&domain::kernel::encode("opp", id)).uuid(), id);
        assert!(key("nonsense").uuid().is_nil());
    }
}
