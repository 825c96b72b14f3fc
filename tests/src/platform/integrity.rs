//! The proof of the books on demand.

each_engine! {
    fn fresh_books_pass_every_check(s) {
        let report = s.get("/v1/platform/integrity").ok();
        assert_eq!(report["passed"], true, "{report:#}");
        let names: Vec<_> = report["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"audit_chain") && names.contains(&"number_series"), "{names:?}");
    }
}

/// Runs statements as somebody with all rights on the database would.
pub fn tamper(s: &crate::harness::Server, table: &str, statements: &[&str]) {
    use persistence::{Engine, Statement};
    let table = table.to_string();
    let statements: Vec<String> = statements.iter().map(|t| t.to_string()).collect();
    // the role that serves could not
    let owner = persistence::Database::open(&persistence::DatabaseConfig::new(s.database_url())).unwrap();
    let done = owner.write(super::keep(move |c| {
        match c.engine() {
            Engine::Postgres => drop(Statement::new(format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).execute(c)?),
            Engine::Sqlite => {
                let guards = format!("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}'");
                for (name,) in Statement::new(guards).load::<(String,)>(c)? {
                    Statement::new(format!("DROP TRIGGER {name}")).execute(c)?;
                }
            }
        }
        for text in &statements {
            assert!(Statement::new(text.clone()).execute(c)? > 0, "{text} hit nothing");
        }
        Ok(())
    }));
    done.unwrap();
}

/// The checks that do not hold, with what breaks them.
pub fn broken(s: &crate::harness::Server) -> Vec<(String, String)> {
    let report = s.get("/v1/platform/integrity").ok();
    let checks = report["checks"].as_array().unwrap().iter().filter(|c| c["passed"] == false);
    checks.map(|c| (c["name"].as_str().unwrap().to_string(), c["breaks"].to_string())).collect()
}

each_engine! {
    fn what_was_changed_behind_the_back_of_the_program_is_named(s) {
        let books = crate::fixtures::ready_to_sell(s);
        books.verified(s);
        let named = |what: &str| {
            let found = broken(s);
            let (_, breaks) = found.iter().find(|(name, _)| name == what).unwrap_or_else(|| panic!("{what} is not among {found:?}"));
            breaks.clone()
        };
        let entry = s.get("/v1/accounting/journal-entries?limit=1").ok()["data"][0].clone();
        tamper(s, "journal_entries", &["UPDATE journal_entries SET status = 'draft'"]);
        let breaks = named("journal_entries_balance");
        assert!(breaks.contains(entry["id"].as_str().unwrap()), "{breaks}");
        tamper(s, "journal_entries", &["UPDATE journal_entries SET status = 'posted'"]);
        books.verified(s);

        tamper(s, "number_series", &["UPDATE number_series SET next = next + 1 WHERE code = 'ADJ'"]);
        let breaks = named("number_series");
        assert!(breaks.contains("missing ADJ-") && !breaks.contains("SeriesNumber"), "{breaks}");
        tamper(s, "number_series", &["UPDATE number_series SET next = next - 1 WHERE code = 'ADJ'"]);
        books.verified(s);

        let party = crate::fixtures::customer(s, "Emparedados");
        let consent = serde_json::json!({"party_id": party["id"], "channel": "email", "topic": "news", "status": "granted",
            "evidence": {"wording_version": "v1", "source": "test"}});
        let consent = s.post("/v1/marketing/consents", consent).created();
        tamper(s, "consent_states", &["UPDATE consent_states SET status = 'withdrawn'"]);
        assert!(named("consent_states").contains(consent["id"].as_str().unwrap()));
    }
}

each_engine! {
    fn figures_that_two_places_tell_differently_are_named(s) {
        use crate::accounting::{act, buyer, invoice, new_tax, payment, read};
        let party = buyer(s);
        let owed = invoice(s, &party, "2026-01-10", "100", &[new_tax(s, "T20", "20")]);
        let paid = payment(s, &party, "2026-01-20", "60");
        let paid = act(s, &paid, "payments", "allocate", serde_json::json!({"invoice_id": owed["id"], "amount": "50"})).ok();
        let part = serde_json::json!({"credit_date": "2026-01-25", "lines": [{"invoice_line_id": owed["lines"][0]["id"], "net": "10"}]});
        let note = act(s, &read(s, "invoices", &owed), "invoices", "credit", part).ok();
        let note = act(s, &note, "credit-notes", "post", serde_json::json!({})).ok();
        crate::fixtures::verified(s);
        for (table, change, back, check, what) in [
            ("invoice_lines", "tax = tax + 1", "tax = tax - 1", "receivable_totals", &owed),
            ("invoices", "total = total + 1", "total = total - 1", "receivable_totals", &owed),
            ("credit_note_lines", "gross = gross + 1", "gross = gross - 1", "receivable_totals", &note),
            ("invoices", "outstanding = outstanding + 1", "outstanding = outstanding - 1", "settlements", &owed),
            ("invoices", "credited = credited + 1", "credited = credited - 1", "settlements", &owed),
            ("invoices", "written_off = written_off + 1", "written_off = written_off - 1", "settlements", &owed),
            ("credit_notes", "unallocated = unallocated + 1", "unallocated = unallocated - 1", "settlements", &note),
            ("payments", "unallocated = unallocated + 1", "unallocated = unallocated - 1", "settlements", &paid),
            ("credit_notes", "tax = tax + 1", "tax = tax - 1", "taxes", &note),
            ("invoices", "tax = tax + 1", "tax = tax - 1", "taxes", &owed),
        ] {
            tamper(s, table, &[&format!("UPDATE {table} SET {change}")]);
            let found = broken(s);
            let named = found.iter().any(|(name, breaks)| name == check && breaks.contains(what["id"].as_str().unwrap()));
            assert!(named, "{table}, {change}: {check} is not broken in {found:?}");
            tamper(s, table, &[&format!("UPDATE {table} SET {back}")]);
        }
        crate::fixtures::verified(s);
        // right in the end and wrong on the days between
        tamper(s, "item_entries", &["UPDATE item_entries SET effective_date = '2026-01-22' WHERE effective_date = '2026-01-20'"]);
        let found = broken(s);
        assert!(found.iter().any(|(name, breaks)| name == "receivables" && breaks.contains("2026-01-20")), "{found:?}");
        tamper(s, "item_entries", &["UPDATE item_entries SET effective_date = '2026-01-20' WHERE effective_date = '2026-01-22'"]);
        crate::fixtures::verified(s);
        tamper(s, "journal_lines", &["UPDATE journal_lines SET tax_code_id = NULL WHERE tax_code_id IS NOT NULL"]);
        assert!(broken(s).iter().any(|(name, _)| name == "taxes"));
    }
}

each_engine! {
    fn who_has_one_company_hears_of_no_other(s) {
        let books = crate::fixtures::ready_to_sell(s);
        books.verified(s);
        let other = serde_json::json!({"code": "OTHER", "name": "Other", "currency": "EUR"});
        let other = s.post("/v1/directory/companies", other).created();
        tamper(s, "journal_entries", &["UPDATE journal_entries SET status = 'draft'"]);
        tamper(s, "product_costs", &["UPDATE product_costs SET value = value + 1"]);
        tamper(s, "number_series", &["UPDATE number_series SET next = next + 1 WHERE code = 'ADJ'"]);
        assert!(broken(s).len() >= 3, "{:?}", broken(s));
        let rights = ["platform.integrity.read", "platform.verifications.run", "platform.jobs.read"];
        let stranger = crate::fixtures::user_with(s, &rights, &[other["id"].as_str().unwrap()]);
        let silent = |report: &serde_json::Value| {
            assert_eq!(report["passed"], true, "{report:#}");
            let checks = report["checks"].as_array().unwrap();
            assert!(checks.iter().all(|c| c["examined"].as_i64().unwrap() < 20 && c["breaks"] == serde_json::json!([])), "{report:#}");
            let named = |name: &str| checks.iter().any(|c| c["name"] == name);
            assert!(named("trial_balance") && named("number_series") && !named("audit_chain") && !named("consent_states"));
        };
        silent(&stranger.get("/v1/platform/integrity").ok());
        let job = stranger.post("/v1/platform/verifications", serde_json::json!({})).accepted();
        let path = format!("/v1/platform/jobs/{}", job["id"].as_str().unwrap());
        let begin = std::time::Instant::now();
        let done = loop {
            let job = stranger.get(&path).ok();
            if job["status"] == "succeeded" || begin.elapsed().as_secs() > 30 {
                break job;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        silent(&done["result"]);
        let insider = crate::fixtures::user_with(s, &rights, &[s.company_id()]);
        assert_eq!(insider.get("/v1/platform/integrity").ok()["passed"], false);
    }
}

/// For each check a change behind the back of the program that it must find, and the way back.
const PLANTED: &[(&str, &str, &str, &str)] = &[
    ("trial_balance", "journal_lines", "debit = debit + 1 WHERE debit > 0", "debit = debit - 1 WHERE debit > 0"),
    ("journal_entries_balance", "journal_lines", "credit = credit + 1 WHERE credit > 0", "credit = credit - 1 WHERE credit > 0"),
    ("account_balances", "account_balances", "debit = debit + 1", "debit = debit - 1"),
    ("receivables", "item_entries", "amount_company = amount_company + 1", "amount_company = amount_company - 1"),
    ("open_items", "open_items", "outstanding = outstanding + 1", "outstanding = outstanding - 1"),
    ("receivable_totals", "invoice_lines", "gross = gross + 1", "gross = gross - 1"),
    ("settlements", "payments", "unallocated = unallocated + 1", "unallocated = unallocated - 1"),
    ("taxes", "invoices", "tax = tax + 1", "tax = tax - 1"),
    ("stock_moves", "stock_levels", "on_hand = on_hand + 1", "on_hand = on_hand - 1"),
    ("stock_reservations", "stock_levels", "reserved = reserved + 1 WHERE on_hand > reserved", ""),
    ("stock_costs", "product_costs", "value = value + 1 WHERE quantity > 0", "value = value - 1 WHERE quantity > 0"),
    ("stock_owned", "product_costs", "quantity = quantity + 1 WHERE quantity > 0", "quantity = quantity - 1 WHERE quantity > 0"),
    ("stock_days", "stock_moves", "quantity = quantity + 1", "quantity = quantity - 1"),
    ("stock_value", "value_entries", "amount = amount + 1", "amount = amount - 1"),
    ("stock_worth", "value_entries", "amount = -amount", "amount = -amount"),
    ("stock_adjustments", "stock_adjustments", "total_value = total_value + 1", "total_value = total_value - 1"),
    (
        "order_deliveries",
        "sales_order_lines",
        "quantity_shipped = quantity_shipped - 1 WHERE quantity_shipped - 1 >= quantity_returned",
        "",
    ),
    ("order_totals", "sales_orders", "total = total + 1", "total = total - 1"),
    ("order_billing", "sales_order_lines", "quantity_invoiced = quantity_invoiced + 1", "quantity_invoiced = quantity_invoiced - 1"),
    ("delivery_costs", "deliveries", "cost_total = cost_total + 1", "cost_total = cost_total - 1"),
    ("opportunity_amounts", "opportunities", "amount_source = 'lines', amount = amount + 7", ""),
    (
        "opportunity_states",
        "opportunities",
        "forecast_category = 'pipeline' WHERE status = 'won'",
        "forecast_category = 'closed' WHERE status = 'won'",
    ),
    ("opportunity_weights", "opportunities", "weighted_amount = weighted_amount + 1", "weighted_amount = weighted_amount - 1"),
    ("quote_totals", "quotes", "total = total + 1", "total = total - 1"),
    ("quote_orders", "quotes", "status = 'converted' WHERE number IS NOT NULL", ""),
    ("consent_states", "consent_states", "status = 'withdrawn' WHERE status = 'granted'", ""),
    ("attribution_figures", "attribution_deals", "invoiced = invoiced + 1", "invoiced = invoiced - 1"),
    ("attribution_credits", "attribution_credits", "amount = amount + 1", "amount = amount - 1"),
    ("number_series", "number_series", "next = next + 1", "next = next - 1"),
];

/// The report goes on from the last link that held; what is planted before it is found by a verification: `platform::chain`.
const ELSEWHERE: &str = "audit_chain";

each_engine! {
    fn every_check_finds_what_is_planted_and_no_check_is_without_a_plant(s) {
        gateway::demo::fill_quietly(&s.running().app).unwrap();
        s.followed();
        let report = s.get("/v1/platform/integrity").ok();
        assert_eq!(report["passed"], true, "{report:#}");
        for check in report["checks"].as_array().unwrap() {
            let name = check["name"].as_str().unwrap();
            assert!(name == ELSEWHERE || PLANTED.iter().any(|(known, ..)| *known == name), "nothing is planted for {name}");
        }
        // what cannot be taken back comes last
        let (for_good, for_a_while): (Vec<_>, Vec<_>) = PLANTED.iter().partition(|(.., back)| back.is_empty());
        let mut missed = Vec::new();
        for (check, table, change, back) in for_a_while.into_iter().chain(for_good) {
            tamper(s, table, &[&format!("UPDATE {table} SET {change}")]);
            let found: Vec<String> = broken(s).into_iter().map(|(name, _)| name).collect();
            if !found.iter().any(|name| name == check) {
                missed.push(format!("{table} SET {change}: {check} holds, broken are {found:?}"));
            }
            if !back.is_empty() {
                tamper(s, table, &[&format!("UPDATE {table} SET {back}")]);
            }
        }
        assert!(missed.is_empty(), "{missed:#?}");
    }
}
