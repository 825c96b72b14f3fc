//! Currencies: the list in the database is the list of the program.

use domain::directory::currencies;
use serde_json::json;

each_engine! {
    fn the_list_is_that_of_the_program(s) {
        let listed = s.all("/v1/directory/currencies");
        let expected: Vec<_> = currencies::all().iter().map(|c| serde_json::to_value(c).unwrap()).collect();
        assert_eq!(listed, expected);
    }

    fn a_currency_is_found_by_its_code(s) {
        let yen = s.get("/v1/directory/currencies/JPY").ok();
        assert_eq!((&yen["id"], &yen["minor_units"], &yen["numeric_code"]), (&json!("JPY"), &json!(0), &json!("392")));
        s.get("/v1/directory/currencies/XAU").problem(404, "not_found");
        s.get("/v1/directory/currencies/yen").problem(404, "not_found");
        assert_eq!(s.get("/v1/directory/currencies?q=EURO&limit=1").ok()["data"][0]["id"].as_str().map(str::len), Some(3));
    }
}
