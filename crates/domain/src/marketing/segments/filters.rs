//! The language in which dynamic segments say who belongs to them: `all`, `any` and `not` over tests of declared fields,
//! as JSON. It is read into types here, bounded in depth and size, and every mistake is named with its place; nothing of
//! it reaches the database but bound values.
//!
//! ```json
//! {"all": [{"field": "country", "op": "equals", "value": "DE"},
//!          {"not": {"field": "last_order_date", "op": "within_days", "value": 90}},
//!          {"field": "revenue", "op": "at_least", "value": "1000.00", "from_date": "2025-01-01", "to_date": "2025-12-31"}]}
//! ```

use chrono::NaiveDate;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::SegmentAudience;
use crate::ids::UserId;
use crate::kernel::{Amount, Code, Id, Problem, Result};

/// The JSON has not the form of the language.
pub const WRONG_SHAPE: Code = Code::invalid("segment.wrong_shape", "The filter is not made of all, any, not and tests.");
/// The audience has no such field.
pub const UNKNOWN_FIELD: Code = Code::invalid("segment.unknown_field", "The audience has no such field.");
/// The field cannot be compared so.
pub const WRONG_OPERATOR: Code = Code::invalid("segment.wrong_operator", "The field cannot be compared in this way.");
/// The value does not fit the field and the operator.
pub const WRONG_VALUE: Code = Code::invalid("segment.wrong_value", "The value does not fit the field.");
/// The filter is nested too deep or has too many tests.
pub const TOO_LARGE: Code = Code::invalid("segment.filter_too_large", "The filter is too large.");

/// What reading a filter can answer.
pub const REFUSALS: &[Code] = &[WRONG_SHAPE, UNKNOWN_FIELD, WRONG_OPERATOR, WRONG_VALUE, TOO_LARGE];

/// Levels of `all`, `any`, `not` and `party` at most.
pub const DEEPEST: usize = 8;
/// Tests at most.
pub const MOST_TESTS: usize = 50;
/// Values of one test at most.
const MOST_VALUES: usize = 200;

/// A filter, read and judged.
#[derive(Debug, Clone, PartialEq)]
pub enum SegmentFilter {
    All(Vec<SegmentFilter>),
    Any(Vec<SegmentFilter>),
    Not(Box<SegmentFilter>),
    /// For contacts: one of the parties they work for fits.
    Party(Box<SegmentFilter>),
    Test(Test),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    pub field: Field,
    pub op: Op,
    pub values: Vec<Literal>,
    /// The days that a figure is summed over; all when none are given.
    pub period: Period,
}

/// First and last day, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// A value of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Text(String),
    Flag(bool),
    Number(i64),
    Day(NaiveDate),
    Money(Amount),
    Id(Uuid),
}

crate::string_enum! {
    /// How a field is compared.
    pub enum Op as SegmentOperator {
        Equals = "equals",
        In = "in",
        Contains = "contains",
        StartsWith = "starts_with",
        Exists = "exists",
        Before = "before",
        OnOrAfter = "on_or_after",
        WithinDays = "within_days",
        OlderThanDays = "older_than_days",
        AtLeast = "at_least",
        AtMost = "at_most",
    }
    /// What is compared.
    pub enum Field as SegmentField {
        Kind = "kind",
        Name = "name",
        Tag = "tag",
        Country = "country",
        Region = "region",
        City = "city",
        Language = "language",
        IsCustomer = "is_customer",
        IsVendor = "is_vendor",
        HasEmail = "has_email",
        OwnerId = "owner_id",
        CreatedDate = "created_date",
        Status = "status",
        Source = "source",
        LastOrderDate = "last_order_date",
        OrderCount = "order_count",
        Revenue = "revenue",
        OpenInvoiceCount = "open_invoice_count",
        OverdueAmount = "overdue_amount",
    }
}

/// What a field holds, which says how it can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    /// One of these words.
    StringEnum(&'static [&'static str]),
    /// A set of words.
    Set,
    Flag,
    User,
    Day,
    /// A number of things in a period.
    Count,
    /// Money in the currency of the company in a period.
    Money,
}

impl Field {
    /// What the field holds for an audience; nothing when the audience does not have it.
    fn holds(self, of: SegmentAudience) -> Option<Holds> {
        use SegmentAudience::{Contacts, Leads, Parties};
        Some(match (self, of) {
            (Self::Kind, Parties) => Holds::StringEnum(&["organisation", "person"]),
            (Self::Status, Leads) => Holds::StringEnum(&["new", "working", "qualified", "disqualified"]),
            (Self::Name, _) | (Self::Country, _) => Holds::Text,
            (Self::Region | Self::City, _) => Holds::Text,
            (Self::Source, Leads) | (Self::Language, Contacts) => Holds::Text,
            (Self::Tag, Parties | Contacts) => Holds::Set,
            (Self::IsCustomer | Self::IsVendor, Parties) | (Self::HasEmail, _) => Holds::Flag,
            (Self::OwnerId, _) => Holds::User,
            (Self::CreatedDate, _) | (Self::LastOrderDate, Parties) => Holds::Day,
            (Self::OrderCount | Self::OpenInvoiceCount, Parties) => Holds::Count,
            (Self::Revenue | Self::OverdueAmount, Parties) => Holds::Money,
            _ => return None,
        })
    }
    /// Whether a period can be given.
    fn has_period(self) -> bool {
        matches!(self, Self::OrderCount | Self::Revenue)
    }
}

impl Holds {
    fn operators(self) -> &'static [Op] {
        match self {
            Holds::Text => &[Op::Equals, Op::In, Op::Contains, Op::StartsWith, Op::Exists],
            Holds::StringEnum(_) | Holds::Set => &[Op::Equals, Op::In],
            Holds::Flag => &[Op::Equals],
            Holds::User => &[Op::Equals, Op::In, Op::Exists],
            Holds::Day => &[Op::Before, Op::OnOrAfter, Op::WithinDays, Op::OlderThanDays, Op::Exists],
            Holds::Count | Holds::Money => &[Op::AtLeast, Op::AtMost],
        }
    }
    /// One value for this operator; nothing when it does not fit.
    fn literal(self, op: Op, value: &Value) -> Option<Literal> {
        if op == Op::Exists {
            return value.as_bool().map(Literal::Flag);
        }
        match self {
            Holds::Text | Holds::Set => {
                value.as_str().filter(|t| (1..=200).contains(&t.chars().count()) && !t.contains('\0')).map(|t| Literal::Text(t.into()))
            }
            Holds::StringEnum(words) => value.as_str().filter(|t| words.contains(t)).map(|t| Literal::Text(t.into())),
            Holds::Flag => value.as_bool().map(Literal::Flag),
            Holds::User => value.as_str()?.parse::<UserId>().ok().map(|id| Literal::Id(id.uuid())),
            Holds::Day => match op {
                Op::WithinDays | Op::OlderThanDays => value.as_i64().filter(|n| (0..=36_500).contains(n)).map(Literal::Number),
                _ => day(value).map(Literal::Day),
            },
            Holds::Count => value.as_i64().filter(|n| (0..=1_000_000_000).contains(n)).map(Literal::Number),
            Holds::Money => {
                value.as_str()?.parse::<crate::kernel::Decimal>().ok().and_then(|d| Amount::try_from(d).ok()).map(Literal::Money)
            }
        }
    }
    fn form(self, op: Op) -> String {
        match (self, op) {
            (_, Op::Exists) | (Holds::Flag, _) => "true or false".into(),
            (Holds::StringEnum(words), _) => format!("one of {}", words.join(", ")),
            (Holds::User, _) => "an id of a user".into(),
            (Holds::Day, Op::WithinDays | Op::OlderThanDays) => "a number of days from 0 to 36500".into(),
            (Holds::Day, _) => "a day such as \"2026-01-31\"".into(),
            (Holds::Count, _) => "a whole number from 0".into(),
            (Holds::Money, _) => "a decimal as a string, with at most four places".into(),
            _ => "a text of 1 to 200 characters".into(),
        }
    }
}

fn day(value: &Value) -> Option<NaiveDate> {
    value.as_str().filter(|t| t.len() == 10)?.parse().ok()
}

/// Reads a filter for an audience. Fails with [`REFUSALS`]; places are under `/filter`.
pub fn read(filter: &Value, of: SegmentAudience) -> Result<SegmentFilter> {
    let mut tests = 0;
    node(filter, of, "/filter", 1, &mut tests)
}

fn wrong(code: Code, at: &str, message: impl Into<String>) -> Problem {
    code.field(at, message)
}

fn node(value: &Value, of: SegmentAudience, at: &str, depth: usize, tests: &mut usize) -> Result<SegmentFilter> {
    if depth > DEEPEST {
        return Err(wrong(TOO_LARGE, at, format!("A filter has at most {DEEPEST} levels.")));
    }
    let shape = "An object with one of all, any, not and party, or with field, op and value.";
    let Some(object) = value.as_object() else { return Err(wrong(WRONG_SHAPE, at, shape)) };
    if object.contains_key("field") {
        *tests += 1;
        if *tests > MOST_TESTS {
            return Err(wrong(TOO_LARGE, at, format!("A filter has at most {MOST_TESTS} tests.")));
        }
        return test(object, of, at).map(SegmentFilter::Test);
    }
    let (Some((name, inner)), 1) = (object.iter().next(), object.len()) else { return Err(wrong(WRONG_SHAPE, at, shape)) };
    let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match name.as_str() {
        "all" | "any" => {
            let list = inner.as_array().filter(|l| !l.is_empty());
            let list = list.ok_or_else(|| wrong(WRONG_SHAPE, &at, "A list of at least one filter."))?;
            if list.len() > MOST_TESTS {
                return Err(wrong(TOO_LARGE, &at, format!("At most {MOST_TESTS} filters.")));
            }
            let each = list.iter().enumerate().map(|(i, v)| node(v, of, &format!("{at}/{i}"), depth + 1, tests));
            let each = each.collect::<Result<Vec<_>>>()?;
            Ok(if name == "all" { SegmentFilter::All(each) } else { SegmentFilter::Any(each) })
        }
        "not" => Ok(SegmentFilter::Not(Box::new(node(inner, of, &at, depth + 1, tests)?))),
        "party" if of == SegmentAudience::Contacts => {
            Ok(SegmentFilter::Party(Box::new(node(inner, SegmentAudience::Parties, &at, depth + 1, tests)?)))
        }
        _ => Err(wrong(WRONG_SHAPE, &at, shape)),
    }
}

fn test(object: &Map<String, Value>, of: SegmentAudience, at: &str) -> Result<Test> {
    use crate::kernel::StringEnum;
    if let Some(name) = object.keys().find(|k| !["field", "op", "value", "from_date", "to_date"].contains(&k.as_str())) {
        return Err(wrong(WRONG_SHAPE, at, format!("A test has field, op, value, from_date and to_date, not {name:?}.")));
    }
    let word = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let found = Field::from_word(word("field")).and_then(|f| f.holds(of).map(|h| (f, h)));
    let (field, holds) = found.ok_or_else(|| {
        let known: Vec<&str> = Field::ALL.iter().filter(|f| f.holds(of).is_some()).map(|f| f.as_str()).collect();
        wrong(UNKNOWN_FIELD, &format!("{at}/field"), format!("One of {}.", known.join(", ")))
    })?;
    let op = Op::from_word(word("op")).filter(|op| holds.operators().contains(op)).ok_or_else(|| {
        let known: Vec<&str> = holds.operators().iter().map(|o| o.as_str()).collect();
        wrong(WRONG_OPERATOR, &format!("{at}/op"), format!("{field} is compared by {}.", known.join(", ")))
    })?;
    let place = format!("{at}/value");
    let value = object.get("value").unwrap_or(&Value::Null);
    let misfit =
        || wrong(WRONG_VALUE, &place, format!("{field} {op} takes {}{}.", if op == Op::In { "a list of " } else { "" }, holds.form(op)));
    let values = match (op, value) {
        (Op::In, Value::Array(list)) if (1..=MOST_VALUES).contains(&list.len()) => {
            list.iter().map(|v| holds.literal(Op::Equals, v)).collect::<Option<Vec<_>>>()
        }
        (Op::In, _) => None,
        (_, one) => holds.literal(op, one).map(|l| vec![l]),
    };
    let values = values.ok_or_else(misfit)?;
    Ok(Test { field, op, values, period: period(object, field, at)? })
}

fn period(object: &Map<String, Value>, field: Field, at: &str) -> Result<Period> {
    let bound = |name: &str| match object.get(name) {
        None => Ok(None),
        Some(_) if !field.has_period() => Err(wrong(WRONG_VALUE, &format!("{at}/{name}"), format!("{field} has no period."))),
        Some(value) => day(value).map(Some).ok_or_else(|| wrong(WRONG_VALUE, &format!("{at}/{name}"), "A day such as \"2026-01-31\".")),
    };
    let period = Period { from: bound("from_date")?, to: bound("to_date")? };
    match (period.from, period.to) {
        (Some(from), Some(to)) if from > to => Err(wrong(WRONG_VALUE, &format!("{at}/to_date"), "The period ends before it begins.")),
        _ => Ok(period),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parties(filter: Value) -> Result<SegmentFilter> {
        read(&filter, SegmentAudience::Parties)
    }

    #[test]
    fn every_field_and_operator_that_is_declared_can_be_read() {
        for of in SegmentAudience::ALL {
            for field in Field::ALL {
                let Some(holds) = field.holds(*of) else { continue };
                for op in holds.operators() {
                    let user = "usr_00000000000000000000000001";
                    let value = match (holds, op) {
                        (_, Op::Exists) | (Holds::Flag, _) => json!(true),
                        (Holds::StringEnum(words), Op::In) => json!([words[0]]),
                        (Holds::StringEnum(words), _) => json!(words[0]),
                        (Holds::User, Op::In) => json!([user]),
                        (Holds::User, _) => json!(user),
                        (Holds::Day, Op::WithinDays | Op::OlderThanDays) | (Holds::Count, _) => json!(7),
                        (Holds::Day, _) => json!("2026-01-31"),
                        (Holds::Money, _) => json!("10.50"),
                        (_, Op::In) => json!(["a", "b"]),
                        _ => json!("a"),
                    };
                    read(&json!({"field": field, "op": op, "value": value}), *of).unwrap_or_else(|p| panic!("{of} {field} {op}: {p}"));
                    let refused = read(&json!({"field": field, "op": op, "value": {}}), *of).expect_err("no value");
                    assert_eq!(refused.code(), WRONG_VALUE, "{of} {field} {op}");
                }
            }
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let test = |field: &str, op: &str, value: Value| json!({"field": field, "op": op, "value": value});
        let many: Vec<Value> = (0..51).map(|_| test("name", "equals", json!("x"))).collect();
        let pairs: Vec<Value> = (0..9).map(|_| json!({"any": vec![test("name", "equals", json!("x")); 6]})).collect();
        let mut deep = test("name", "equals", json!("x"));
        for _ in 0..DEEPEST {
            deep = json!({ "not": deep });
        }
        let cases = [
            (json!([]), WRONG_SHAPE, "/filter"),
            (json!({}), WRONG_SHAPE, "/filter"),
            (json!({"all": []}), WRONG_SHAPE, "/filter/all"),
            (json!({"all": {}, "any": []}), WRONG_SHAPE, "/filter"),
            (json!({"party": test("name", "equals", json!("x"))}), WRONG_SHAPE, "/filter/party"),
            (json!({"all": [test("shoe_size", "equals", json!(1))]}), UNKNOWN_FIELD, "/filter/all/0/field"),
            (test("language", "equals", json!("de")), UNKNOWN_FIELD, "/filter/field"),
            (json!({"not": test("country", "at_least", json!("DE"))}), WRONG_OPERATOR, "/filter/not/op"),
            (test("country", "in", json!("DE")), WRONG_VALUE, "/filter/value"),
            (test("country", "in", json!(["DE", 7])), WRONG_VALUE, "/filter/value"),
            (test("revenue", "at_least", json!(10.5)), WRONG_VALUE, "/filter/value"),
            (test("revenue", "at_least", json!("10.12345")), WRONG_VALUE, "/filter/value"),
            (test("kind", "equals", json!("robot")), WRONG_VALUE, "/filter/value"),
            (json!({"field": "name", "op": "equals", "value": "x", "sql": "1=1"}), WRONG_SHAPE, "/filter"),
            (json!({"field": "name", "op": "equals", "value": "x", "from_date": "2026-01-01"}), WRONG_VALUE, "/filter/from_date"),
            (
                json!({"field": "revenue", "op": "at_most", "value": "1", "from_date": "2026-02-01", "to_date": "2026-01-01"}),
                WRONG_VALUE,
                "/filter/to_date",
            ),
            (json!({ "all": many }), TOO_LARGE, "/filter/all"),
            (json!({ "all": pairs }), TOO_LARGE, "/filter/all/8/any/2"),
            (deep, TOO_LARGE, "/filter/not/not/not/not/not/not/not/not"),
        ];
        for (filter, code, place) in cases {
            let problem = parties(filter.clone()).expect_err("refused");
            assert_eq!((problem.code(), problem.errors()[0].pointer.as_deref()), (code, Some(place)), "{filter}");
        }
    }

    #[test]
    fn contacts_are_found_by_their_parties() {
        let filter = json!({"party": {"field": "is_customer", "op": "equals", "value": true}});
        assert!(matches!(read(&filter, SegmentAudience::Contacts).expect("valid"), SegmentFilter::Party(_)));
        assert_eq!(read(&filter, SegmentAudience::Leads).expect_err("leads have none").code(), WRONG_SHAPE);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z_]{0,12}".prop_map(Value::from)
        ];
        leaf.prop_recursive(6, 40, 4, |inner| {
            let keys = prop_oneof![Just("all"), Just("any"), Just("not"), Just("field"), Just("op"), Just("value"), Just("party")];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(keys.prop_map(String::from), inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(value in any_json()) {
            for of in SegmentAudience::ALL {
                let _ = read(&value, *of);
            }
        }
    }
}
