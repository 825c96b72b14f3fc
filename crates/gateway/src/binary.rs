//! Bytes out: always an attachment, never rendered, unless the program made them itself; one byte range, or all of it.

use actix_web::http::header::{self, ByteRangeSpec, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode};
use domain::kernel::{Result, problems};
use platform::table::Binary;

use crate::request;

/// The content, a part of it (206), or nothing when the caller has it (304).
pub fn response(headers: &HeaderMap, file: Binary, own: bool, made: bool) -> Result<HttpResponse> {
    let etag = file.etag.as_ref().map(|e| format!("\"{e}\""));
    if request::none_match(headers, etag.as_deref())? {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag.unwrap_or_default())).finish());
    }
    let whole = file.bytes.len() as u64;
    let range = wanted(headers, etag.as_deref(), whole)?;
    // a page or picture behind a link is looked at; nothing that somebody uploaded is
    let shown = if own { "inline".to_string() } else { attachment(&file.file_name) };
    let mut r = HttpResponseBuilder::new(if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK });
    r.insert_header((header::ACCEPT_RANGES, "bytes")).insert_header((header::CONTENT_DISPOSITION, shown));
    if let Some(tag) = etag {
        r.insert_header((header::ETAG, tag));
    }
    let bytes = match range {
        None => file.bytes,
        Some((from, to)) => {
            r.insert_header((header::CONTENT_RANGE, format!("bytes {from}-{to}/{whole}")));
            file.bytes.get(from as usize..=to as usize).unwrap_or_default().to_vec()
        }
    };
    // the type of a file is in its resource; here nothing may be tempted to run it. What the program made is what it is
    Ok(r.content_type(if own || made { file.media_type.as_str() } else { "application/octet-stream" }).body(bytes))
}

/// The first and last byte asked for. A range of another version (If-Range), of another unit or of several parts is
/// answered with everything, as RFC 9110 allows; one that starts behind the end is refused.
fn wanted(headers: &HeaderMap, etag: Option<&str>, whole: u64) -> Result<Option<(u64, u64)>> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|tag| Some(tag) != etag) {
        return Ok(None);
    }
    let Some(Ok(header::Range::Bytes(parts))) = text(header::RANGE).map(str::parse::<header::Range>) else { return Ok(None) };
    match &parts[..] {
        [ByteRangeSpec::FromTo(from, to)] if from > to => Ok(None),
        [one] => match one.to_satisfiable_range(whole) {
            Some(range) => Ok(Some(range)),
            None => Err(problems::range_not_satisfiable.with(format!("The content has {whole} bytes."))),
        },
        _ => Ok(None),
    }
}

/// The name twice: in ASCII for old readers, and whole (RFC 6266).
fn attachment(name: &str) -> String {
    let ascii: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let mut whole = String::new();
    for b in name.bytes() {
        match char::from(b) {
            c if c.is_ascii_alphanumeric() || "._-".contains(c) => whole.push(c),
            _ => whole.push_str(&format!("%{b:02X}")),
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(range: &str) -> Result<Option<(u64, u64)>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().expect("a header"));
        wanted(&headers, Some("\"a\""), 10)
    }

    #[test]
    fn a_range_is_cut_to_the_content() {
        assert_eq!(ask("bytes=0-3").expect("a range"), Some((0, 3)));
        assert_eq!(ask("bytes=8-").expect("a range"), Some((8, 9)));
        assert_eq!(ask("bytes=-4").expect("a range"), Some((6, 9)));
        assert_eq!(ask("bytes=5-99").expect("a range"), Some((5, 9)));
        assert_eq!(ask("bytes=10-").expect_err("behind the end").code().code, "range_not_satisfiable");
        for whole in ["bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "nonsense"] {
            assert_eq!(ask(whole).expect("everything"), None, "{whole}");
        }
    }

    #[test]
    fn a_name_travels_whole() {
        assert_eq!(attachment("Größe 1.pdf"), "attachment; filename=\"Gr__e_1.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.pdf");
    }
}
