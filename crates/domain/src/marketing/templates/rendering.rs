//! Rendering of message templates in a sandbox: a small part of Jinja without assignments, inclusions, functions and
//! repetition, bounded in steps and in size; a variable that is missing is an error and not an empty text; HTML is
//! escaped; a subject is one line.

use std::io;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, filters};

use super::{Content, FORBIDDEN, MISSING_VARIABLE, RENDER_FAILED, Rendered, SUBJECT_NOT_ONE_LINE, SYNTAX, TOO_COMPLEX, TOO_LARGE};
use crate::kernel::{Findings, Problem, Result};

/// Steps of one part. An ordinary message takes some hundred.
const FUEL: u64 = 20_000;
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

fn sandbox<'s>() -> Environment<'s> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|name| if name == "html" { AutoEscape::Html } else { AutoEscape::None });
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(DEEPEST);
    env.add_filter("default", filters::default);
    env.add_filter("upper", filters::upper);
    env.add_filter("lower", filters::lower);
    env.add_filter("title", filters::title);
    env.add_filter("capitalize", filters::capitalize);
    env.add_filter("trim", filters::trim);
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
        let compiled = allowed(source).and_then(|()| env.template_from_named_str(name, source).map_err(|e| refusal(&e)));
        if let Some(template) = found.take(&format!("/{name}"), compiled) {
            names.extend(template.undeclared_variables(true));
        }
    }
    found.done()?;
    Ok(names.into_iter().collect())
}

/// The message for these values. Tells everything that is wrong with all parts at once.
pub fn render(content: &Content, values: &serde_json::Value) -> Result<Rendered> {
    let env = sandbox();
    let values = minijinja::Value::from_serialize(values);
    let mut found = Findings::default();
    let mut out = Rendered::default();
    for (name, source) in parts(content) {
        let at = format!("/{name}");
        let Some(text) = found.take(&at, one(&env, name, source, &values)) else { continue };
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

fn one<'s>(env: &Environment<'s>, name: &'s str, source: &'s str, values: &minijinja::Value) -> Result<String> {
    allowed(source)?;
    let template = env.template_from_named_str(name, source).map_err(|e| refusal(&e))?;
    let mut out = Bounded(Vec::new());
    match template.render_captured_to(values, &mut out) {
        Ok(_) => String::from_utf8(out.0).map_err(|_| RENDER_FAILED.into()),
        Err(_) if out.0.len() >= LARGEST => Err(TOO_LARGE.with(format!("It would be larger than {LARGEST} bytes."))),
        Err(e) => Err(refusal(&e)),
    }
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

/// Refuses tags and operators beyond the sandbox. Assignments could double a text with every line, a product repeats it.
fn allowed(source: &str) -> Result<()> {
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
        if kind == "{%" {
            let tag: String =
                body.trim_start_matches(['-', '+']).trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !TAGS.contains(&tag.as_str()) {
                return Err(
                    FORBIDDEN.with(format!("line {line}: there is no tag {tag:?}; there are if, elif, else, endif, for and endfor."))
                );
            }
        }
        let (end, product) = end_of_tag(body, if kind == "{%" { "%}" } else { "}}" });
        if product {
            return Err(FORBIDDEN.with(format!("line {line}: products are not known here.")));
        }
        rest = &body[end..];
    }
    Ok(())
}

/// Where a tag ends, and whether there is a `*` in it outside of texts.
fn end_of_tag(body: &str, end: &str) -> (usize, bool) {
    let (mut quote, mut escaped, mut product) = (None, false, false);
    for (i, c) in body.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if body[i..].starts_with(end) => return (i + end.len(), product),
            None if c == '"' || c == '\'' => quote = Some(c),
            None => product |= c == '*',
        }
    }
    (body.len(), product)
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
            ("{{ s", SYNTAX),
            ("{% if s %}", SYNTAX),
        ];
        for (source, code) in cases {
            assert_eq!(html(source, long.clone()).expect_err(source).code(), code, "{source}");
        }
        assert_eq!(html("{{ '2 * 3' }}{# * #}", json!({})).expect("a text"), "2 * 3");
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
