//! What a user interface needs to show a form: fields, bounds, words, filters and actions of a noun by the caller's rights. Derived
//! from the declaration of the noun's operations and the schemas of their bodies, so that it cannot say anything else than they do.

use std::collections::{BTreeMap, BTreeSet};

use domain::kernel::labels::{LabelLanguage, Labelled};
use domain::platform::forms::{
    FormAction, FormFieldKind, FormParameter, FormWord, NounField, NounForm, NounName, NounSummaries, NounSummary,
};
use serde_json::Value;

use crate::prelude::*;
use crate::table::{Kind, Listing, Op, schema, snake};
use crate::visibility::Masking;

pub fn operations(t: &mut Table) {
    t.tag("platform/schemas", "What a user interface needs to know of each noun: fields, labels, filters and actions.");
    let op = t.report("platform/schemas", nouns, "List the nouns whose records the caller may read.").for_everybody();
    op.tag = "platform/schemas".into();
    let op = t.report_on_name::<NounName, NoFilter, NounForm>("get_schema", "platform/schemas", "noun", form, FORM).for_everybody();
    op.tag = "platform/schemas".into();
}

const FORM: &str = "Get the fields, filters and actions of a noun. Fields that the caller may not see are left out, and so are operations \
that it may not use; a noun that it may not read does not exist. Labels are in the language that `Accept-Language` asks for, English or \
German.";

/// Levels of groups and lists whose fields are shown.
const DEEPEST: usize = 3;

/// The lists of records of their own: not those of parts, which stand in their noun.
fn lists(table: &Table) -> impl Iterator<Item = (&Op, &Listing, String)> {
    let lists = table.ops.iter().filter(|op| op.kind == Kind::List && op.path_params.is_empty() && !op.public);
    lists.filter_map(|op| {
        let listing = op.listing.as_ref()?;
        Some((op, listing, (listing.row.name)().into_owned()))
    })
}

fn nouns(cx: &mut Cx, _: NoFilter) -> Result<NounSummaries> {
    let (app, language) = (cx.app().clone(), cx.caller.language);
    let readable = lists(&app.table).filter(|(op, ..)| op.permission.is_empty() || cx.caller.may(&op.permission));
    let mut nouns: Vec<NounSummary> = readable
        .map(|(op, _, name)| NounSummary { noun: snake(&name), label: language.label(Labelled::Noun, &name), path: op.path.clone() })
        .collect();
    nouns.sort_by(|a, b| a.noun.cmp(&b.noun));
    Ok(NounSummaries { language, nouns })
}

fn form(cx: &mut Cx, noun: &str, _: NoFilter) -> Result<NounForm> {
    let (app, caller) = (cx.app().clone(), cx.caller.clone());
    let language = caller.language;
    let may = |op: &Op| op.permission.is_empty() || caller.may(&op.permission);
    let found = lists(&app.table).find(|(op, _, name)| snake(name) == noun && may(op));
    let (list, listing, name) = found.ok_or_else(|| problems::not_found.with(format!("There is no noun {noun:?}.")))?;
    let masking = Masking::of(&app.table, &caller, &name);
    let of_noun = |op: &&Op| op.entity.as_deref() == Some(name.as_str()) || (op.tag == list.tag && op.kind == Kind::Delete);
    let own: Vec<&Op> = app.table.ops.iter().filter(of_noun).filter(|op| may(op)).collect();
    let body = |kind: Kind| own.iter().find(|op| op.kind == kind && op.body.is_some()).map(|op| Body::of(op));
    let bodies = Bodies { create: body(Kind::Create), update: body(Kind::Update), prefixes: prefixes(&app.table) };

    let mut fields = Vec::new();
    let schemas = schema::components(&listing.row);
    let mut names: Vec<String> = listing.columns().map(String::from).collect();
    let properties = schemas.get(&name).and_then(|s| s["properties"].as_object()).cloned().unwrap_or_default();
    names.retain(|n| properties.contains_key(n));
    let given = [&bodies.create, &bodies.update].into_iter().flatten().flat_map(Body::names);
    for more in properties.keys().cloned().chain(given) {
        if !names.contains(&more) {
            names.push(more);
        }
    }
    for field in &names {
        bodies.describe(&schemas, &name, &[field.as_str()], &masking, language, &mut fields);
    }

    let parameter = |name: &str| FormParameter { name: name.into(), label: language.label(Labelled::Field, name) };
    let seen = |column: &str| !masking.hides(column);
    // a comparison is labelled as the field that it compares
    let filters =
        listing.filters.iter().filter(|f| seen(f.column())).map(|f| FormParameter { name: f.name.clone(), ..parameter(f.base()) });
    let flags = listing.flags.iter().map(|f| parameter(f.name)).chain(listing.ids.iter().map(|f| parameter(f.name)));
    let days = listing.days.iter().map(|d| parameter(d.0));
    Ok(NounForm {
        noun: noun.into(),
        label: language.label(Labelled::Noun, &name),
        language,
        path: list.path.clone(),
        fields,
        filters: filters.chain(flags).chain(days).collect(),
        sorts: listing.sort.iter().filter(|s| seen(s)).map(|s| parameter(s)).collect(),
        is_searchable: !listing.search.is_empty(),
        expansions: list.expansions.iter().map(|e| FormParameter { name: e.name.into(), ..parameter(e.property()) }).collect(),
        actions: own.iter().filter_map(|op| action(op, language)).collect(),
    })
}

fn action(op: &Op, language: LabelLanguage) -> Option<FormAction> {
    let name = match op.kind {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::Delete => "delete",
        Kind::Action => op.path.rsplit('/').next()?,
        _ => return None,
    };
    Some(FormAction {
        name: name.into(),
        label: language.label(Labelled::Action, name),
        operation_id: op.id.clone(),
        method: op.kind.method().into(),
        path: op.path.clone(),
    })
}

/// Prefixes of ids, and the nouns that they stand for.
fn prefixes(table: &Table) -> BTreeMap<String, String> {
    let ids = table.ops.iter().filter(|op| matches!(op.kind, Kind::Read | Kind::Update)).filter_map(|op| {
        let (_, shape) = op.path_params.last()?;
        Some(((shape.name)().into_owned(), snake(op.entity.as_deref()?)))
    });
    ids.collect()
}

/// The body of an operation.
struct Body {
    name: String,
    schemas: BTreeMap<String, Value>,
}

impl Body {
    fn of(op: &Op) -> Self {
        Self { name: op.body.map(|b| (b.name)().into_owned()).unwrap_or_default(), schemas: op.body_components() }
    }
    fn names(&self) -> Vec<String> {
        let properties = self.schemas.get(&self.name).and_then(|s| s["properties"].as_object());
        properties.into_iter().flat_map(|p| p.keys().cloned()).collect()
    }
    /// The schema at a path through groups and lists, and whether it must be given.
    fn at(&self, path: &[&str]) -> Option<(Value, bool)> {
        at(&self.schemas, &self.name, path)
    }
}

struct Bodies {
    create: Option<Body>,
    update: Option<Body>,
    prefixes: BTreeMap<String, String>,
}

/// A schema without what leads to it: references followed, and null left out; whether null was one of its values.
fn plain(schemas: &BTreeMap<String, Value>, given: &Value) -> (Value, Option<String>, bool) {
    let mut property = given.clone();
    let nullable = property["type"].as_array().is_some_and(|t| t.iter().any(|t| t == "null"))
        || property["oneOf"].as_array().is_some_and(|o| o.iter().any(|s| s["type"] == "null"));
    schema::strip_null(&mut property);
    let mut name = None;
    for _ in 0..DEEPEST {
        let all = property["allOf"].as_array().and_then(|a| a.first()).and_then(|s| s["$ref"].as_str());
        let Some(reference) = property["$ref"].as_str().or(all) else { break };
        let Some(target) = reference.rsplit('/').next() else { break };
        let about = property["description"].clone();
        name = Some(target.to_string());
        property = schemas.get(target).cloned().unwrap_or_default();
        if about.is_string() {
            property["description"] = about;
        }
    }
    (property, name, nullable)
}

fn at(schemas: &BTreeMap<String, Value>, root: &str, path: &[&str]) -> Option<(Value, bool)> {
    let mut here = schemas.get(root)?.clone();
    let mut required = false;
    for (i, step) in path.iter().enumerate() {
        if i > 0 {
            here = plain(schemas, &here).0;
            if here["items"].is_object() {
                here = plain(schemas, &here["items"]).0;
            }
        }
        required = here["required"].as_array().is_some_and(|r| r.iter().any(|n| n == step));
        here = here["properties"].get(*step)?.clone();
    }
    Some((here, required))
}

impl Bodies {
    /// Adds a field, and those inside of it.
    fn describe(
        &self,
        schemas: &BTreeMap<String, Value>,
        root: &str,
        path: &[&str],
        masking: &Masking,
        language: LabelLanguage,
        out: &mut Vec<NounField>,
    ) {
        let name = path.join(".");
        let parent = path.first().copied().unwrap_or_default();
        if masking.hides(&name) || masking.hides(parent) {
            return;
        }
        let shown = at(schemas, root, path);
        let created = self.create.as_ref().and_then(|b| Some((b, b.at(path)?)));
        let updated = self.update.as_ref().and_then(|b| Some((b, b.at(path)?)));
        // the bounds of what is given are closer than those of what is shown
        let source = created.as_ref().or(updated.as_ref()).map(|(b, (s, _))| (&b.schemas, s.clone()));
        let Some((all, given)) = source.or_else(|| shown.as_ref().map(|(s, _)| (schemas, s.clone()))) else { return };
        let (property, type_name, given_null) = plain(all, &given);
        let kind = kind_of(&property, type_name.as_deref(), &self.prefixes);
        let is_list = kind == FormFieldKind::List;
        let (item, item_name, _) = if is_list { plain(all, &property["items"]) } else { (Value::Null, None, false) };
        let items = is_list.then(|| kind_of(&item, item_name.as_deref(), &self.prefixes));
        let one = if is_list { &item } else { &property };
        let one_name = if is_list { item_name } else { type_name };
        let words = one["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let number = |key: &str| one[key].as_i64();
        let nullable = shown.as_ref().map_or(given_null, |(s, _)| plain(schemas, s).2);
        out.push(NounField {
            label: language.label(Labelled::Field, path.last().copied().unwrap_or_default()),
            description: [&given["description"], &property["description"]].into_iter().find_map(Value::as_str).unwrap_or_default().into(),
            kind,
            items,
            is_nullable: nullable,
            is_creatable: created.is_some(),
            is_required: created.as_ref().is_some_and(|(_, (_, required))| *required),
            is_updatable: updated.is_some(),
            min_length: number("minLength"),
            max_length: number("maxLength"),
            pattern: one["pattern"].as_str().map(String::from),
            minimum: number("minimum"),
            maximum: number("maximum"),
            max_items: property["maxItems"].as_i64(),
            words: words.map(|w| FormWord { value: w.into(), label: language.label(Labelled::Word, w) }).collect(),
            refers_to: one_name.and_then(|n| self.prefixes.get(&n).cloned()),
            name,
        });
        if path.len() < DEEPEST && one["properties"].is_object() {
            let mut inner: BTreeSet<String> = one["properties"].as_object().into_iter().flat_map(|p| p.keys().cloned()).collect();
            let shown_one = shown.map(|(s, _)| plain(schemas, &s).0);
            let shown_one = shown_one.map(|s| if s["items"].is_object() { plain(schemas, &s["items"]).0 } else { s });
            inner.extend(shown_one.iter().flat_map(|s| s["properties"].as_object().into_iter().flat_map(|p| p.keys().cloned())));
            for step in &inner {
                let longer: Vec<&str> = path.iter().copied().chain([step.as_str()]).collect();
                self.describe(schemas, root, &longer, masking, language, out);
            }
        }
    }
}

fn kind_of(schema: &Value, name: Option<&str>, ids: &BTreeMap<String, String>) -> FormFieldKind {
    let is = |kind: &str| schema["type"] == kind;
    match schema["format"].as_str() {
        _ if name.is_some_and(|n| ids.contains_key(n)) => FormFieldKind::Reference,
        _ if schema["enum"].is_array() => FormFieldKind::Choice,
        _ if name.is_some_and(|n| matches!(n, "Amount" | "Quantity" | "UnitPrice" | "Rate")) => FormFieldKind::Decimal,
        Some("date") => FormFieldKind::Date,
        Some("date-time") => FormFieldKind::Instant,
        _ if is("string") => FormFieldKind::Text,
        _ if is("boolean") => FormFieldKind::Flag,
        _ if is("integer") => FormFieldKind::Integer,
        _ if is("number") => FormFieldKind::Number,
        _ if is("array") => FormFieldKind::List,
        _ if schema["properties"].is_object() => FormFieldKind::Group,
        _ => FormFieldKind::Any,
    }
}
