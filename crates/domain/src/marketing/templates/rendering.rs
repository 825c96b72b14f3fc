//! Rendering of message templates in a sandbox: a small part of Jinja without assignments, inclusions, functions and
//! repetition, bounded in steps, in size and in the bytes that are handled on the way; a variable that is missing is an error
//! and not an empty text; HTML is escaped; a subject is one line.
//!
//! The bounds hold without a look at a clock: the longest rendering takes a few tenths of a second. Texts grow only by `~` and
//! `+`, whose number in one tag is bounded and whose result gets no name, because they are not known in the head of a loop.
//! The steps that a part may take are fewer the more one step can handle.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, filters};

use super::{Content, FORBIDDEN, MISSING_VARIABLE, RENDER_FAILED, Rendered, SUBJECT_NOT_ONE_LINE, SYNTAX, TOO_COMPLEX, TOO_LARGE};
use crate::kernel::{Findings, Problem, Result};

/// Steps of one part. An ordinary message takes some hundred.
const FUEL: u64 = 20_000;
/// Steps that every part may take, however large its values are.
const LEAST_FUEL: u64 = 500;
/// Bytes that the steps of a part may handle together, when each handles as much as it can.
const WORK: u64 = 512 << 20;
/// Bytes that the filters of a message may take in.
const FILTERED: usize = 16 << 20;
/// Bytes of all values together.
const LARGEST_VALUES: usize = 256 << 10;
/// How many texts one tag may join.
const MOST_JOINS: usize = 20;
/// Bytes that a part may become.
const LARGEST: usize = 512 * 1024;
/// Loops in loops, and brackets in brackets.
const DEEPEST: usize = 30;
/// Characters of a rendered subject; mail programs show fewer.
const LONGEST_SUBJECT: usize = 500;

/// The tags that a template may use. None of them can make a text longer than what is written in the template.
const TAGS: [&str; 7] = ["if", "elif", "else", "endif", "for", "endfor", "endraw"];

/// The parts of a content with the place of each.
fn parts(content: &Content) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [("subject", Some(content.subject.as_str())), ("html", content.html.as_deref()), ("text", content.text.as_deref())];
    all.into_iter().filter_map(|(name, part)| part.map(|p| (name, p)))
}

/// A filter that counts the bytes it takes in.
fn counted(
    left: &Arc<AtomicUsize>,
    filter: fn(&str) -> String,
) -> impl Fn(String) -> std::result::Result<String, minijinja::Error> + use<> {
    let left = left.clone();
    move |text: String| {
        let spent = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(text.len()));
        spent.map_err(|_| minijinja::Error::new(ErrorKind::OutOfFuel, "the filters take in too many bytes"))?;
        Ok(filter(&text))
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect()).unwrap_or_default()
}

fn sandbox<'s>() -> Environment<'s> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|name| if name == "html" { AutoEscape::Html } else { AutoEscape::None });
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(DEEPEST);
    env.add_filter("default", filters::default);
    let left = Arc::new(AtomicUsize::new(FILTERED));
    env.add_filter("upper", counted(&left, str::to_uppercase));
    env.add_filter("lower", counted(&left, str::to_lowercase));
    env.add_filter("title", counted(&left, |t| filters::title(t.into())));
    env.add_filter("capitalize", counted(&left, capitalized));
    env.add_filter("trim", counted(&left, |t| t.trim().to_string()));
    env.add_filter("length", filters::length);
    env.add_filter("first", filters::first);
    env.add_filter("last", filters::last);
    env
}

/// Refuses what does not compile and what the sandbox does not know; the names of the variables in it, sorted.
pub fn check(content: &Content) -> Result<Vec<String>> {
    let env = sandbox();
    let mut found = Findings::default();
    let mut names = std::collections::BTreeSet::new();
    for (name, source) in parts(content) {
        let compiled = allowed(source).and_then(|_| env.template_from_named_str(name, source).map_err(|e| refusal(&e)));
        if let Some(template) = found.take(&format!("/{name}"), compiled) {
            names.extend(template.undeclared_variables(true));
        }
    }
    found.done()?;
    Ok(names.into_iter().collect())
}

/// The message for these values. Tells everything that is wrong with all parts at once.
pub fn render(content: &Content, values: &serde_json::Value) -> Result<Rendered> {
    let size = values.to_string().len();
    if size > LARGEST_VALUES {
        return Err(TOO_LARGE.with(format!("The values have more than {LARGEST_VALUES} bytes.")));
    }
    let mut env = sandbox();
    let values = minijinja::Value::from_serialize(values);
    let mut found = Findings::default();
    let mut out = Rendered::default();
    for (name, source) in parts(content) {
        let at = format!("/{name}");
        let Some(text) = found.take(&at, one(&mut env, name, source, &values, size)) else { continue };
        match name {
            "subject" => {
                let text = text.trim().to_string();
                if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > LONGEST_SUBJECT {
                    found.add(SUBJECT_NOT_ONE_LINE, &at, format!("A subject is one line of 1 to {LONGEST_SUBJECT} characters."));
                }
                out.subject = text;
            }
            "html" => out.html = Some(text),
            _ => out.text = Some(text),
        }
    }
    found.done()?;
    Ok(out)
}

fn one<'s>(env: &mut Environment<'s>, name: &'s str, source: &'s str, values: &minijinja::Value, size: usize) -> Result<String> {
    let Shape { joins, literal } = allowed(source)?;
    // what one step can handle: the longest text there is, as often as one tag may join it
    let handled = (size.max(literal).max(1) * (joins + 1)) as u64;
    env.set_fuel(Some((WORK / handled).clamp(LEAST_FUEL, FUEL)));
    let template = env.template_from_named_str(name, source).map_err(|e| refusal(&e))?;
    let mut out = Bounded(Vec::new());
    match template.render_captured_to(values, &mut out) {
        Ok(_) => String::from_utf8(out.0).map_err(|_| RENDER_FAILED.into()),
        Err(_) if out.0.len() >= LARGEST => Err(TOO_LARGE.with(format!("It would be larger than {LARGEST} bytes."))),
        Err(e) if e.kind() == ErrorKind::UndefinedError => Err(missing(&e, source, &template.undeclared_variables(true), values)),
        Err(e) => Err(refusal(&e)),
    }
}

/// Which variables on the line of a refusal have no value.
fn missing(e: &minijinja::Error, source: &str, names: &HashSet<String>, values: &minijinja::Value) -> Problem {
    let Some(line) = e.line() else { return refusal(e) };
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let has_value =
        |name: &str| name.split('.').try_fold(values.clone(), |v, part| v.get_attr(part).ok().filter(|v| !v.is_undefined())).is_some();
    let mut lacking: Vec<&str> = names.iter().map(String::as_str).filter(|n| names_in(text, n) && !has_value(n)).collect();
    lacking.sort_unstable();
    match &lacking[..] {
        // one that is not a plain name, as a part of what a loop goes through
        [] => MISSING_VARIABLE.with(format!("line {line}: a variable in `{}` has no value.", text.trim())),
        [one] => MISSING_VARIABLE.with(format!("line {line}: `{one}` has no value.")),
        several => MISSING_VARIABLE.with(format!("line {line}: `{}` have no value.", several.join("`, `"))),
    }
}

/// Whether a line names a variable, and not another one whose name only begins or ends so.
fn names_in(line: &str, name: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + name.len()..];
        let has_default = after.trim_start().strip_prefix('|').is_some_and(|filter| filter.trim_start().starts_with("default"));
        !goes_on(before) && before != Some('.') && !goes_on(after.chars().next()) && !has_default
    })
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            self.0.resize(LARGEST, b' ');
            return Err(io::Error::other("too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What went wrong, with the line.
fn refusal(e: &minijinja::Error) -> Problem {
    let line = e.line().map(|l| format!("line {l}: ")).unwrap_or_default();
    let detail = e.detail().map_or_else(|| e.kind().to_string(), |d| format!("{}: {d}", e.kind()));
    let code = match e.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => SYNTAX,
        ErrorKind::UndefinedError => MISSING_VARIABLE,
        ErrorKind::OutOfFuel => TOO_COMPLEX,
        ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest | ErrorKind::UnknownMethod => FORBIDDEN,
        _ => RENDER_FAILED,
    };
    code.with(format!("{line}{detail}."))
}

/// What bounds the work of one step of a source.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    /// How many texts one tag joins at most.
    joins: usize,
    /// Bytes of the longest text that stands in it.
    literal: usize,
}

/// Refuses tags and operators beyond the sandbox. Assignments could double a text with every line, a product repeats it, and
/// a text that was joined in the head of a loop could be joined with itself in the next one.
fn allowed(source: &str) -> Result<Shape> {
    let mut shape = Shape::default();
    let mut rest = source;
    let mut line = 1;
    while let Some(at) = rest.find("{%").into_iter().chain(rest.find("{{")).chain(rest.find("{#")).min() {
        line += rest[..at].matches('\n').count();
        let kind = &rest[at..at + 2];
        let body = &rest[at + 2..];
        if kind == "{#" {
            rest = body.split_once("#}").map_or("", |(_, after)| after);
            continue;
        }
        let mut is_loop = false;
        if kind == "{%" {
            let tag: String =
                body.trim_start_matches(['-', '+']).trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !TAGS.contains(&tag.as_str()) {
                return Err(
                    FORBIDDEN.with(format!("line {line}: there is no tag {tag:?}; there are if, elif, else, endif, for and endfor."))
                );
            }
            is_loop = tag == "for";
        }
        let tag = end_of_tag(body, if kind == "{%" { "%}" } else { "}}" });
        if tag.product {
            return Err(FORBIDDEN.with(format!("line {line}: products are not known here.")));
        }
        if is_loop && tag.joins > 0 {
            return Err(FORBIDDEN.with(format!("line {line}: nothing is joined or added in the head of a loop.")));
        }
        if tag.joins > MOST_JOINS {
            return Err(TOO_COMPLEX.with(format!("line {line}: one tag joins or adds {MOST_JOINS} times at most.")));
        }
        shape = Shape { joins: shape.joins.max(tag.joins), literal: shape.literal.max(tag.literal) };
        rest = &body[tag.end..];
    }
    Ok(shape)
}

/// What is in a tag, outside of the texts in it.
#[derive(Default)]
struct Tag {
    end: usize,
    /// There is a `*`.
    product: bool,
    /// How often there is a `~` or a `+`.
    joins: usize,
    /// Bytes of the longest text.
    literal: usize,
}

fn end_of_tag(body: &str, end: &str) -> Tag {
    let (mut tag, mut escaped) = (Tag { end: body.len(), ..Tag::default() }, false);
    let mut quote: Option<(char, usize)> = None;
    for (i, c) in body.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some((q, start)) if c == q => {
                tag.literal = tag.literal.max(i - start);
                quote = None;
            }
            Some(_) => {}
            None if body[i..].starts_with(end) => return Tag { end: i + end.len(), ..tag },
            None if c == '"' || c == '\'' => quote = Some((c, i)),
            None => {
                tag.product |= c == '*';
                // a `+` beside the brackets is about white space
                tag.joins += usize::from(c == '~' || (c == '+' && i > 0 && !body[i + 1..].starts_with(end)));
            }
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn content(subject: &str, html: &str) -> Content {
        Content { subject: subject.into(), html: Some(html.into()), text: None }
    }
    fn html(source: &str, values: serde_json::Value) -> Result<String> {
        render(&content("s", source), &values).map(|r| r.html.unwrap_or_default())
    }

    #[test]
    fn variables_are_strict_and_fallbacks_explicit() {
        let values = json!({"name": "Ana", "lines": [{"sku": "A"}, {"sku": "B"}], "n": 2});
        assert_eq!(html("Hi {{ name }}{% for l in lines %} {{ l.sku|lower }}{% endfor %}", values.clone()).expect("valid"), "Hi Ana a b");
        assert_eq!(html("{% if n > 1 %}many{% else %}one{% endif %}", values.clone()).expect("valid"), "many");
        assert_eq!(html("{{ city|default('there') }}", values.clone()).expect("valid"), "there");
        for bad in ["{{ city }}", "{{ name.first.second }}", "{% for x in cities %}{% endfor %}", "{{ lines[7].sku }}"] {
            assert_eq!(html(bad, values.clone()).expect_err(bad).code(), MISSING_VARIABLE, "{bad}");
        }
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let values = json!({"name": "<b>&\"'"});
        let both = Content { subject: "Hi".into(), html: Some("{{ name }}".into()), text: Some("{{ name }}".into()) };
        let out = render(&both, &values).expect("valid");
        assert!(!out.html.expect("html").contains("<b>"));
        assert_eq!(out.text.as_deref(), Some("<b>&\"'"));
        assert_eq!(html("{{ name|safe }}", values).expect_err("no way around").code(), FORBIDDEN);
    }

    #[test]
    fn a_subject_is_one_line() {
        for bad in ["a\r\nBcc: x@example.org", "a\nb", "", "\u{1b}[0m", "\0"] {
            let refused = render(&content("Hi {{ x }}", "h"), &json!({"x": format!("{bad}.{bad}")}));
            let alone = render(&content("{{ x }}", "h"), &json!({ "x": bad }));
            assert_eq!(alone.expect_err(bad).code(), SUBJECT_NOT_ONE_LINE, "{bad:?}");
            assert_eq!(refused.is_err(), !bad.is_empty(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_grows_beyond_its_bounds() {
        let long = json!({"xs": (0..300).collect::<Vec<_>>(), "s": "x".repeat(1000)});
        let cases = [
            ("{% for a in xs %}{% for b in xs %}{% for c in xs %}x{% endfor %}{% endfor %}{% endfor %}", TOO_COMPLEX),
            ("{% for a in xs %}{{ s ~ s ~ s ~ s }}{% endfor %}", TOO_LARGE),
            ("{% set x = s ~ s %}", FORBIDDEN),
            ("{%- set x = s -%}", FORBIDDEN),
            ("{{ s * 1000000 }}", FORBIDDEN),
            ("{{ '*' ~ s*9 }}", FORBIDDEN),
            ("{% include 'x' %}", FORBIDDEN),
            ("{% macro x() %}{% endmacro %}", FORBIDDEN),
            ("{{ range(1000000000) }}", FORBIDDEN),
            ("{{ s.replace('x', 'xx') }}", FORBIDDEN),
            ("{{ s|join('x') }}", FORBIDDEN),
            ("{% for a in [s ~ s] %}{{ a }}{% endfor %}", FORBIDDEN),
            ("{% for a in [s + s] %}{{ a }}{% endfor %}", FORBIDDEN),
            ("{{ s", SYNTAX),
            ("{% if s %}", SYNTAX),
        ];
        for (source, code) in cases {
            assert_eq!(html(source, long.clone()).expect_err(source).code(), code, "{source}");
        }
        assert_eq!(html("{{ '2 * 3' }}{# * #}", json!({})).expect("a text"), "2 * 3");
    }

    #[test]
    fn the_bytes_on_the_way_are_bounded() {
        let long = "x".repeat(200_000);
        let began = std::time::Instant::now();
        let chain = format!("{{% for a in xs %}}{{% if s{} == 'y' %}}{{% endif %}}{{% endfor %}}", "|upper|lower".repeat(20));
        let joined = format!("{{% for a in xs %}}{{% if s{} == 'y' %}}{{% endif %}}{{% endfor %}}", " ~ s".repeat(20));
        let values = json!({"s": long, "xs": (0..5000).collect::<Vec<_>>()});
        for source in [chain, joined] {
            assert_eq!(html(&source, values.clone()).expect_err("too much").code(), TOO_COMPLEX);
        }
        let many = format!("{{{{ s{} }}}}", " ~ s".repeat(800));
        assert_eq!(html(&many, json!({"s": "x"})).expect_err("too many").code(), TOO_COMPLEX);
        assert_eq!(html("{{ s }}", json!({"s": "x".repeat(400_000)})).expect_err("too large").code(), TOO_LARGE);
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
        assert_eq!(html("{%+ if n + 1 > 2 +%}{{ s|upper }}{%+ endif +%}", json!({"s": "a", "n": 2})).expect("valid"), "A");
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_line() {
        let bad = Content { subject: "{{ a }}".into(), html: Some("x\n{{ b }}".into()), text: Some("{{ c }}".into()) };
        let problem = render(&bad, &json!({"c": 1})).expect_err("two are missing");
        let places: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
        assert_eq!((problem.code(), places), (MISSING_VARIABLE, vec!["/subject", "/html"]));
        assert!(problem.errors()[1].message.contains("line 2"), "{}", problem.errors()[1].message);
    }

    #[test]
    fn the_variables_are_known_before_it_is_rendered() {
        let names = check(&content("{{ a }}", "{% for x in recipient.tags %}{{ x }}{{ b|default(1) }}{% endfor %}")).expect("valid");
        assert_eq!(names, ["a", "b", "recipient.tags"]);
        assert_eq!(check(&content("{{", "x")).expect_err("syntax").code(), SYNTAX);
    }

    proptest! {
        #[test]
        fn no_source_makes_it_panic(source in "\\PC{0,80}", tag in "[{%#}*\"'a-z ~|.()\\[\\]0-9]{0,60}") {
            let _ = html(&source, json!({"a": "x"}));
            let _ = html(&format!("{{{{{tag}}}}}{{%{tag}%}}"), json!({"a": "x"}));
        }
    }
}
