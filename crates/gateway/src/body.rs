//! Reading a request's body: bounded in size and time, also after decompression. What the bytes mean is not known here.

use std::io::Read;
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web;
use domain::kernel::{Result, problems};
use futures_util::StreamExt;

/// Reads the whole body. More than `most` bytes is `payload_too_large`, slower than `within` is `deadline_exceeded`.
pub async fn read(headers: &HeaderMap, payload: &mut web::Payload, most: usize, within: Duration) -> Result<Vec<u8>> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if declared.is_some_and(|n| n > most as u64) {
        return Err(too_large(most));
    }
    let reading = async {
        let mut bytes = Vec::with_capacity(declared.unwrap_or(0).min(64 << 10) as usize);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| problems::malformed.with("The body ends too early or is not framed as declared."))?;
            if bytes.len() + chunk.len() > most {
                return Err(too_large(most));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    let late = |_| problems::request_timeout.with(format!("The body did not arrive within {} seconds.", within.as_secs()));
    let bytes = tokio::time::timeout(within, reading).await.map_err(late)??;
    let mut codings = headers.get_all(header::CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
    match (codings.next().as_deref(), codings.next()) {
        (None | Some(b"identity"), None) => Ok(bytes),
        (Some(b"gzip" | b"x-gzip"), None) => inflate(&bytes, most),
        _ => Err(problems::unsupported_media_type.with("Content-Encoding: only gzip and identity are understood, and one of them.")),
    }
}

fn inflate(bytes: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    // all members of it: what follows the first one must not be lost, and nothing else may follow
    let read = flate2::read::MultiGzDecoder::new(bytes).take(most as u64 + 1).read_to_end(&mut out);
    read.map_err(|_| problems::malformed.with("The body is not valid gzip."))?;
    if out.len() > most { Err(too_large(most)) } else { Ok(out) }
}

fn too_large(most: usize) -> domain::kernel::Problem {
    problems::payload_too_large.with(format!("The body may have {most} bytes at most, decompressed."))
}

/// Reads and forgets what is left of a body, so that the next request on the connection starts where it should.
/// Returns false when there is too much or it comes too slowly: the connection must then be closed.
pub async fn drain(payload: &mut web::Payload) -> bool {
    let reading = async {
        let mut left = 256usize << 10;
        while let Some(chunk) = payload.next().await {
            match chunk {
                Ok(c) if c.len() <= left => left -= c.len(),
                _ => return false,
            }
        }
        true
    };
    tokio::time::timeout(Duration::from_millis(500), reading).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        e.write_all(bytes).expect("in memory");
        e.finish().expect("in memory")
    }

    #[test]
    fn the_decompressed_size_counts() {
        assert_eq!(inflate(&gzip(b"{}"), 10).expect("small"), b"{}");
        let bomb = gzip(&vec![0u8; 1 << 20]);
        assert!(bomb.len() < 2000);
        assert_eq!(inflate(&bomb, 1000).expect_err("large").code().code, "payload_too_large");
        assert_eq!(inflate(b"nonsense", 1000).expect_err("not gzip").code().code, "malformed");
        let two = [gzip(b"{"), gzip(b"}")].concat();
        assert_eq!(inflate(&two, 10).expect("two members"), b"{}");
        let trailing = [gzip(b"{}"), b"x".to_vec()].concat();
        assert_eq!(inflate(&trailing, 10).expect_err("something follows").code().code, "malformed");
    }
}
