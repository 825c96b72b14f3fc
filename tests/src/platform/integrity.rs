//! The proof of the books on demand.

each_engine! {
    fn fresh_books_pass_every_check(s) {
        let report = s.get("/v1/platform/integrity").ok();
        assert_eq!(report["passed"], true, "{report:#}");
        let names: Vec<_> = report["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"audit_chain") && names.contains(&"number_series"), "{names:?}");
    }
}
