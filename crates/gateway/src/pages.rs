//! Pages for people: operations behind links in messages answer HTML to a browser and JSON to programs, by `Accept`. What a
//! page says is made where the operation is.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder};
use domain::kernel::{Result, problems};
use platform::table::{Answer, HtmlPage, Op, Output, Shown};
use serde_json::Value;

use crate::reply::Asked;
use crate::request;

/// Nothing is loaded from anywhere, no script runs, and the form goes nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Whether the caller names HTML among what it takes. Programs that take anything get JSON.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let mut lists = headers.get_all(header::ACCEPT).filter_map(|v| v.to_str().ok());
    let html = |range: &str| range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html");
    lists.any(|l| l.split(',').any(html))
}

/// Whether the body is a form of a page.
pub fn is_form(headers: &HeaderMap) -> bool {
    request::media_type(headers).as_deref() == Some("application/x-www-form-urlencoded")
}

/// The names and values of a form.
pub fn pairs(bytes: &[u8]) -> Result<Vec<(String, String)>> {
    serde_urlencoded::from_bytes(bytes).map_err(|_| problems::malformed.with("The form cannot be read."))
}

/// The answer as a page.
pub fn shown(page: &HtmlPage, op: &Op, asked: &Asked, link: Option<&str>, answer: Answer) -> Result<HttpResponse> {
    let Output::Json(text) = &answer.output else { return Err(problems::internal.into()) };
    let value: Value = serde_json::from_slice(text).map_err(|_| problems::internal)?;
    Ok(html(page, StatusCode::OK, asked, link, Some(&value), op.kind.is_post()))
}

/// What was refused as a page, with the status of the refusal.
pub fn refused(page: &HtmlPage, asked: &Asked, response: HttpResponse) -> HttpResponse {
    html(page, response.status(), asked, None, None, false)
}

fn html(page: &HtmlPage, status: StatusCode, asked: &Asked, link: Option<&str>, answer: Option<&Value>, is_done: bool) -> HttpResponse {
    let languages = asked.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let in_query = asked.query.split('&').find_map(|p| p.strip_prefix("link="));
    let body = (page.show)(&Shown { answer, query: asked.query, languages, link: link.or(in_query), is_done });
    HttpResponseBuilder::new(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::VARY, "Accept, Accept-Language"))
        .content_type("text/html; charset=utf-8")
        .body(body)
}
