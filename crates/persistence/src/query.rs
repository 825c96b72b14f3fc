//! What a page of a list is asked with: filters, order, where to go on. Keyset pagination: a page costs the same
//! wherever it is.

use domain::kernel::text::fold;

use crate::statement::Statement;
use crate::value::{Kind, Value};

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The column holds one of these.
    In(&'static str, Vec<Value>),
    Is(&'static str, Compare, Value),
    /// The column is NULL, or is not.
    Null(&'static str, bool),
    /// The column holds one of these words, or a text that begins with one of those.
    Begins(&'static str, Vec<String>, Vec<String>),
    /// One of the columns contains the text, whatever its case and accents.
    Contains(&'static [&'static str], String),
    /// A condition of its own.
    Other(Statement),
}

/// One column of the order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub column: &'static str,
    pub descending: bool,
    pub nullable: bool,
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub conditions: Vec<Condition>,
    /// Ends with `id`, so that the order is total.
    pub order: Vec<Order>,
    /// The values of the order's columns in the last row of the page before.
    pub after: Option<Vec<Value>>,
    /// Rows at most; one more than the page holds tells whether there are more.
    pub limit: i64,
}

impl Query {
    pub(crate) fn finish(&self, to: &mut Statement) {
        self.filters(to);
        if let Some(after) = &self.after {
            to.sql(if self.conditions.is_empty() { " WHERE " } else { " AND " });
            self.keyset(after, to);
        }
        for (i, o) in self.order.iter().enumerate() {
            to.sql(if i == 0 { " ORDER BY " } else { ", " }).sql(o.column);
            to.sql(match (o.descending, o.nullable) {
                (false, false) => "",
                (true, false) => " DESC",
                (false, true) => " ASC NULLS LAST",
                (true, true) => " DESC NULLS FIRST",
            });
        }
        to.sql(" LIMIT ").push(Value::Int(self.limit));
    }

    pub(crate) fn filters(&self, to: &mut Statement) {
        for (i, condition) in self.conditions.iter().enumerate() {
            if i == 0 {
                // first, so that it is asked for each row that is looked at
                to.sql(" WHERE ").append(in_time());
            }
            to.sql(" AND ");
            condition.write(to);
        }
    }

    /// Everything after a row: `(a, id) > (?, ?)` where an index can serve it, else spelled out column by column.
    /// NULL counts as the greatest value on both engines.
    fn keyset(&self, after: &[Value], to: &mut Statement) {
        let plain = self.order.iter().all(|o| !o.nullable && o.descending == self.order[0].descending);
        if plain {
            let names: Vec<_> = self.order.iter().map(|o| o.column).collect();
            to.sql(format!("({}) {} (", names.join(", "), if self.order[0].descending { "<" } else { ">" }));
            to.values(after.iter().cloned()).sql(")");
            return;
        }
        to.sql("(");
        for i in 0..self.order.len().min(after.len()) {
            to.sql(if i == 0 { "(" } else { " OR (" });
            for (o, v) in self.order.iter().zip(after).take(i) {
                match v {
                    Value::Null(_) => to.sql(o.column).sql(" IS NULL AND "),
                    v => to.sql(o.column).sql(" = ").push(v.clone()).sql(" AND "),
                };
            }
            let (o, v) = (&self.order[i], &after[i]);
            match (v, o.descending) {
                (Value::Null(_), false) => to.sql("1 = 0"),
                (Value::Null(_), true) => to.sql(o.column).sql(" IS NOT NULL"),
                (v, true) => to.sql(o.column).sql(" < ").push(v.clone()),
                (v, false) if o.nullable => to.sql("(").sql(o.column).sql(" > ").push(v.clone()).sql(" OR ").sql(o.column).sql(" IS NULL)"),
                (v, false) => to.sql(o.column).sql(" > ").push(v.clone()),
            };
            to.sql(")");
        }
        to.sql(")");
    }
}

impl Condition {
    /// This one or another.
    pub fn or(&self, other: &Self) -> Self {
        let mut s = Statement::new("(");
        self.write(&mut s);
        s.sql(" OR ");
        other.write(&mut s);
        s.sql(")");
        Condition::Other(s)
    }
    /// The condition as part of a statement.
    pub fn statement(&self) -> Statement {
        let mut s = Statement::default();
        self.write(&mut s);
        s
    }
    pub(crate) fn write(&self, to: &mut Statement) {
        match self {
            Condition::In(column, values) => match &values[..] {
                [] => {
                    to.sql("1 = 0");
                }
                [one] => {
                    to.sql(*column).sql(" = ").push(one.clone());
                }
                many => {
                    to.sql(*column).sql(" IN (").values(many.iter().cloned()).sql(")");
                }
            },
            Condition::Is(column, compare, value) => {
                let sign = match compare {
                    Compare::Less => " < ",
                    Compare::LessOrEqual => " <= ",
                    Compare::Greater => " > ",
                    Compare::GreaterOrEqual => " >= ",
                };
                to.sql(*column).sql(sign).push(value.clone());
            }
            Condition::Null(column, is) => {
                to.sql(*column).sql(if *is { " IS NULL" } else { " IS NOT NULL" });
            }
            Condition::Begins(column, words, beginnings) => {
                to.sql("(");
                for (i, beginning) in beginnings.iter().enumerate() {
                    let pattern = format!("{}%", escaped(beginning));
                    to.sql(if i == 0 { "" } else { " OR " }).sql(*column).sql(" LIKE ").push(Value::Text(pattern)).sql(" ESCAPE '!'");
                }
                if !words.is_empty() {
                    to.sql(if beginnings.is_empty() { "" } else { " OR " }).sql(*column).sql(" IN (");
                    to.values(words.iter().cloned().map(Value::Text)).sql(")");
                }
                to.sql(")");
            }
            Condition::Contains(columns, text) => {
                let pattern = Value::Text(pattern(text, true));
                to.sql("(");
                for (i, column) in columns.iter().enumerate() {
                    if i > 0 {
                        to.sql(" OR ");
                    }
                    // what is kept for searching is folded already
                    if *column == "search" {
                        to.sql(*column)
                    } else {
                        to.sql("fold(").sql(*column).sql(")")
                    };
                    to.sql(" LIKE ").push(pattern.clone()).sql(" ESCAPE '!'");
                }
                to.sql(")");
            }
            Condition::Other(statement) => {
                to.append(statement.clone());
            }
        }
    }
}

/// The pattern by which folded texts are searched that contain a text, or start with it; without surprises from `%` and `_`.
pub(crate) fn pattern(text: &str, anywhere: bool) -> String {
    let before = if anywhere { "%" } else { "" };
    format!("{before}{}%", escaped(&fold(text)))
}

/// The text as it stands in a pattern whose escape character is `!`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out
}

/// What a search column holds: the texts, folded, so that both engines find the same.
pub fn search_text(parts: &[&str]) -> String {
    parts.iter().filter(|p| !p.is_empty()).map(|p| fold(p)).collect::<Vec<_>>().join("\n")
}

/// Whether values of this kind have an order that callers may filter and sort by.
pub fn is_ordered(kind: Kind) -> bool {
    matches!(kind, Kind::Date | Kind::Instant | Kind::Decimal(_) | Kind::Int)
}

/// The condition that ends a long scan on SQLite when the time for it is over.
pub fn in_time() -> Statement {
    Statement::by_engine("TRUE", "in_time()")
}
