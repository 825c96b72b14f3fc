//! Which ready-made role may run which operation. `tests/role-matrix.txt` is the agreed table; a change of a role or of
//! an operation shows as a change of that file. `TANDEM_BLESS=1 cargo test -p tests role_matrix` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use domain::identity::catalogue::{ROLES, ReadyMadeRole};
use domain::identity::permissions::Permissions;
use domain::identity::visibility::{FieldClass, Reach};
use serde_json::json;

use crate::contract::{Breaches, operations};
use crate::fixtures::{self, id};
use crate::harness::workspace;

/// The roles with a permission, but for the owner; with how far it reaches where it does not reach all: `sales_rep:team`.
fn who(permission: &str) -> String {
    let with = |r: &ReadyMadeRole| match Permissions::of(r.permissions).reach(permission)? {
        Reach::All => Some(r.code.to_string()),
        reach => Some(format!("{}:{reach}", r.code)),
    };
    ROLES.iter().filter(|r| r.code != "owner").filter_map(with).collect::<Vec<_>>().join(" ")
}

/// `operation permission: role role …`, one line for each operation; who may do everything is left out.
fn matrix() -> String {
    let table = gateway::composition::table();
    let mut lines = BTreeSet::new();
    for op in &table.ops {
        let who = if op.public {
            "(public)".to_string()
        } else if op.permission.is_empty() {
            "(everybody)".to_string()
        } else {
            who(&op.permission)
        };
        lines.insert(format!("{} {}: {who}", op.id, op.permission).trim_end().to_string());
    }
    // the fields that a role sees on all of them
    for class in FieldClass::ALL {
        lines.insert(format!("(fields) {}: {}", class.permission(), who(class.permission())).trim_end().to_string());
    }
    let text: Vec<String> = lines.into_iter().collect();
    text.join("\n") + "\n"
}

#[test]
fn the_role_matrix_is_the_agreed_one() {
    let path = workspace().join("tests/role-matrix.txt");
    let made = matrix();
    if std::env::var_os("TANDEM_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let agreed = std::fs::read_to_string(&path).unwrap_or_default();
    let (agreed, made): (BTreeSet<&str>, BTreeSet<&str>) = (agreed.lines().collect(), made.lines().collect());
    let lost: Vec<_> = agreed.difference(&made).collect();
    let new: Vec<_> = made.difference(&agreed).collect();
    assert!(
        lost.is_empty() && new.is_empty(),
        "tests/role-matrix.txt differs; TANDEM_BLESS=1 writes it anew\nonly there: {lost:#?}\nonly now: {new:#?}"
    );
}

/// Roles whose walk covers the kinds of roles there are: sells, posts, reads, administers, has nothing.
const WALKED: [&str; 7] = ["admin", "auditor", "sales_rep", "ar_clerk", "controller", "warehouse_operator", "employee_self"];

each_engine! {
    fn the_server_holds_every_role_to_the_matrix(s) {
        let published = operations(s);
        let mut breaches = Breaches::default();
        for code in WALKED {
            let role = s.get(&format!("/v1/identity/roles?code={code}")).ok();
            let (user, password) = fixtures::user(s);
            s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["data"][0]["id"]})).created();
            let client = s.login(user["email"].as_str().unwrap(), password);
            let permissions = Permissions::of(ROLES.iter().find(|r| r.code == code).unwrap().permissions);
            for op in &s.running().app.table.ops {
                let Some(operation) = published.iter().find(|o| o.id == op.id) else {
                    breaches.add(format!("{} is not published", op.id));
                    continue;
                };
                if op.public || op.permission.is_empty() {
                    continue;
                }
                let body = json!({"nonsense": true});
                let answer = operation.call_with(&client, &BTreeMap::new(), Some(&body).filter(|_| !op.kind.reads()));
                let refused = answer.status == 403;
                if refused == permissions.allow(&op.permission) {
                    breaches.add(format!("{code} {}: {}", operation.shown(), answer.status));
                }
            }
        }
        breaches.none("roles and answers agree");
    }
}
