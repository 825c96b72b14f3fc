//! Files in: the part `file` of a multipart form. The size was bounded when the body was read.

use actix_web::http::header::{self, HeaderMap};
use domain::kernel::{FieldError, Result, problems};
use platform::table::Upload;

/// The part named `file`; other parts are refused, so that a typo does not lose a file.
pub fn file(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Upload> {
    // everything is in memory, so nothing is waited for
    futures_util::FutureExt::now_or_never(read(headers, bytes)).unwrap_or_else(|| Err(unreadable()))
}

async fn read(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Upload> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let boundary =
        multer::parse_boundary(given).map_err(|_| problems::unsupported_media_type.with("The body must be multipart/form-data."))?;
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
    let mut form = multer::Multipart::new(stream, boundary);
    let mut found = None;
    while let Some(part) = form.next_field().await.map_err(|_| unreadable())? {
        let name = part.name().unwrap_or_default().to_string();
        if name != "file" || found.is_some() {
            let error = FieldError::body(
                format!("/{}", name.replace('~', "~0").replace('/', "~1")),
                "unknown_field",
                "The form has one part, `file`.",
            );
            return Err(problems::unknown_field.at(vec![error]));
        }
        let file_name = part.file_name().unwrap_or("file").to_string();
        let media_type = part.content_type().map_or("application/octet-stream", |m| m.essence_str()).to_string();
        let bytes = part.bytes().await.map_err(|_| unreadable())?.to_vec();
        found = Some(Upload { name: file_name, media_type, bytes });
    }
    found.ok_or_else(|| problems::invalid_body.at(vec![FieldError::body("/file", "required", "The form has no part `file`.")]))
}

fn unreadable() -> domain::Problem {
    problems::malformed.with("The multipart form cannot be read.")
}
