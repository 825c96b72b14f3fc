//! A filter of a segment as a condition in SQL, on the rows of `parties`, `contacts` or `leads`. Facts of orders and
//! invoices are sets of customers, each found once for the whole statement and not once for each row, so that a segment
//! over a hundred thousand parties is one scan with hash lookups.

use chrono::NaiveDate;
use domain::kernel::start_of_day;
use domain::kernel::text::fold;
use domain::marketing::segments::SegmentAudience;
use domain::marketing::segments::filters::{Field, Literal, Op, Period, SegmentFilter, Test};
use uuid::Uuid;

use crate::directory::relationships;
use crate::query::pattern;
use crate::revenue;
use crate::{Engine, Statement, Value, sql};

/// What a condition depends on besides its filter.
#[derive(Debug, Clone)]
pub struct Ground {
    pub engine: Engine,
    pub company: Uuid,
    /// The day it is in the company's time zone.
    pub today: NaiveDate,
    /// Where days begin with their first moment.
    pub time_zone: String,
}

/// The ids of an audience that fit: `SELECT id FROM parties WHERE …`. Archived ones and converted leads never do.
pub fn ids(filter: &SegmentFilter, of: SegmentAudience, ground: &Ground) -> Statement {
    let mut s = match of {
        SegmentAudience::Parties => Statement::new("SELECT parties.id FROM parties WHERE parties.archived_at IS NULL AND "),
        SegmentAudience::Contacts => Statement::new("SELECT contacts.id FROM contacts WHERE contacts.archived_at IS NULL AND "),
        SegmentAudience::Leads => {
            sql!("SELECT leads.id FROM leads WHERE leads.company_id = {} AND leads.status <> 'converted' AND ", ground.company)
        }
    };
    s.append(condition(filter, of, ground));
    s
}

/// Never NULL, so that `not` turns it around.
fn condition(filter: &SegmentFilter, of: SegmentAudience, ground: &Ground) -> Statement {
    match filter {
        SegmentFilter::All(each) => joined(each, " AND ", of, ground),
        SegmentFilter::Any(each) => joined(each, " OR ", of, ground),
        SegmentFilter::Not(inner) => sql!("NOT ({})", condition(inner, of, ground)),
        SegmentFilter::Party(inner) => sql!(
            "contacts.id IN (SELECT r.contact_id FROM relationships r WHERE {} AND r.party_id IN ({}))",
            relationships::holds_on(ground.today),
            ids(inner, SegmentAudience::Parties, ground)
        ),
        SegmentFilter::Test(test) => of_test(test, of, ground),
    }
}

fn joined(each: &[SegmentFilter], by: &'static str, of: SegmentAudience, ground: &Ground) -> Statement {
    let mut s = Statement::new("(");
    for (i, filter) in each.iter().enumerate() {
        s.sql(if i == 0 { "(" } else { by });
        if i > 0 {
            s.sql("(");
        }
        s.append(condition(filter, of, ground)).sql(")");
    }
    s.sql(")");
    s
}

fn table(of: SegmentAudience) -> &'static str {
    match of {
        SegmentAudience::Parties => "parties",
        SegmentAudience::Contacts => "contacts",
        SegmentAudience::Leads => "leads",
    }
}

fn value(literal: &Literal) -> Value {
    match literal {
        Literal::Text(v) => Value::Text(v.clone()),
        Literal::Flag(v) => Value::Bool(*v),
        Literal::Number(v) => Value::Int(*v),
        Literal::Day(v) => Value::Date(*v),
        Literal::Money(v) => Value::decimal(*v),
        Literal::Id(v) => Value::Uid(*v),
    }
}

fn of_test(test: &Test, of: SegmentAudience, ground: &Ground) -> Statement {
    let table = table(of);
    match test.field {
        Field::Kind | Field::Name | Field::Language | Field::Status | Field::Source | Field::OwnerId => {
            text(&format!("{table}.{}", column(test.field)), test)
        }
        Field::IsCustomer | Field::IsVendor => same(&format!("{table}.{}", column(test.field)), test),
        Field::Tag => tag(table, test, ground.engine),
        Field::Country | Field::Region | Field::City => place(of, column(test.field), test, ground.engine),
        Field::HasEmail => has_email(of, test),
        Field::CreatedDate => created(table, test, ground),
        Field::LastOrderDate => last_order(test, ground),
        Field::OrderCount => figure(orders(&test.period, ground), "COUNT(*)", test),
        Field::Revenue => figure(revenue(&test.period, ground), "SUM(net)", test),
        Field::OpenInvoiceCount => figure(
            sql!(
                "SELECT party_id AS customer_id FROM open_items WHERE company_id = {} AND kind = 'invoice' AND outstanding <> 0",
                ground.company
            ),
            "COUNT(*)",
            test,
        ),
        Field::OverdueAmount => figure(
            sql!(
                "SELECT party_id AS customer_id, outstanding_company AS net FROM open_items \
                 WHERE company_id = {} AND kind = 'invoice' AND outstanding <> 0 AND due_date < {}",
                ground.company,
                ground.today
            ),
            "SUM(net)",
            test,
        ),
    }
}

/// The column, or the member of an address, that a field is.
fn column(field: Field) -> &'static str {
    match field {
        Field::Kind => "kind",
        Field::Name => "name",
        Field::Language => "language",
        Field::Status => "status",
        Field::Source => "source",
        Field::OwnerId => "owner_id",
        Field::IsCustomer => "is_customer",
        Field::IsVendor => "is_vendor",
        Field::Country => "country",
        Field::Region => "region",
        Field::City => "city",
        _ => "id",
    }
}

fn same(column: &str, test: &Test) -> Statement {
    let mut s = Statement::new(format!("{column} IN ("));
    s.values(test.values.iter().map(value)).sql(")");
    s
}

fn is_flag(test: &Test) -> bool {
    matches!(test.values.first(), Some(Literal::Flag(true)))
}

/// A comparison of a text that may be NULL.
fn text(column: &str, test: &Test) -> Statement {
    match test.op {
        Op::Exists => Statement::new(format!("{column} {}", if is_flag(test) { "IS NOT NULL" } else { "IS NULL" })),
        Op::Contains | Op::StartsWith => {
            let wanted = match test.values.first() {
                Some(Literal::Text(text)) => text.as_str(),
                _ => "",
            };
            let mut s = Statement::new(format!("({column} IS NOT NULL AND fold({column}) LIKE "));
            s.push(Value::Text(pattern(wanted, test.op == Op::Contains))).sql(" ESCAPE '!')");
            s
        }
        // what people type is compared as it is searched; what has codes is compared as it is
        _ if matches!(test.field, Field::Name | Field::Region | Field::City | Field::Source) => {
            let folded = |v: &Literal| match v {
                Literal::Text(text) => Value::Text(fold(text)),
                other => value(other),
            };
            let mut s = Statement::new(format!("({column} IS NOT NULL AND fold({column}) IN ("));
            s.values(test.values.iter().map(folded)).sql("))");
            s
        }
        _ => {
            let mut s = Statement::new(format!("({column} IS NOT NULL AND "));
            s.append(same(column, test)).sql(")");
            s
        }
    }
}

fn tag(table: &str, test: &Test, engine: Engine) -> Statement {
    let rows = match engine {
        Engine::Postgres => format!("EXISTS (SELECT 1 FROM jsonb_array_elements_text({table}.tags) AS t (value) WHERE "),
        Engine::Sqlite => format!("EXISTS (SELECT 1 FROM json_each({table}.tags) AS t WHERE "),
    };
    let mut s = Statement::new(rows);
    s.append(same("t.value", test)).sql(")");
    s
}

/// A member of one of the addresses of a party, or of the address of a contact or lead.
fn place(of: SegmentAudience, member: &str, test: &Test, engine: Engine) -> Statement {
    let several = of == SegmentAudience::Parties;
    let (from, value) = match (engine, several) {
        (Engine::Postgres, true) => {
            ("jsonb_array_elements(parties.addresses) AS a (value)".to_string(), format!("(a.value -> 'address' ->> '{member}')"))
        }
        (Engine::Sqlite, true) => ("json_each(parties.addresses) AS a".to_string(), format!("json_extract(a.value, '$.address.{member}')")),
        (Engine::Postgres, false) => (String::new(), format!("({}.address ->> '{member}')", table(of))),
        (Engine::Sqlite, false) => (String::new(), format!("json_extract({}.address, '$.{member}')", table(of))),
    };
    let exists = Test { op: Op::Exists, values: vec![Literal::Flag(true)], ..test.clone() };
    let plain = if test.op == Op::Exists && several { &exists } else { test };
    if !several {
        return text(&value, plain);
    }
    let negated = test.op == Op::Exists && !is_flag(test);
    let mut s = Statement::new(format!("{}EXISTS (SELECT 1 FROM {from} WHERE ", if negated { "NOT " } else { "" }));
    s.append(text(&value, plain)).sql(")");
    s
}

fn has_email(of: SegmentAudience, test: &Test) -> Statement {
    let inside = match of {
        SegmentAudience::Parties => "parties.id IN (SELECT party_id FROM party_emails)",
        SegmentAudience::Contacts => "contacts.id IN (SELECT contact_id FROM contact_emails)",
        SegmentAudience::Leads => "leads.email IS NOT NULL",
    };
    Statement::new(if is_flag(test) { inside.to_string() } else { format!("NOT ({inside})") })
}

/// The first day that fits `within_days`.
fn days_ago(test: &Test, ground: &Ground) -> NaiveDate {
    let days = match test.values.first() {
        Some(Literal::Number(n)) => u64::try_from(*n).unwrap_or_default(),
        _ => 0,
    };
    ground.today.checked_sub_days(chrono::Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// Where a day lies: the sign and the day it is compared with.
fn bound(test: &Test, ground: &Ground) -> (&'static str, NaiveDate) {
    let given = match test.values.first() {
        Some(Literal::Day(day)) => *day,
        _ => ground.today,
    };
    match test.op {
        Op::Before => ("<", given),
        Op::OnOrAfter => (">=", given),
        Op::WithinDays => (">=", days_ago(test, ground)),
        _ => ("<", days_ago(test, ground)),
    }
}

fn created(table: &str, test: &Test, ground: &Ground) -> Statement {
    if test.op == Op::Exists {
        return Statement::new(if is_flag(test) { "1 = 1" } else { "1 = 0" });
    }
    let (sign, day) = bound(test, ground);
    let mut s = Statement::new(format!("{table}.created_at {sign} "));
    s.push(Value::instant(start_of_day(day, &ground.time_zone)));
    s
}

/// Orders that bind, of a period.
fn orders(period: &Period, ground: &Ground) -> Statement {
    let mut s = sql!(
        "SELECT customer_id, order_date FROM sales_orders WHERE company_id = {} AND status IN ('confirmed', 'closed')",
        ground.company
    );
    s.append(within("order_date", period));
    s
}

/// What was invoiced less what was credited, before tax, in the company's currency, by customer: as the metrics have it.
fn revenue(period: &Period, ground: &Ground) -> Statement {
    let of = revenue::Of { company: ground.company, from: period.from, to: period.to, party: None };
    sql!("SELECT party AS customer_id, revenue AS net FROM ({}) AS e", revenue::lines(&of))
}

fn within(column: &str, period: &Period) -> Statement {
    let mut s = Statement::default();
    if let Some(from) = period.from {
        s.sql(format!(" AND {column} >= ")).push(Value::Date(from));
    }
    if let Some(to) = period.to {
        s.sql(format!(" AND {column} <= ")).push(Value::Date(to));
    }
    s
}

fn last_order(test: &Test, ground: &Ground) -> Statement {
    let all = orders(&Period::default(), ground);
    if test.op == Op::Exists {
        let mut s = Statement::new(if is_flag(test) {
            "parties.id IN (SELECT o.customer_id FROM ("
        } else {
            "parties.id NOT IN (SELECT o.customer_id FROM ("
        });
        s.append(all).sql(") AS o)");
        return s;
    }
    let (sign, day) = bound(test, ground);
    let mut s = Statement::new("parties.id IN (SELECT o.customer_id FROM (");
    s.append(all).sql(format!(") AS o GROUP BY o.customer_id HAVING MAX(o.order_date) {sign} ")).push(Value::Date(day)).sql(")");
    s
}

/// A figure of each customer over rows; who has no rows has zero.
fn figure(rows: Statement, sum: &str, test: &Test) -> Statement {
    let Some(limit) = test.values.first().map(value) else { return Statement::new("1 = 0") };
    let zero_fits = match (test.op, test.values.first()) {
        (Op::AtLeast, Some(Literal::Number(n))) => *n <= 0,
        (Op::AtLeast, Some(Literal::Money(m))) => !m.is_positive(),
        (_, Some(Literal::Money(m))) => !m.is_negative(),
        _ => true,
    };
    // who has no rows is not among those whose figure does not fit, so a fit of zero is asked the other way round
    let (inside, sign) = match (zero_fits, test.op) {
        (false, Op::AtLeast) => ("parties.id IN", ">="),
        (false, _) => ("parties.id IN", "<="),
        (true, Op::AtLeast) => ("parties.id NOT IN", "<"),
        (true, _) => ("parties.id NOT IN", ">"),
    };
    let mut s = Statement::new(format!("{inside} (SELECT f.customer_id FROM ("));
    s.append(rows).sql(format!(") AS f GROUP BY f.customer_id HAVING {sum} {sign} ")).push(limit).sql(")");
    s
}
