//! `GET …/aggregate`: the rows of a list, counted and summed by groups. The filters, the reach and the masks are those of the
//! list, because its own function puts the conditions on the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::Result;
use domain::directory::companies::Company;
use domain::kernel::labels::Labelled;
use domain::kernel::{Amount, Decimal, Decimals, FieldError, Interval, Problem, Quantity, Rate, StringEnum, encode, problems};
use domain::platform::aggregates::{Aggregate, AggregateGroup, AggregateKey, AggregateSum, MOST_GROUPS, TOO_MANY_GROUPS};
use persistence::aggregate::{self as rows, Group, Key, KeyValue, Rows, Zones};
use persistence::{Column, Kind as Of, Record, Uuid};

use super::answer::Answer;
use super::blank::blank;
use super::expand::Expansion;
use super::figures::{Figures, MOST_KEYS, MOST_SUMS, PARAMETERS, Unit};
use super::input::Input;
use super::kind::Kind;
use super::list::{List, judge_column};
use super::listing::Listing;
use super::op::{Counts, Gather, Op};
use super::shape::Shape;
use crate::cx::Cx;
use crate::visibility::Masking;

/// Rows of the database for one answer: a group has one for each currency.
const MOST_ROWS: usize = 10 * MOST_GROUPS;

/// The operation on the figures of a list, when it declares any.
pub(super) fn operation(list: &Op) -> Option<Op> {
    let mut listing = list.listing.clone()?;
    let figures = listing.figures.clone()?;
    let gather = list.gather.clone()?;
    for column in &figures.by {
        let labelled = listing.column(&list.id, column).kind != Of::Uid || *column == "company_id" || expansion(list, column).is_some();
        assert!(labelled, "{}: nothing says what people call {column}", list.id);
    }
    let taken = listing
        .filters
        .iter()
        .map(|f| f.name.as_str())
        .chain(listing.flags.iter().map(|f| f.name))
        .chain(listing.ids.iter().map(|f| f.name));
    taken.for_each(|name| assert!(!PARAMETERS.contains(&name), "{}: {name} is a filter and a parameter of its figures", list.id));
    listing.aggregated = true;
    let labels: Vec<Expansion> = figures.by.iter().filter_map(|column| expansion(list, column)).cloned().collect();
    let id = list.id.replacen("list_", "aggregate_", 1);
    let mut op = blank(Kind::Report, id, format!("{}/aggregate", list.path), list.tag.clone(), list.permission.clone(), TEXT);
    op.path_params = list.path_params.clone();
    op.listing = Some(listing);
    op.output = Some(Shape::of::<Aggregate>());
    op.counts = Some(Counts::Visible);
    op.run = Box::new(move |cx, op, input| {
        let answer = run(cx, op, input, &figures, &gather, &labels)?;
        Answer::of(&answer)
    });
    Some(op)
}

const TEXT: &str = "Count and sum the rows of the list by groups. Masked fields can be neither summed nor grouped by. Without `group_by` \
and `interval` all rows are one group. Sums are exact; money is summed by currency. More than 1,000 groups are refused.";

fn expansion<'o>(list: &'o Op, column: &str) -> Option<&'o Expansion> {
    list.expansions.iter().find(|e| e.source == column)
}

fn invalid(parameter: &str, code: &str, message: String) -> Problem {
    problems::invalid_parameter.at(vec![FieldError::parameter(parameter, code, message)])
}

/// What is asked for.
struct Asked {
    by: Vec<&'static Column>,
    sums: Vec<(&'static Column, Unit)>,
    period: Option<(&'static Column, Interval)>,
}

impl Asked {
    fn parse(op: &Op, listing: &Listing, figures: &Figures, input: &Input) -> Result<Self> {
        let get = |name: &str| input.get(name);
        let named = |parameter: &str, known: &[&'static str], most: usize| -> Result<Vec<&'static str>> {
            let mut out = Vec::new();
            for name in get(parameter).into_iter().flat_map(|v| v.split(',')) {
                let found = known.iter().find(|k| **k == name);
                let found = found.ok_or_else(|| invalid(parameter, "not_allowed", format!("{name:?} is none of {}.", known.join(", "))))?;
                if !out.contains(found) {
                    out.push(*found);
                }
            }
            match out.len() > most {
                true => Err(invalid(parameter, "too_many", format!("At most {most} fields."))),
                false => Ok(out),
            }
        };
        if let Some(count) = get("count").filter(|c| !matches!(*c, "" | "true" | "false")) {
            return Err(invalid("count", "invalid", format!("{count:?} is neither true nor false.")));
        }
        let by = named("group_by", &figures.by, MOST_KEYS)?;
        let measures: Vec<&'static str> = figures.measures.iter().map(|m| m.0).collect();
        let sums = named("sum", &measures, MOST_SUMS)?;
        let unit = |column: &str| figures.measures.iter().find(|m| m.0 == column).map_or(Unit::Plain, |m| m.1);
        let interval = get("interval").map(|word| {
            Interval::from_word(word)
                .ok_or_else(|| invalid("interval", "not_allowed", format!("{word:?} is none of {}.", Interval::WORDS.join(", "))))
        });
        let date = named("date", &figures.dates, 1)?.first().copied();
        let period = match (interval.transpose()?, date.or(figures.dates.first().copied())) {
            (Some(interval), Some(date)) => Some((listing.column(&op.id, date), interval)),
            (None, _) if date.is_some() => {
                let missing = FieldError::parameter("interval", "required", "A date needs an interval.");
                return Err(problems::invalid_query.at(vec![missing]));
            }
            _ => None,
        };
        Ok(Self {
            by: by.into_iter().map(|c| listing.column(&op.id, c)).collect(),
            sums: sums.into_iter().map(|c| (listing.column(&op.id, c), unit(c))).collect(),
            period,
        })
    }
    /// All columns of which the answer tells something.
    fn columns(&self) -> impl Iterator<Item = &'static str> {
        let currencies = self.sums.iter().filter_map(|(_, unit)| if let Unit::In(column) = unit { Some(*column) } else { None });
        let columns = self.by.iter().chain(self.sums.iter().map(|s| &s.0)).chain(self.period.iter().map(|p| &p.0));
        columns.map(|c| c.name).chain(currencies).collect::<Vec<_>>().into_iter()
    }
}

fn run(cx: &mut Cx, op: &Op, input: &Input, figures: &Figures, gather: &Gather, labels: &[Expansion]) -> Result<Aggregate> {
    let Some(listing) = &op.listing else { return Err(problems::internal.into()) };
    let asked = Asked::parse(op, listing, figures, input)?;
    let masking = Masking::of(&cx.app().table, &cx.caller, &(listing.row.name)());
    asked.columns().try_for_each(|column| judge_column(&masking, column))?;
    let mut list = List::parse(cx, op, input)?;
    list.gathers = true;
    gather(cx, input, list)?;
    let Some((table, query)) = cx.gathered.take() else { return Err(problems::internal.into()) };
    let companies = companies(cx, listing)?;

    // the keys that were asked for, then those by which money is told apart
    let mut keys = Vec::new();
    if let Some((column, interval)) = asked.period {
        keys.push(Key::Period { column: column.name, kind: column.kind, interval, zones: zones(listing, &companies) });
    }
    keys.extend(asked.by.iter().map(|c| Key::Column(c.name, c.kind)));
    let shown = keys.len();
    let mut units: Vec<Unit> = Vec::new();
    for (_, unit) in &asked.sums {
        if *unit != Unit::Plain && !units.contains(unit) {
            units.push(*unit);
            keys.push(match unit {
                Unit::In(column) => Key::Column(column, Of::Text),
                _ => Key::Column("company_id", Of::Uid),
            });
        }
    }
    let places = |c: &Column| if let Of::Decimal(places) = c.kind { places } else { 0 };
    let measures: Vec<_> = asked.sums.iter().map(|(c, _)| (c.name, places(c))).collect();
    let found = rows::groups(cx.db(), &Rows { table, query: &query, broad: &listing.broad_columns() }, &keys, &measures, MOST_ROWS + 1)?;
    let too_many = || TOO_MANY_GROUPS.with("Add a filter, or group by fewer fields.");
    if found.len() > MOST_ROWS {
        return Err(too_many());
    }
    let mut groups = Sums::new(&asked, &units, shown);
    found.into_iter().for_each(|row| groups.add(row, &companies));
    if groups.groups.len() > MOST_GROUPS {
        return Err(too_many());
    }
    let labels = labels_of(cx, &asked, labels, &groups, &companies)?;
    groups.answer(&labels)
}

/// The companies whose rows the caller sees.
fn companies(cx: &mut Cx, listing: &Listing) -> Result<BTreeMap<Uuid, Company>> {
    if !listing.has_column("company_id") {
        return Ok(BTreeMap::new());
    }
    let page = cx.page::<Company>(List::first(MOST_GROUPS as i64))?;
    Ok(page.data.into_iter().map(|c| (c.key(), c)).collect())
}

fn zones(listing: &Listing, companies: &BTreeMap<Uuid, Company>) -> Zones {
    match companies.values().next() {
        Some(first) if listing.has_column("company_id") => Zones {
            by_company: Some(("company_id", companies.iter().map(|(id, c)| (*id, c.time_zone.clone())).collect())),
            otherwise: first.time_zone.clone(),
        },
        _ => Zones::one("UTC"),
    }
}

/// The value of a key as it stands in the answer and in filters.
fn on_the_wire(column: &Column, value: &KeyValue) -> String {
    match value {
        KeyValue::Uid(id) => encode(column.prefix.unwrap_or("id"), *id),
        KeyValue::Day(day) => day.to_string(),
        KeyValue::Bool(yes) => yes.to_string(),
        KeyValue::Int(n) => n.to_string(),
        KeyValue::Text(text) => text.clone(),
    }
}

type Labels = HashMap<(&'static str, String), String>;

/// What people call the values of the keys.
fn labels_of(cx: &mut Cx, asked: &Asked, expansions: &[Expansion], groups: &Sums, companies: &BTreeMap<Uuid, Company>) -> Result<Labels> {
    let mut out = Labels::new();
    for (i, column) in asked.by.iter().enumerate() {
        let at = i + usize::from(asked.period.is_some());
        let values: BTreeSet<&KeyValue> = groups.groups.iter().filter_map(|(keys, _)| keys[at].as_ref()).collect();
        let wire: Vec<String> = values.iter().map(|v| on_the_wire(column, v)).collect();
        if column.kind == Of::Uid {
            match expansions.iter().find(|e| e.source == column.name) {
                Some(expansion) => out.extend(expansion.labels(cx, &wire)?.into_iter().map(|(id, label)| ((column.name, id), label))),
                None => out.extend(companies.values().map(|c| ((column.name, c.id.to_string()), c.name.clone()))),
            }
        } else {
            out.extend(wire.into_iter().map(|v| {
                let label = if column.kind == Of::StringEnum { cx.caller.language.label(Labelled::Word, &v) } else { v.clone() };
                ((column.name, v), label)
            }));
        }
    }
    Ok(out)
}

type Money = BTreeMap<(usize, Option<String>), Decimal>;

/// The groups of the answer, put together from the rows of the database.
struct Sums<'a> {
    asked: &'a Asked,
    units: &'a [Unit],
    /// Keys that the answer shows; those behind them tell money apart.
    shown: usize,
    /// In the order of the database.
    groups: Vec<(Vec<Option<KeyValue>>, (i64, Money))>,
    at: BTreeMap<Vec<Option<KeyValue>>, usize>,
    total: (i64, Money),
}

impl<'a> Sums<'a> {
    fn new(asked: &'a Asked, units: &'a [Unit], shown: usize) -> Self {
        Self { asked, units, shown, groups: vec![], at: BTreeMap::new(), total: Default::default() }
    }
    fn add(&mut self, row: Group, companies: &BTreeMap<Uuid, Company>) {
        let mut keys = row.keys;
        let apart = keys.split_off(self.shown);
        // a table without rows has a group without any
        if row.count == 0 {
            return;
        }
        let currency = |unit: Unit| {
            let at = self.units.iter().position(|u| *u == unit)?;
            match apart.get(at)?.as_ref()? {
                KeyValue::Uid(company) => companies.get(company).map(|c| c.currency.clone()),
                KeyValue::Text(currency) => Some(currency.clone()),
                _ => None,
            }
        };
        let at = *self.at.entry(keys.clone()).or_insert_with(|| {
            self.groups.push((keys, Default::default()));
            self.groups.len() - 1
        });
        for sums in [&mut self.groups[at].1, &mut self.total] {
            sums.0 += row.count;
            for (i, ((_, unit), value)) in self.asked.sums.iter().zip(&row.sums).enumerate() {
                *sums.1.entry((i, currency(*unit))).or_default() += *value;
            }
        }
    }
    fn sums(&self, money: &Money) -> Result<Vec<AggregateSum>> {
        let one = |((i, currency), value): (&(usize, Option<String>), &Decimal)| {
            let (column, unit) = self.asked.sums[*i];
            Ok(AggregateSum { field: column.name.into(), currency: currency.clone(), value: written(column, unit, *value)? })
        };
        money.iter().map(one).collect()
    }
    fn answer(&self, labels: &Labels) -> Result<Aggregate> {
        let mut groups = Vec::with_capacity(self.groups.len());
        for (keys, (count, money)) in &self.groups {
            let mut values = keys.iter();
            let period = match self.asked.period.and_then(|_| values.next()) {
                Some(Some(KeyValue::Day(day))) => Some(*day),
                _ => None,
            };
            let key = |(column, value): (&&'static Column, &Option<KeyValue>)| {
                let value = value.as_ref().map(|v| on_the_wire(column, v));
                let label = value.as_ref().and_then(|v| labels.get(&(column.name, v.clone())).cloned());
                AggregateKey { field: column.name.into(), value, label }
            };
            let keys = self.asked.by.iter().zip(values).map(key).collect();
            groups.push(AggregateGroup { period, keys, count: *count, sums: self.sums(money)? });
        }
        Ok(Aggregate {
            interval: self.asked.period.map(|p| p.1),
            date: self.asked.period.map(|p| p.0.name.to_string()),
            groups,
            total_count: self.total.0,
            total_sums: self.sums(&self.total.1)?,
        })
    }
}

/// A sum in the form of the values that it is made of.
fn written(column: &Column, unit: Unit, value: Decimal) -> Result<String> {
    Ok(match column.kind {
        Of::Decimal(Amount::SCALE) => Amount::sum_of(value)?.to_string(),
        Of::Decimal(Quantity::SCALE) if unit == Unit::Plain => Quantity::sum_of(value)?.to_string(),
        Of::Decimal(_) => Rate::sum_of(value)?.to_string(),
        _ => value.normalize().to_string(),
    })
}
