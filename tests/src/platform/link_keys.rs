//! Keys of links are replaced one after the other, and forgotten when they are revoked.

use serde_json::json;

each_engine! {
    fn a_new_key_signs_and_the_old_ones_stay_good(s) {
        let first = s.post("/v1/platform/link-keys/rotate", json!({})).ok();
        assert_eq!((first["signing"].as_i64(), first["good"].as_i64()), (Some(2), Some(2)));
        let second = s.post("/v1/platform/link-keys/rotate", json!({})).ok();
        assert_eq!((second["signing"].as_i64(), second["good"].as_i64()), (Some(3), Some(3)));
        let third = s.post("/v1/platform/link-keys/rotate", json!({"revoke": true})).ok();
        assert_eq!((third["signing"].as_i64(), third["good"].as_i64()), (Some(4), Some(1)), "a number is never used again");
    }

    fn only_so_many_keys_are_kept(s) {
        for _ in 0..19 {
            s.post("/v1/platform/link-keys/rotate", json!({})).ok();
        }
        let last = s.post("/v1/platform/link-keys/rotate", json!({})).ok();
        assert_eq!((last["signing"].as_i64(), last["good"].as_i64()), (Some(21), Some(16)));
    }
}
