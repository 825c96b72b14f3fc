//! The overview and the timeline of a party cost the same however many facts there are of others.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Database, Engine};
use crate::measure::{Served, rate};
use crate::world::{World, bulk, id};
use crate::{Verdicts, show};

/// At about a thousand facts and at a hundred thousand, time to time, in a database of its own.
pub fn growth(engine: Engine, scale: f64, verdicts: &mut Verdicts) {
    let database = Database::empty(engine);
    let served = Served::start(&database.url);
    let w = World::make(&served.client);
    let party = &w.customers[0];
    for n in 0..10 {
        w.order_to_cash(n * w.customers.len());
        let line = json!({"product_id": w.products[0], "quantity": "1"});
        let quote = json!({"company_id": w.company, "party_id": party, "lines": [line]});
        let quote = w.client.post("/v1/crm/quotes", quote).created();
        w.client.act(&format!("/v1/crm/quotes/{}/send", id(&quote)), &quote, json!({})).ok();
        w.client
            .post("/v1/crm/opportunities", json!({"company_id": w.company, "name": "Deal", "party_id": party, "amount": "5"}))
            .created();
    }
    let overview = |_: usize, _: usize| drop(w.wire.get(&format!("/v1/directory/parties/{party}/360")));
    let timeline = |_: usize, _: usize| drop(w.wire.get(&format!("/v1/directory/parties/{party}/timeline?limit=50")));
    rate(1, Duration::from_millis(500), overview); // the first calls read everything from the disk
    let s = 3.0 * scale;
    let before = (show("360 of a party", &served, s, overview), show("timeline of a party", &served, s, timeline));
    let have = (100_000.0 * scale) as usize;
    let other = |i: usize| json!({"code": format!("T{i:06}"), "name": format!("Other {i:06}"), "is_customer": true});
    bulk(&w.client, "/v1/directory/parties", &(0..have).map(other).collect::<Vec<_>>());
    let after = (show("360, a hundred times the facts", &served, s, overview), show("timeline, a hundred times", &served, s, timeline));
    for (what, ratio) in [
        ("360 at 100 times the facts, time to time", after.0.p50_ms / before.0.p50_ms),
        ("timeline at 100 times the facts, time to time", after.1.p50_ms / before.1.p50_ms),
    ] {
        verdicts.check(what, ratio, ratio <= 1.3, "<= 1.3");
    }
}
