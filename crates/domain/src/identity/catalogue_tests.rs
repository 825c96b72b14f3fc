//! Tests of the ready-made roles: what each may and must not do.

use super::super::permissions::{Permissions, is_pattern};
use super::super::separation_of_duties::conflicts;
use super::super::visibility::Reach;
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
    assert_eq!(found, ["inventory_manager", "integration"]);
}

#[test]
fn roles_must_not_what_the_table_forbids() {
    for (role, forbidden) in [
        ("sales_rep", "accounting.journal_entries.read"),
        ("sales_rep", "inventory.valuation.read"),
        ("sales_rep", "directory.customer_terms.update"),
        ("sales_manager", "directory.customer_terms.update"),
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

#[test]
fn who_is_said_to_see_no_cost_sees_none_and_who_sells_reaches_the_own_team() {
    for role in ROLES.iter().filter(|r| r.description.contains("sees no cost") || r.description.contains("Sees no cost")) {
        assert!(!of(role.code).allow("fields.cost.read"), "{}", role.code);
    }
    for role in ["sales_rep", "marketing_user", "marketing_manager", "service_agent", "service_manager", "warehouse_operator", "planner"] {
        assert!(!of(role).allow("fields.cost.read") && !of(role).allow("fields.margin.read"), "{role}");
    }
    for role in ["owner", "admin", "auditor", "controller", "inventory_manager"] {
        assert!(of(role).allow("fields.cost.read"), "{role}");
    }
    let rep = of("sales_rep");
    for permission in ["crm.leads.read", "crm.opportunities.update", "crm.opportunities.lose", "crm.quotes.delete", "crm.activities.read"] {
        assert_eq!(rep.reach(permission), Some(Reach::Team), "{permission}");
    }
    let setters: Vec<&str> = ROLES.iter().map(|r| r.code).filter(|c| of(c).allow("directory.customer_terms.update")).collect();
    assert_eq!(setters, ["owner", "credit_manager", "controller", "integration"]);
    let setters: Vec<&str> = ROLES.iter().map(|r| r.code).filter(|c| of(c).allow("directory.vendor_terms.update")).collect();
    assert_eq!(setters, ["owner", "controller", "purchasing_manager", "integration"]);
}
