//! Pages for people, shown to a browser in place of the JSON.

use serde_json::Value;

/// A page for people beside the answer for programs.
#[derive(Clone, Copy)]
pub struct HtmlPage {
    /// The page in HTML, complete.
    pub show: fn(&Shown) -> String,
    /// What a form of the page says, as the body of the operation; `None` where a form that comes along is not read.
    pub form: Option<fn(&[(String, String)]) -> Value>,
}

/// What a page is made from.
pub struct Shown<'a> {
    /// The answer; `None` when it was refused.
    pub answer: Option<&'a Value>,
    pub query: &'a str,
    /// The languages of the browser, as `Accept-Language` has them.
    pub languages: &'a str,
    /// The token of the link, from the query or the form.
    pub link: Option<&'a str>,
    /// Whether something was done, and not only looked at.
    pub is_done: bool,
}
