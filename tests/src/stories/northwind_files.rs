//! The public Northwind files, read exactly: what they contain and what they come to. Nothing here talks to a server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::harness::workspace;

/// One row of a CSV file: its fields by name.
pub type Row = BTreeMap<String, String>;

pub struct Files {
    pub customers: Vec<Row>,
    pub suppliers: Vec<Row>,
    pub categories: Vec<Row>,
    pub products: Vec<Row>,
    pub orders: Vec<Order>,
}

pub struct Order {
    pub id: String,
    pub customer: String,
    pub order_date: String,
    pub required_date: String,
    /// Empty when it never left.
    pub shipped_date: String,
    pub freight: Decimal,
    pub lines: Vec<Line>,
}

pub struct Line {
    pub product: String,
    pub unit_price: Decimal,
    pub quantity: Decimal,
    /// As a part of one: 0.15.
    pub discount: Decimal,
}

impl Line {
    /// What the line comes to, not rounded.
    pub fn exact(&self) -> Decimal {
        self.unit_price * self.quantity * (Decimal::ONE - self.discount)
    }
    /// What the line comes to in cents, half a cent up: how a document rounds its lines.
    pub fn net(&self) -> Decimal {
        self.exact().round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    }
    pub fn discount_percent(&self) -> String {
        (self.discount * Decimal::ONE_HUNDRED).normalize().to_string()
    }
}

impl Order {
    pub fn shipped(&self) -> bool {
        !self.shipped_date.is_empty()
    }
    pub fn net(&self) -> Decimal {
        self.lines.iter().map(Line::net).sum()
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

impl Files {
    /// The files, or `None` with a loud word where they are not on this machine.
    pub fn read() -> Option<Self> {
        let dir = workspace().join("../shared/data/northwind");
        if !dir.join("orders.csv").exists() {
            eprintln!("SKIPPED: the Northwind files are not at {}", dir.display());
            return None;
        }
        let rows = |name: &str| -> Vec<Row> {
            let path: PathBuf = dir.join(name);
            let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            reader.deserialize().map(|r| r.unwrap_or_else(|e| panic!("{}: {e}", path.display()))).collect()
        };
        let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        for row in rows("order_lines.csv") {
            let line = Line {
                product: row["product_id"].clone(),
                unit_price: decimal(&row["unit_price"]),
                quantity: decimal(&row["quantity"]),
                discount: decimal(&row["discount"]),
            };
            lines.entry(row["order_id"].clone()).or_default().push(line);
        }
        let order = |row: &Row| Order {
            id: row["order_id"].clone(),
            customer: row["customer_id"].clone(),
            order_date: row["order_date"].clone(),
            required_date: row["required_date"].clone(),
            shipped_date: row["shipped_date"].clone(),
            freight: decimal(&row["freight"]),
            lines: lines.remove(&row["order_id"]).unwrap_or_default(),
        };
        let orders = rows("orders.csv").iter().map(order).collect();
        Some(Self {
            customers: rows("customers.csv"),
            suppliers: rows("suppliers.csv"),
            categories: rows("categories.csv"),
            products: rows("products.csv"),
            orders,
        })
    }

    /// Net sales of all orders, lines rounded to cents.
    pub fn net(&self) -> Decimal {
        self.orders.iter().map(Order::net).sum()
    }
    pub fn freight(&self) -> Decimal {
        self.orders.iter().map(|o| o.freight).sum()
    }
}

/// The ISO code of a country as Northwind writes it.
pub fn country(name: &str) -> &'static str {
    match name {
        "Argentina" => "AR",
        "Australia" => "AU",
        "Austria" => "AT",
        "Belgium" => "BE",
        "Brazil" => "BR",
        "Canada" => "CA",
        "Denmark" => "DK",
        "Finland" => "FI",
        "France" => "FR",
        "Germany" => "DE",
        "Ireland" => "IE",
        "Italy" => "IT",
        "Japan" => "JP",
        "Mexico" => "MX",
        "Netherlands" => "NL",
        "Norway" => "NO",
        "Poland" => "PL",
        "Portugal" => "PT",
        "Singapore" => "SG",
        "Spain" => "ES",
        "Sweden" => "SE",
        "Switzerland" => "CH",
        "UK" => "GB",
        "USA" => "US",
        "Venezuela" => "VE",
        other => panic!("no code for {other:?}"),
    }
}

#[test]
fn the_files_come_to_the_published_figures() {
    let Some(files) = Files::read() else { return };
    let lines = || files.orders.iter().flat_map(|o| &o.lines);
    assert_eq!((files.customers.len(), files.suppliers.len(), files.products.len()), (91, 29, 77));
    assert_eq!((files.orders.len(), lines().count()), (830, 2155));
    assert_eq!(files.orders.iter().filter(|o| !o.shipped()).count(), 21);
    let exact: Decimal = lines().map(Line::exact).sum();
    assert_eq!(exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero), decimal("1265793.04"));
    assert_eq!(files.freight(), decimal("64942.69"));
    for row in files.customers.iter().chain(&files.suppliers) {
        country(&row["country"]);
    }
}
