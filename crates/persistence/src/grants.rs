//! What the role that serves may do on PostgreSQL, when it is not the one that owns the tables: read and write, but neither
//! change nor delete rows of ledgers, nor empty a table, nor touch the schema and the triggers that guard it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::database::{Address, Database, pg_connection};
use crate::declarations;
use crate::migrate::MigrateError;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    quoted: String,
}

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    fault: String,
}

impl Database {
    /// Lets a role work on this database, and takes from it what it does not need; how many tables there are. To be
    /// repeated after each migration.
    ///
    /// # Errors
    /// SQLite, which has no roles; a role that is not there, or that could do everything anyway.
    pub fn grant_to(&self, role: &str) -> Result<usize, MigrateError> {
        let failed = |e: &dyn std::fmt::Display| MigrateError::new(e);
        let Address::Postgres(url) = &self.shared.address else {
            return Err(failed(&"SQLite has no roles: who may write the file may do everything"));
        };
        let conn = &mut pg_connection(url).map_err(|e| failed(&e))?;
        if let Some(Fault { fault }) =
            diesel::sql_query(FAULTS).bind::<Text, _>(role).get_result(conn).optional().map_err(|e| failed(&e))?
        {
            return Err(failed(&format!("{role} {fault}; make one with CREATE ROLE … LOGIN, and migrate as another")));
        }
        let role: Named = diesel::sql_query("SELECT $1 AS name, format('%I', $1) AS quoted")
            .bind::<Text, _>(role)
            .get_result(conn)
            .map_err(|e| failed(&e))?;
        let role = role.quoted;
        let tables: Vec<Named> = diesel::sql_query(TABLES).load(conn).map_err(|e| failed(&e))?;
        let place: Named = diesel::sql_query("SELECT current_schema()::text AS name, format('%I', current_schema()) AS quoted")
            .get_result(conn)
            .map_err(|e| failed(&e))?;
        let mut text = format!("GRANT USAGE ON SCHEMA {} TO {role};\n", place.quoted);
        for Named { name, quoted } in &tables {
            text.push_str(&format!("REVOKE ALL ON {quoted} FROM {role};\nGRANT {} ON {quoted} TO {role};\n", rights(name)));
        }
        // one message is one transaction
        conn.batch_execute(&text).map_err(|e| failed(&e))?;
        Ok(tables.len())
    }
}

fn rights(table: &str) -> String {
    if table == "__diesel_schema_migrations" {
        return "SELECT".into();
    }
    match declarations::ledgers().find(|l| l.table == table).map(|l| l.columns) {
        None => "SELECT, INSERT, UPDATE, DELETE".into(),
        Some([]) => "SELECT, INSERT".into(),
        Some(columns) => format!("SELECT, INSERT, UPDATE ({})", columns.join(", ")),
    }
}

const TABLES: &str = "SELECT c.relname::text AS name, format('%I', c.relname) AS quoted FROM pg_class c \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'p') ORDER BY c.relname";

/// Why grants to a role would be in vain.
const FAULTS: &str = "SELECT CASE WHEN r.oid IS NULL THEN 'is no role' WHEN r.rolsuper THEN 'is a superuser' \
    ELSE 'owns the tables' END AS fault FROM (SELECT $1::text AS name) w LEFT JOIN pg_roles r ON r.rolname = w.name \
    WHERE r.oid IS NULL OR r.rolsuper OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace \
        AND c.relkind IN ('r', 'v', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER'))";
