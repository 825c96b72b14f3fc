//! Texts that are kept compressed and sent as they are to whoever takes them so.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use domain::kernel::problems;

use crate::request;
use crate::trace::Trace;

/// Compresses in memory.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 4), flate2::Compression::fast());
    let done = out.write_all(bytes).and_then(|()| out.finish());
    done.unwrap_or_default()
}

/// An answer that is kept compressed: as it is for whoever takes it so, else unpacked.
pub async fn packed(req: &HttpRequest, r: &mut HttpResponseBuilder, compressed: web::Bytes) -> HttpResponse {
    r.insert_header((header::VARY, "Accept-Encoding"));
    if request::accepts_gzip(req.headers()) {
        return r.insert_header((header::CONTENT_ENCODING, "gzip")).body(compressed);
    }
    let unpack = move || {
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&compressed[..]), &mut plain).map(|_| plain)
    };
    match actix_web::rt::task::spawn_blocking(unpack).await {
        Ok(Ok(plain)) => r.body(plain),
        _ => broken(req),
    }
}

fn broken(req: &HttpRequest) -> HttpResponse {
    crate::problem::response(&problems::internal.into(), req.path(), &Trace::of(req.headers()).request_id)
}
