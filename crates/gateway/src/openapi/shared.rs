//! What many operations say alike, said once: parameters and responses that occur more than once become components. The
//! operations refer to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

type Paths = BTreeMap<String, Map<String, Value>>;

/// The member of a response that proposes its name as a component. It does not stay.
pub const NAME: &str = "x-component";

/// Moves what is repeated out of the operations; parameters and responses by their new names.
pub fn take(paths: &mut Paths) -> (Map<String, Value>, Map<String, Value>) {
    (parameters(paths), responses(paths))
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Value> {
    paths.values_mut().flat_map(|p| p.values_mut())
}

/// One form of a parameter and how often it occurs.
struct Form {
    value: Value,
    uses: usize,
}

fn parameters(paths: &mut Paths) -> Map<String, Value> {
    let mut forms: BTreeMap<String, Vec<Form>> = BTreeMap::new();
    for p in operations(paths).flat_map(|o| o["parameters"].as_array().into_iter().flatten()).filter(|p| p.get("$ref").is_none()) {
        let same_name = forms.entry(parameter_name(p)).or_default();
        match same_name.iter_mut().find(|f| f.value == *p) {
            Some(form) => form.uses += 1,
            None => same_name.push(Form { value: p.clone(), uses: 1 }),
        }
    }
    let mut out = Map::new();
    for (name, mut forms) in forms {
        // of several parameters of one name the most frequent is the component
        forms.sort_by_cached_key(|f| (std::cmp::Reverse(f.uses), f.value.to_string()));
        out.extend(forms.into_iter().next().filter(|f| f.uses > 1).map(|f| (name, f.value)));
    }
    for o in operations(paths) {
        for p in o["parameters"].as_array_mut().into_iter().flatten().filter(|p| p.get("$ref").is_none()) {
            let name = parameter_name(p);
            if out.get(&name) == Some(p) {
                *p = json!({ "$ref": format!("#/components/parameters/{name}") });
            }
        }
    }
    out
}

/// `SalesOrderIdPath`, `CreatedAtGte`; what sorts by other columns is another parameter.
fn parameter_name(p: &Value) -> String {
    let name = pascal(p["name"].as_str().unwrap_or_default());
    match (p["in"].as_str(), p["name"].as_str()) {
        (Some("path"), _) => format!("{name}Path"),
        (_, Some("sort")) => {
            let pattern = p["schema"]["pattern"].as_str().unwrap_or_default();
            let columns = pattern.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(columns, _)| columns);
            format!("SortBy{}", pascal(&columns.unwrap_or_default().replace('|', "_")))
        }
        // a list and the read of one of its rows embed the same
        (_, Some("expand")) => {
            let pattern = p["schema"]["pattern"].as_str().unwrap_or_default();
            let names: Vec<&str> = pattern.split(['(', '|', ')']).filter(|n| n.starts_with(|c: char| c.is_ascii_lowercase())).take(2).collect();
            format!("Expand{}", pascal(&names.join("_")))
        }
        _ => name,
    }
}

fn pascal(snake: &str) -> String {
    let words = snake.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    words.map(|w| w[..1].to_ascii_uppercase() + &w[1..]).collect()
}

fn responses(paths: &mut Paths) -> Map<String, Value> {
    let mut forms: BTreeMap<String, Form> = BTreeMap::new();
    for r in operations(paths).flat_map(|o| o["responses"].as_object().into_iter().flat_map(|r| r.values())) {
        let Some(name) = r[NAME].as_str() else { continue };
        match forms.get_mut(name) {
            Some(form) if form.value == *r => form.uses += 1,
            // another one of the same name stays where it is
            Some(_) => {}
            None => drop(forms.insert(name.into(), Form { value: r.clone(), uses: 1 })),
        }
    }
    for o in operations(paths) {
        for r in o["responses"].as_object_mut().into_iter().flat_map(|r| r.values_mut()) {
            let Some(name) = r[NAME].as_str().map(String::from) else { continue };
            if forms.get(&name).is_some_and(|f| f.uses > 1 && f.value == *r) {
                *r = json!({ "$ref": format!("#/components/responses/{name}") });
            } else if let Some(members) = r.as_object_mut() {
                members.remove(NAME);
            }
        }
    }
    let shared = forms.into_iter().filter(|(_, f)| f.uses > 1);
    shared
        .map(|(name, mut form)| {
            if let Some(members) = form.value.as_object_mut() {
                members.remove(NAME);
            }
            (name, form.value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_said_once() {
        let limit = json!({ "name": "limit", "in": "query", "schema": { "type": "integer" } });
        let other = json!({ "name": "limit", "in": "query", "schema": { "type": "integer", "maximum": 5 } });
        let done = json!({ "description": "Success.", NAME: "OrderRead" });
        let of =
            |p: &Value| json!({ "parameters": [p], "responses": { "200": done, "404": { "$ref": "#/components/responses/NotFound" } } });
        let operation = |p: &Value| Map::from_iter([("get".to_string(), of(p))]);
        let mut paths: Paths = [("/a", &limit), ("/b", &limit), ("/c", &other)].map(|(path, p)| (path.to_string(), operation(p))).into();
        let (parameters, responses) = take(&mut paths);
        assert_eq!(parameters, Map::from_iter([("Limit".to_string(), limit)]));
        assert_eq!(responses, Map::from_iter([("OrderRead".to_string(), json!({ "description": "Success." }))]));
        assert_eq!(paths["/a"]["get"]["parameters"][0], json!({ "$ref": "#/components/parameters/Limit" }));
        assert_eq!(paths["/c"]["get"]["parameters"][0], other);
        assert_eq!(paths["/c"]["get"]["responses"]["200"], json!({ "$ref": "#/components/responses/OrderRead" }));
    }

    #[test]
    fn names_are_words() {
        assert_eq!(parameter_name(&json!({ "name": "sales_order_id", "in": "path" })), "SalesOrderIdPath");
        let sort = json!({ "name": "sort", "in": "query", "schema": { "pattern": "^-?(created_at|name)(,-?(created_at|name)){0,3}$" } });
        assert_eq!(parameter_name(&sort), "SortByCreatedAtName");
    }
}
