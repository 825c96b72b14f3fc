//! The parameters of a list, typed and bound to SQL by what the list declares. Whatever it does not declare is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Result;
use domain::kernel::{FieldError, decode, problems};
use persistence::{Order, Query, Value as Bound};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::cursor::{read, sign};
use super::super::figures::PARAMETERS;
use super::super::filter::{OutOfUse, invalid};
use super::super::form::{self, Days};
use super::super::input::Input;
use super::super::listing::Listing;
use super::super::op::Op;
use super::super::{expand, fields, survivors};
use super::{CURSOR_MARK, List, judge_column};
use crate::cx::Cx;
use crate::search;
use crate::visibility::Masking;

fn well_formed_cursor(cursor: &str) -> bool {
    (40..=2000).contains(&cursor.len()) && cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl List {
    pub(crate) fn parse(cx: &mut Cx, op: &Op, input: &Input) -> Result<Self> {
        let Some(listing) = &op.listing else { return Err(problems::internal.into()) };
        let mut list = List {
            query: Query { limit: 50, ..Query::default() },
            expand: vec![],
            fields: None,
            include_total: false,
            days: Default::default(),
            digest: vec![],
            gathers: false,
        };
        // who may not see a field learns nothing of it by asking for rows that have it
        let masking = Masking::of(&cx.app().table, &cx.caller, &(listing.row.name)());
        let days = Days::asked(cx, &input.query)?;
        let mut cursor = None;
        let mut sort = "";
        let mut digest = Sha256::new();
        // the order in which the parameters stand means nothing
        let mut asked = Vec::new();
        digest.update(&op.id);
        for v in &input.path {
            digest.update(v);
        }
        for (name, value) in &input.query {
            match name.as_str() {
                "limit" => {
                    list.query.limit = form::whole(value)
                        .filter(|n| (1..=200).contains(n))
                        .ok_or_else(|| invalid(name, "A whole number from 1 to 200.".into()))?
                }
                "cursor" => cursor = Some(value),
                "wait_for" => {} // the door's business
                _ if listing.aggregated && PARAMETERS.contains(&name.as_str()) => {}
                "include_total" => list.include_total = value.parse().map_err(|_| invalid(name, "true or false".into()))?,
                "fields" => list.fields = Some(fields::named(cx, op, &listing.row, value)?),
                "expand" => list.expand = expand::names(name, value, &op.expansions.iter().map(|e| e.name).collect::<Vec<_>>())?,
                "sort" if value.is_empty() => return Err(invalid(name, format!("It names none of {}.", listing.sort.join(", ")))),
                "sort" => sort = value,
                "q" => {
                    if !(1..=100).contains(&value.chars().count()) {
                        return Err(invalid(name, "1 to 100 characters.".into()));
                    }
                    list.query.conditions.push(search::rows_with(cx, &(listing.row.name)(), listing.search, value)?);
                }
                _ if listing.flags.iter().any(|f| f.name == *name) => {
                    let wanted = value.parse().map_err(|_| invalid(name, "true or false".into()))?;
                    let flag = listing.flags.iter().filter(|f| f.name == *name);
                    list.query.conditions.extend(flag.map(|f| (f.condition)(cx.now, wanted)));
                }
                _ if listing.ids.iter().any(|f| f.name == *name) => {
                    for f in listing.ids.iter().filter(|f| f.name == *name) {
                        let id = decode(f.prefix, value).ok_or_else(|| invalid(name, format!("An id with the prefix {}_.", f.prefix)))?;
                        list.query.conditions.push(survivors::either(cx, f.prefix, id, f.condition)?);
                    }
                }
                _ if listing.days.iter().any(|d| d.0 == name) => {
                    let day = form::day(value).or_else(|| days.relative(value));
                    let day = day.ok_or_else(|| invalid(name, format!("{value:?} is not a day such as 2026-01-31 or today.")))?;
                    list.days.insert(name.clone(), day);
                }
                _ if listing.named.iter().any(|f| f.name == *name) => {
                    if !(1..=300).contains(&value.chars().count()) {
                        return Err(invalid(name, "1 to 300 characters.".into()));
                    }
                    list.query.conditions.extend(listing.named.iter().filter(|f| f.name == *name).map(|f| (f.condition)(value)));
                }
                _ if listing.out_of_use.iter().any(|o| o.name == *name) => {
                    for o in listing.out_of_use.iter().filter(|o| o.name == *name) {
                        list.query.conditions.extend(o.condition(Some(value))?);
                    }
                }
                _ => {
                    let filter = listing.filters.iter().find(|f| f.name == *name).ok_or(problems::unknown_parameter)?;
                    judge_column(&masking, filter.column.name)?;
                    list.query.conditions.push(survivors::included(cx, filter.column, filter.condition(value, &days)?)?);
                }
            }
            if !matches!(name.as_str(), "limit" | "cursor" | "include_total" | "fields" | "expand" | "wait_for") {
                asked.push(format!("\n{name}={value}"));
            }
        }
        for o in listing.out_of_use.iter().filter(|o| !is_asked(o, listing, input)) {
            list.query.conditions.extend(o.condition(None)?);
        }
        if let Some(named) = &list.fields {
            fields::expand_for(op, named, &mut list.expand);
        }
        asked.sort_unstable();
        asked.iter().for_each(|pair| digest.update(pair));
        list.order(listing, sort)?;
        list.query.order.iter().try_for_each(|o| judge_column(&masking, o.column))?;
        list.digest = digest.finalize()[..8].to_vec();
        if let Some(cursor) = cursor {
            list.query.after = Some(list.open_cursor(cx, listing, cursor)?);
        }
        Ok(list)
    }
    fn order(&mut self, listing: &Listing, sort: &str) -> Result<()> {
        for part in sort.split(',').filter(|_| !sort.is_empty()) {
            let (name, descending) = part.strip_prefix('-').map_or((part, false), |n| (n, true));
            let column = listing.sorted_by(name);
            let column = column.ok_or_else(|| invalid("sort", format!("{part:?} is none of {}.", listing.sort.join(", "))))?;
            if !self.query.order.iter().any(|o| o.column == column.name) {
                self.query.order.push(Order { column: column.name, descending, nullable: column.nullable });
            }
        }
        if let Some(column) = listing.first_by.filter(|_| self.query.order.is_empty()) {
            self.query.order.push(Order { column, descending: false, nullable: false });
        }
        let descending = self.query.order.last().is_some_and(|o| o.descending);
        self.query.order.push(Order { column: "id", descending, nullable: false });
        Ok(())
    }
    fn open_cursor(&self, cx: &Cx, listing: &Listing, cursor: &str) -> Result<Vec<Bound>> {
        let bad = || invalid("cursor", "Not a cursor of this service.".into());
        if !well_formed_cursor(cursor) {
            return Err(bad());
        }
        // of the right form, but never made here
        let foreign = || problems::invalid_query.at(vec![FieldError::parameter("cursor", "unknown", "There is no such cursor.")]);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
        let signed = bytes.strip_prefix(CURSOR_MARK).ok_or_else(foreign)?;
        let (signature, body) = signed.split_at_checked(16).ok_or_else(bad)?;
        if subtle::ConstantTimeEq::ct_eq(&*sign(cx.app().cursor_key(), body), signature).unwrap_u8() == 0 {
            return Err(bad());
        }
        let (digest, values) = body.split_at_checked(8).ok_or_else(bad)?;
        if digest != self.digest {
            return Err(problems::cursor_mismatch.at(vec![FieldError::parameter(
                "cursor",
                "cursor_mismatch",
                "The cursor was made with other filters or another order.",
            )]));
        }
        let values: Vec<Value> = serde_json::from_slice(values).map_err(|_| bad())?;
        let read = |(o, v): (&Order, &Value)| listing.find_column(o.column).and_then(|c| read(c, v));
        self.query.order.iter().zip(&values).map(read).collect::<Option<Vec<_>>>().ok_or_else(bad)
    }
}

/// Whether the query says itself whether rows in this state are listed: by the parameter, by a filter on its column, or by their
/// status.
fn is_asked(o: &OutOfUse, listing: &Listing, input: &Input) -> bool {
    let on_column = |name: &str| listing.filters.iter().any(|f| f.name == name && f.column.name == o.column);
    let by_status = |value: &str| value.split(',').any(|word| word == o.name);
    // who was merged away is archived with it: asking for those alone asks for them all
    let merged = |name: &str, value: &str| o.name == "archived" && (name == "merged_into" || (name == "merged" && value == "true"));
    let asks = |name: &str, value: &str| name == o.name || on_column(name) || (name == "status" && by_status(value)) || merged(name, value);
    input.query.iter().any(|(name, value)| asks(name, value))
}
