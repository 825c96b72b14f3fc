//! What happens in the demo company's year, day by day: people ask, deals are won and lost, orders go out, money comes
//! in or does not. Everything goes through operations; the figures follow from them.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use super::chance::Chance;
use super::client::{ApiClient, Done};
use super::data::{self, EQUIPMENT, SERVICES, SUPPLIES, WARES};
use super::visits;

/// The company under construction.
pub struct Year<'d> {
    pub client: &'d ApiClient,
    pub chance: Chance,
    pub year: i32,
    pub company: Value,
    /// By place in [`WARES`].
    pub products: Vec<Value>,
    pub customers: Vec<Value>,
    pub warehouses: Vec<Value>,
    pub pipeline: Value,
    pub loss_reasons: Vec<Value>,
    pub competitors: Vec<Value>,
    pub territories: Vec<Value>,
    /// What was made, by noun.
    pub made: BTreeMap<&'static str, usize>,
    /// Money that will come, by day: invoice and part of a hundred.
    pub due: BTreeMap<NaiveDate, Vec<(Value, u32)>>,
    prospects: usize,
    /// Who looked at something before they asked, so far.
    visitors: usize,
    returned: bool,
}

const ORDERS: &str = "/v1/sales/orders";
const INVOICES: &str = "/v1/receivables/invoices";
const OPPORTUNITIES: &str = "/v1/crm/opportunities";
const LEADS: &str = "/v1/crm/leads";
const ACTIVITIES: &str = "/v1/crm/activities";

impl<'d> Year<'d> {
    pub fn new(client: &'d ApiClient, year: i32) -> Self {
        Self {
            client,
            chance: Chance::new(20_260_101),
            year,
            company: Value::Null,
            products: Vec::new(),
            customers: Vec::new(),
            warehouses: Vec::new(),
            pipeline: Value::Null,
            loss_reasons: Vec::new(),
            competitors: Vec::new(),
            territories: Vec::new(),
            made: BTreeMap::new(),
            due: BTreeMap::new(),
            prospects: 0,
            visitors: 0,
            returned: false,
        }
    }

    pub fn count(&mut self, what: &'static str) {
        *self.made.entry(what).or_default() += 1;
    }
    fn day(&self, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, month, day).unwrap_or_default()
    }
    /// A working day of the month.
    fn some_day(&mut self, month: u32) -> NaiveDate {
        let date = self.chance.of(1..27) as u32 + 1;
        let day = self.day(month, date);
        day + Days::new(match day.weekday().num_days_from_monday() {
            5 => 2,
            6 => 1,
            _ => 0,
        })
    }

    /// One month of business.
    pub fn month(&mut self, month: u32) -> Done<()> {
        let mut days: Vec<(NaiveDate, u8)> = Vec::new();
        for (what, times) in [(0u8, 4usize), (1, 2), (2, 7), (3, 5)] {
            for _ in 0..times {
                days.push((self.some_day(month), what));
            }
        }
        days.sort();
        for (day, what) in days {
            self.money_until(day)?;
            self.client.at(day, 9);
            match what {
                0 => self.lead(day)?,
                1 => {
                    let customer = self.chance.pick(&self.customers).clone();
                    let deal = self.opportunity(&customer, day)?;
                    self.pursue(deal, day)?;
                }
                2 => self.supplies(day)?,
                _ => self.activity(day)?,
            }
        }
        Ok(())
    }

    // ---- the front office ---------------------------------------------------------------------

    /// What somebody saw before a day.
    fn visited(&mut self, who: (&str, &Value), day: NaiveDate) -> Done<()> {
        let seen = visits::before(self.client, &self.company, self.visitors, who, day)?;
        self.visitors += 1;
        *self.made.entry("touchpoints").or_default() += seen;
        Ok(())
    }

    /// Somebody asks. Half of them become a deal.
    fn lead(&mut self, day: NaiveDate) -> Done<()> {
        let name = data::PROSPECTS[self.prospects % data::PROSPECTS.len()];
        self.prospects += 1;
        let (first, last) = (*self.chance.pick(&data::FIRST_NAMES), *self.chance.pick(&data::LAST_NAMES));
        let lead = json!({
            "company_id": self.company["id"], "organisation_name": name, "first_name": first, "last_name": last,
            "email": format!("{}.{}{}@example.org", first.to_lowercase(), last.to_lowercase(), self.prospects),
            "source": self.chance.pick(&data::SOURCES),
            "campaign": if self.prospects.is_multiple_of(3) { json!("spring sale") } else { json!(null) },
        });
        let lead = self.client.post(LEADS, lead)?;
        self.count("leads");
        self.visited(("lead_id", &lead["id"]), day)?;
        // its touches count as changes
        let lead = self.client.get(&format!("{LEADS}/{}", lead["id"].as_str().unwrap_or_default()))?;
        let fate = self.chance.of(0..100);
        if fate < 55 {
            self.client.at(day + Days::new(3), 10);
            let lead = self.client.act(LEADS, &lead, "qualify", json!({}))?;
            let deal = json!({"opportunity": {"name": format!("First equipment for {name}"), "expected_close_date": day + Days::new(40)}});
            let converted = self.client.act(LEADS, &lead, "convert", deal)?;
            let deal = self.client.get(&format!("{OPPORTUNITIES}/{}", converted["opportunity_id"].as_str().unwrap_or_default()))?;
            let deal = self.lines(deal)?;
            self.pursue(deal, day + Days::new(4))?;
        } else if fate < 80 {
            self.client.at(day + Days::new(2), 15);
            self.client.act(LEADS, &lead, "disqualify", json!({"reason": "No budget"}))?;
        }
        Ok(())
    }

    /// A deal with a customer we know.
    fn opportunity(&mut self, customer: &Value, day: NaiveDate) -> Done<Value> {
        let closes = day + Days::new(30);
        let deal = json!({
            "company_id": self.company["id"], "party_id": customer["id"], "pipeline_id": self.pipeline["id"],
            "name": format!("Renewal at {}", customer["name"].as_str().unwrap_or_default()), "expected_close_date": closes,
        });
        self.visited(("party_id", &customer["id"]), day)?;
        let deal = self.client.post(OPPORTUNITIES, deal)?;
        self.lines(deal)
    }

    /// Puts machines and perhaps a service on a deal.
    fn lines(&mut self, deal: Value) -> Done<Value> {
        self.count("deals");
        let place = format!("{OPPORTUNITIES}/{}", deal["id"].as_str().unwrap_or_default());
        let mut wares = vec![self.chance.of(EQUIPMENT), self.chance.of(EQUIPMENT)];
        if self.chance.percent(60) {
            wares.push(self.chance.of(SERVICES));
        }
        wares.dedup();
        let mut version = deal["version"].clone();
        for ware in wares {
            let line = json!({
                "product_id": self.products[ware]["id"], "quantity": self.chance.of(1..4).to_string(),
                "discount_percent": if self.chance.percent(30) { "5" } else { "0" },
            });
            self.client.write("POST", &format!("{place}/lines"), line, &version)?;
            version = self.client.get(&place)?["version"].clone();
        }
        self.client.get(&place)
    }

    /// Leads a deal through its stages to its end, or leaves it open on the way.
    fn pursue(&mut self, mut deal: Value, day: NaiveDate) -> Done<()> {
        let stages: Vec<Value> = self.pipeline["stages"].as_array().cloned().unwrap_or_default();
        let here = stages.iter().position(|s| s["id"] == deal["stage_id"]).unwrap_or(0);
        let late = day.month() >= 11;
        let fate = self.chance.of(0..100);
        let steps = if late && fate < 60 { 1 } else { stages.len() };
        let mut now = day;
        for stage in stages.iter().skip(here + 1).take(steps) {
            now = now + Days::new(4);
            self.client.at(now, 11);
            deal = self.client.act(OPPORTUNITIES, &deal, "advance", json!({"stage_id": stage["id"]}))?;
        }
        now = now + Days::new(3);
        self.client.at(now, 14);
        if late && fate < 60 {
            return Ok(());
        }
        if fate.is_multiple_of(3) {
            let lost = json!({
                "loss_reason_id": self.chance.pick(&self.loss_reasons)["id"], "competitor_id": self.chance.pick(&self.competitors)["id"],
            });
            self.client.act(OPPORTUNITIES, &deal, "lose", lost)?;
            self.count("deals lost");
            return Ok(());
        }
        self.client.act(OPPORTUNITIES, &deal, "win", json!({}))?;
        self.count("deals won");
        let drafts = self.client.get(&format!("{ORDERS}?opportunity_id={}", deal["id"].as_str().unwrap_or_default()))?;
        match drafts["data"].get(0) {
            Some(order) => self.fulfil(order.clone(), now),
            None => Ok(()),
        }
    }

    /// A call, a meeting or a task with a customer; most get done, some are late.
    fn activity(&mut self, day: NaiveDate) -> Done<()> {
        let customer = self.chance.pick(&self.customers)["id"].clone();
        let (kind, subject) = *self.chance.pick(&[
            ("call", "Ask about the new season"),
            ("meeting", "Tasting at the customer's"),
            ("task", "Send the price list"),
        ]);
        let due = day + Days::new(self.chance.of(1..10) as u64);
        let body = json!({
            "company_id": self.company["id"], "kind": kind, "subject": subject, "regarding_id": customer,
            "due_at": format!("{due}T15:00:00Z"),
        });
        let activity = self.client.post(ACTIVITIES, body)?;
        self.count("activities");
        if self.chance.percent(75) {
            self.client.at(due, 14);
            self.client.act(ACTIVITIES, &activity, "complete", json!({"outcome": "Done"}))?;
        }
        Ok(())
    }

    // ---- the back office ----------------------------------------------------------------------

    /// A customer orders coffee and what goes with it.
    fn supplies(&mut self, day: NaiveDate) -> Done<()> {
        let customer = self.chance.pick(&self.customers)["id"].clone();
        let first = self.chance.of(SUPPLIES);
        let count = self.chance.of(1..SUPPLIES.len());
        let mut lines = Vec::new();
        for i in 0..count {
            let ware = SUPPLIES.start + (first - SUPPLIES.start + i) % SUPPLIES.len();
            lines.push(json!({
                "product_id": self.products[ware]["id"], "quantity": (self.chance.of(2..13) * 2).to_string(),
                "discount_percent": if self.chance.percent(20) { "3" } else { "0" },
            }));
        }
        let warehouse = self.chance.pick(&self.warehouses)["id"].clone();
        let order = json!({
            "company_id": self.company["id"], "customer_id": customer, "warehouse_id": warehouse, "order_date": day,
            "freight_amount": if self.chance.percent(50) { "9.50" } else { "0" }, "lines": lines,
        });
        let order = self.client.post(ORDERS, order)?;
        self.fulfil(order, day)
    }

    /// From the draft to the invoice: most orders go out whole, some in two parts, a few are cancelled or still open.
    fn fulfil(&mut self, order: Value, day: NaiveDate) -> Done<()> {
        self.count("orders");
        let fate = self.chance.of(0..100);
        if fate < 4 {
            self.client.act(ORDERS, &order, "cancel", json!({"reason": "The customer changed their mind"}))?;
            return Ok(());
        }
        let order = self.client.act(ORDERS, &order, "confirm", json!({}))?;
        let last_days = day > self.day(12, 18);
        if last_days && fate < 60 {
            return Ok(()); // confirmed, not yet delivered: something for the list of open orders
        }
        let mut shipped = day + Days::new(2);
        self.client.at(shipped, 8);
        let goods = order["lines"].as_array().is_some_and(|l| l.iter().any(|l| l["is_stocked"] == true));
        if goods && fate < 18 {
            self.part_of(&order)?;
            shipped = shipped + Days::new(9);
            self.client.at(shipped, 8);
        }
        let mut order = self.again(ORDERS, &order)?;
        if goods {
            order = self.deliver(&order)?;
        }
        if last_days && fate < 75 {
            return Ok(()); // delivered, not yet invoiced
        }
        self.client.at(shipped + Days::new(1), 9);
        let invoice = self.client.act(ORDERS, &order, "invoice", json!({}))?;
        let invoice = self.again(INVOICES, &invoice)?;
        let invoice = self.client.act(INVOICES, &invoice, "post", json!({}))?;
        self.count("invoices");
        self.expect_money(&invoice, shipped);
        if !self.returned && goods && day.month() == 9 {
            self.returned = true;
            self.goods_back(&order, shipped + Days::new(5))?;
        }
        Ok(())
    }

    /// Everything that is still open leaves the house.
    fn deliver(&mut self, order: &Value) -> Done<Value> {
        self.client.act(ORDERS, order, "deliver", json!({"ship": true, "carrier": "Nordfracht"}))?;
        self.count("deliveries");
        self.again(ORDERS, order)
    }

    /// Half of the first line leaves the house.
    fn part_of(&mut self, order: &Value) -> Done<()> {
        let line = order["lines"].as_array().and_then(|l| l.iter().find(|l| l["is_stocked"] == true)).cloned().unwrap_or_default();
        let ordered: u32 = line["quantity"].as_str().and_then(|q| q.parse().ok()).unwrap_or(1);
        let part = json!({"order_id": order["id"], "lines": [{"order_line_id": line["id"], "quantity": ordered.div_ceil(2).to_string()}]});
        let delivery = self.client.post("/v1/sales/deliveries", part)?;
        self.client.act("/v1/sales/deliveries", &delivery, "ship", json!({}))?;
        self.count("deliveries");
        Ok(())
    }

    /// The one return of the year: one piece comes back and is credited.
    fn goods_back(&mut self, order: &Value, day: NaiveDate) -> Done<()> {
        self.client.at(day, 10);
        let deliveries = self.client.get(&format!("/v1/sales/deliveries?order_id={}", order["id"].as_str().unwrap_or_default()))?;
        let line = &deliveries["data"][0]["lines"][0];
        let back = json!({
            "delivery_id": deliveries["data"][0]["id"], "reason": "Damaged in transit",
            "lines": [{"delivery_line_id": line["id"], "quantity": "1"}],
        });
        let place = "/v1/sales/returns";
        let back = self.client.post(place, back)?;
        let back = self.client.act(place, &back, "authorize", json!({}))?;
        self.client.act(place, &back, "receive", json!({"credit": true}))?;
        self.count("returns");
        let notes = self.client.get("/v1/receivables/credit-notes?status=draft")?;
        for note in
            notes["data"].as_array().into_iter().flatten().filter(|n| n["company_id"] == self.company["id"]).cloned().collect::<Vec<_>>()
        {
            self.client.act("/v1/receivables/credit-notes", &note, "post", json!({}))?;
            self.count("credit notes");
        }
        Ok(())
    }

    /// Most pay on time, some late, some in part, some not at all.
    fn expect_money(&mut self, invoice: &Value, day: NaiveDate) {
        let (days, part) = match self.chance.of(0..100) {
            0..8 => (5, 100),
            8..68 => (24 + self.chance.of(0..7) as u64, 100),
            68..78 => (45, 100),
            78..87 => (30, 50),
            _ => return,
        };
        self.due.entry(day + Days::new(days)).or_default().push((invoice.clone(), part));
    }

    /// Books the money that came in until this day.
    pub fn money_until(&mut self, day: NaiveDate) -> Done<()> {
        while let Some(entry) = self.due.first_entry().filter(|e| *e.key() <= day) {
            let (on, payments) = entry.remove_entry();
            self.client.at(on, 12);
            for (invoice, part) in payments {
                let invoice = self.again(INVOICES, &invoice)?;
                let open = cents(&invoice["outstanding"]);
                let amount = open * i64::from(part) / 100;
                if amount <= 0 {
                    continue;
                }
                let amount = format!("{}.{:02}", amount / 100, amount % 100);
                let payment = json!({
                    "company_id": self.company["id"], "party_id": invoice["customer_id"], "amount": amount,
                    "payment_date": on, "allocate_to": [{"invoice_id": invoice["id"], "amount": amount}],
                });
                let place = "/v1/banking/payments";
                let payment = self.client.post(place, payment)?;
                self.client.act(place, &payment, "post", json!({}))?;
                self.count("payments");
            }
        }
        Ok(())
    }

    /// The thing as it is now.
    fn again(&self, place: &str, thing: &Value) -> Done<Value> {
        self.client.get(&format!("{place}/{}", thing["id"].as_str().unwrap_or_default()))
    }

    /// Mid-year: a count that finds two cups too few, and a machine that fell off the fork-lift.
    pub fn stock_taking(&mut self) -> Done<()> {
        self.client.at(self.day(6, 30), 16);
        let place = "/v1/inventory/adjustments";
        for (reason, ware, delta) in [("count", 7usize, "-2"), ("scrap", 4, "-1")] {
            let body = json!({
                "reason": reason, "warehouse_id": self.warehouses[0]["id"],
                "lines": [{"product_id": self.products[ware]["id"], "quantity_delta": delta}],
            });
            let adjustment = self.client.post(place, body)?;
            self.client.act(place, &adjustment, "post", json!({}))?;
            self.count("stock adjustments");
        }
        Ok(())
    }

    /// The number of things it sells that are kept in stock.
    pub fn stocked() -> impl Iterator<Item = usize> {
        (0..WARES.len()).filter(|&i| WARES[i].opening > 0)
    }
}

/// Cents of a decimal string with at most two places that count.
fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or("0");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = format!("{part}00").chars().take(2).collect();
    whole.parse::<i64>().unwrap_or(0) * 100 + part.parse::<i64>().unwrap_or(0)
}
