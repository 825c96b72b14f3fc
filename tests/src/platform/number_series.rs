//! Number series: listed by company, and proved without gaps.

use serde_json::json;

use crate::fixtures::user_with;

each_engine! {
    fn the_series_of_a_fresh_company_are_complete(s) {
        let report = s.get(&format!("/v1/platform/number-series/gaps?company_id={}&year=2026", s.company_id())).ok();
        assert_eq!(report["complete"], json!(true), "{report:#}");
        s.get("/v1/platform/number-series/gaps?year=soon").problem(400, "invalid_parameter");
        s.get("/v1/platform/number-series/gaps?code=").problem(400, "invalid_parameter");
        assert!(s.all("/v1/platform/number-series").iter().all(|n| n["next"].as_i64().unwrap() >= 1));
    }

    fn series_of_other_companies_are_not_seen(s) {
        let reader = user_with(s, &["platform.number_series.read"], &[]);
        assert!(reader.all("/v1/platform/number-series").is_empty());
    }
}
