//! What is above and below a party, in one answer.

use serde_json::{Value, json};

use crate::fixtures::id;

const HERE: &str = "/v1/directory/parties";

each_engine! {
    fn a_hierarchy_has_no_more_than_32_levels(s) {
        let under = |parent: Option<&Value>| s.post(HERE, json!({"name": "Level", "parent_id": parent.map(|p| p["id"].clone())}));
        let mut low = under(None).created();
        let refused = (0..40).find_map(|_| {
            let made = under(Some(&low));
            match made.status {
                201 => { low = made.created(); None }
                _ => Some(made),
            }
        });
        refused.unwrap().problem(422, "party.hierarchy_too_deep");
        let above = s.get(&format!("{HERE}/{}/hierarchy", id(&low))).ok()["ancestors"].as_array().unwrap().len();
        assert!((30..=32).contains(&above), "{above} above the lowest");
    }

    fn the_hierarchy_shows_everything_above_and_below(s) {
        let make = |name: &str, parent: Option<&Value>| s.post(HERE, json!({"name": name, "parent_id": parent.map(|p| p["id"].clone())})).created();
        let top = make("Top", None);
        let middle = make("Middle", Some(&top));
        make("Side", Some(&top));
        let low = make("Low", Some(&middle));
        make("Lowest", Some(&low));
        let names = |list: &Value| -> Vec<(String, i64)> {
            list.as_array().unwrap().iter().map(|n| (n["name"].as_str().unwrap().to_string(), n["level"].as_i64().unwrap())).collect()
        };
        let at = |name: &str, level| (name.to_string(), level);
        let all = s.get(&format!("{HERE}/{}/hierarchy", id(&low))).ok();
        assert_eq!(names(&all["ancestors"]), [at("Top", -2), at("Middle", -1)]);
        assert_eq!(names(&all["descendants"]), [at("Lowest", 1)]);
        assert_eq!((&all["party"]["parent_id"], &all["has_more"]), (&middle["id"], &json!(false)));
        let cut = s.get(&format!("{HERE}/{}/hierarchy?depth=1", id(&top))).ok();
        assert_eq!((names(&cut["descendants"]), &cut["has_more"]), (vec![at("Middle", 1), at("Side", 1)], &json!(true)));
        let whole = s.get(&format!("{HERE}/{}/hierarchy?depth=3", id(&top))).ok();
        assert_eq!((names(&whole["descendants"]).len(), &whole["has_more"]), (4, &json!(false)));
        for depth in ["0", "33", "deep"] {
            s.get(&format!("{HERE}/{}/hierarchy?depth={depth}", id(&top))).problem(400, "invalid_parameter");
        }
    }
}
