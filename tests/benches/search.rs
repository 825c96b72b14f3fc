//! Search among a hundred thousand parties, by the search over all nouns and by `q` of the list.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Database, Engine};
use crate::measure::{Served, rate};
use crate::world::{World, bulk};
use crate::{Verdicts, show};

/// What a hundred thousand parties are called, so that some words are rare and some are in every other name.
const NAMES: [&str; 24] = [
    "Meier",
    "Schmidt",
    "Weber",
    "Wagner",
    "Becker",
    "Hoffmann",
    "Koch",
    "Richter",
    "Klein",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Braun",
    "Zimmermann",
    "Krüger",
    "Hartmann",
    "Lange",
    "Krause",
    "Lehmann",
    "Köhler",
    "Maier",
    "Huber",
    "Fuchs",
];
const TRADES: [&str; 12] =
    ["Bau", "Handel", "Maschinen", "Holz", "Technik", "Logistik", "Druck", "Elektro", "Garten", "Chemie", "Textil", "Optik"];
const FORMS: [&str; 3] = ["GmbH", "AG", "KG"];

pub fn parties(engine: Engine, scale: f64, verdicts: &mut Verdicts) {
    let database = Database::empty(engine);
    let served = Served::start(&database.url);
    let w = World::make(&served.client);
    let have = (100_000.0 * scale) as usize;
    let party = |i: usize| {
        // a syllable of its own for each hundred, so that there are many words
        let own: String = [i / 100, i / 700, i / 4900].iter().map(|n| ["ba", "ke", "li", "mo", "ru", "sa", "te"][n % 7]).collect();
        let name = format!("{} {}{own} {}", NAMES[i % NAMES.len()], TRADES[i / 7 % TRADES.len()], FORMS[i % FORMS.len()]);
        json!({"code": format!("K{i:06}"), "name": name, "is_customer": true, "allow_duplicate": true,
            "emails": [{"address": format!("office@{own}{i}.example")}], "phones": [{"number": format!("+4930{:07}", 1_000_000 + i)}]})
    };
    bulk(&w.client, "/v1/directory/parties", &(0..have).map(party).collect::<Vec<_>>());
    let began = Instant::now();
    loop {
        let behind = w.client.all("/v1/platform/followers?name=platform.search")[0]["lag_events"].as_i64().unwrap_or_default();
        if behind == 0 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(900), "the index stays behind: {behind}");
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("the index was whole {:.1} s after the last of {have} parties", began.elapsed().as_secs_f64());
    for (what, q) in [
        ("a number", "K004711"),
        ("a rare word", "baubaba"),
        ("a frequent word", "gmbh"),
        ("two words", "meier+holz"),
        ("a beginning", "schr"),
        ("one letter", "m"),
        ("a misspelling", "Zimmernann"),
        ("a telephone number", "030+1004711"),
        ("a part of a word", "aschine"),
        ("nothing", "xylophone"),
    ] {
        for (how, path) in [("search", "/v1/platform/search"), ("list", "/v1/directory/parties")] {
            let taken = show(&format!("{how}: {what}"), &served, 2.0 * scale.max(0.5), |_, _| drop(w.wire.get(&format!("{path}?q={q}"))));
            verdicts.check(&format!("{how}: {what}, ms"), taken.p50_ms, taken.p50_ms < 20.0, "< 20");
        }
    }
    let alone = rate(1, Duration::from_secs(1), |_, _| drop(w.wire.get("/v1/platform/search?q=meier")));
    println!("search for a name, one caller: {:.0}/s", alone.per_second);
}
