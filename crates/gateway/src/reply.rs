//! Answers of operations as HTTP responses: status, ETag, Location, Link and the other headers of the conventions.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use domain::kernel::Result;
use platform::App;
use platform::table::{Answer, Kind, Op, Output, Table};

use crate::{binary, request};

/// What of the request its answer depends on.
pub struct Asked<'a> {
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a header::HeaderMap,
}

/// The version of the answered resource, and a digest of the answer where the same version may look different: with
/// something embedded, computed or left out.
fn etag_of(app: &App, op: &Op, asked: &Asked, answer: &Answer) -> Option<String> {
    let version = answer.version?;
    let shaped = asked.query.split('&').any(|p| p.starts_with("expand=") || p.starts_with("fields="));
    Some(match &answer.output {
        Output::Json(text) if shaped || !app.is_bare(op) => request::etag_of(version, text),
        _ => request::etag(version),
    })
}

/// The response to an answered request.
pub fn response(app: &App, op: &Op, asked: &Asked, answer: Answer) -> Result<HttpResponse> {
    let table = &app.table;
    let etag = etag_of(app, op, asked, &answer);
    if op.kind == Kind::Read && request::none_match(asked.headers, etag.as_deref())? {
        let mut r = HttpResponse::NotModified();
        r.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(tag) = etag {
            r.insert_header((header::ETAG, tag));
        }
        return Ok(r.finish());
    }
    let sends_away = answer.redirect.is_some() && !wants_json(asked.headers);
    let mut r = HttpResponseBuilder::new(if sends_away { StatusCode::FOUND } else { status(op, &answer) });
    if let Some(tag) = etag {
        r.insert_header((header::ETAG, tag));
    }
    if !answer.dry_run
        && let Some(place) = location(table, op, asked, &answer)
    {
        r.insert_header((header::LOCATION, place));
    }
    if let Some(place) = &answer.redirect {
        r.insert_header((header::LOCATION, place.as_str())).insert_header((header::CACHE_CONTROL, "no-store"));
    }
    if let Some(event) = answer.event {
        r.insert_header(("Tandem-Event", event.to_string()));
    }
    if answer.dry_run {
        r.insert_header(("Dry-Run", "true"));
    }
    if answer.replayed {
        r.insert_header(("Idempotency-Replayed", "true"));
    }
    if op.kind == Kind::Job && !answer.dry_run {
        r.insert_header((header::RETRY_AFTER, "1"));
    }
    if let Some(cursor) = &answer.next_cursor {
        r.insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_page(asked, cursor))));
    }
    match answer.output {
        _ if sends_away => Ok(r.finish()),
        Output::Nothing => Ok(r.finish()),
        Output::Json(text) => Ok(r.content_type("application/json").body(text)),
        Output::Binary(file) => binary::response(asked.headers, file, op.link, op.makes.is_some()),
    }
}

/// Whether a program asks where a link leads, and not a browser to be led there.
fn wants_json(headers: &header::HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepts.contains("application/json") && !accepts.contains("text/html")
}

fn status(op: &Op, answer: &Answer) -> StatusCode {
    match (op.kind, &answer.output) {
        (Kind::Create | Kind::Upload, _) if !answer.dry_run => StatusCode::CREATED,
        (Kind::Job, _) if !answer.dry_run => StatusCode::ACCEPTED,
        (_, Output::Nothing) => StatusCode::NO_CONTENT,
        _ => StatusCode::OK,
    }
}

/// Where the new resource is: under the list it was added to, or where jobs are.
fn location(table: &Table, op: &Op, asked: &Asked, answer: &Answer) -> Option<String> {
    let id = answer.id.as_deref()?;
    match op.kind {
        Kind::Create | Kind::Upload => Some(format!("{}/{id}", asked.path)),
        Kind::Job => {
            let name = (op.output.as_ref()?.name)();
            let read =
                table.ops.iter().find(|o| o.kind == Kind::Read && o.path_params.len() == 1 && o.entity.as_deref() == Some(&*name))?;
            let (stem, _) = read.path.split_once('{')?;
            Some(format!("{stem}{id}"))
        }
        _ => None,
    }
}

/// The same list, one page further.
fn next_page(asked: &Asked, cursor: &str) -> String {
    let kept = asked.query.split('&').filter(|p| !p.is_empty() && p.split('=').next() != Some("cursor"));
    let mut query: Vec<&str> = kept.collect();
    let cursor = format!("cursor={cursor}");
    query.push(&cursor);
    format!("{}?{}", asked.path, query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_filters() {
        let headers = header::HeaderMap::new();
        let asked = Asked { path: "/v1/sales/orders", query: "status=draft&cursor=old&limit=2", headers: &headers };
        assert_eq!(next_page(&asked, "new"), "/v1/sales/orders?status=draft&limit=2&cursor=new");
    }
}
