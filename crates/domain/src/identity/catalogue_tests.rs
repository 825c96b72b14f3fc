//! Tests of the ready-made roles: what each may and must not do.

use super::super::permissions::{Permissions, is_pattern};
use super::super::separation_of_duties::conflicts;
use super::*;

fn of(code: &str) -> Permissions {
    let role = ROLES.iter().find(|r| r.code == code).expect(code);
    Permissions::of(role.permissions.iter().copied())
}

#[test]
fn codes_are_unique_and_permissions_are_patterns() {
    for (i, role) in ROLES.iter().enumerate() {
        assert!(ROLES[..i].iter().all(|r| r.code != role.code), "{}", role.code);
        assert!(role.permissions.iter().all(|p| is_pattern(p)), "{}: {:?}", role.code, role.permissions);
    }
}

#[test]
fn only_the_roles_that_say_so_put_two_duties_into_one_hand() {
    let found: Vec<&str> =
        ROLES.iter().map(|r| r.code).filter(|c| !conflicts(&of(c)).is_empty()).filter(|c| *c != OWNER && *c != "ar_clerk").collect();
    assert_eq!(found, ["sales_manager", "inventory_manager", "integration"]);
}

#[test]
fn roles_must_not_what_the_table_forbids() {
    for (role, forbidden) in [
        ("sales_rep", "accounting.journal_entries.read"),
        ("sales_rep", "inventory.valuation.read"),
        ("sales_rep", "directory.parties.set_credit_limit"),
        ("sales_manager", "receivables.invoices.post"),
        ("ap_clerk", "banking.payments.post"),
        ("ap_clerk", "directory.parties.create"),
        ("treasury", "purchasing.bills.create"),
        ("accountant", "accounting.journal_entries.post"),
        ("controller", "accounting.journal_entries.create"),
        ("buyer", "purchasing.receipts.post"),
        ("warehouse_operator", "directory.products.update"),
        ("auditor", "identity.users.create"),
        ("admin", "accounting.journal_entries.post"),
        ("admin", "sales.orders.confirm"),
        ("integration", "identity.users.create"),
        ("ar_clerk", "directory.parties.create"),
    ] {
        assert!(!of(role).allow(forbidden), "{role} must not {forbidden}");
    }
    assert!(of("auditor").allow("platform.audit_log.read"));
}
