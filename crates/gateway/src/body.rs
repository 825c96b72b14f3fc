//! Reading a request's body: bounded in size and time, also after decompression, and in how many large ones there are at a
//! time. What the bytes mean is not known here.

use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, web};
use domain::kernel::{Result, problems};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body above this size is a large one. Few of them are in memory at a time, whoever sends them.
const LARGE: usize = 1 << 20;
/// How long a large body waits for its turn.
const TURN: Duration = Duration::from_secs(2);

/// What a body may be.
pub struct Bounds<'b> {
    /// Bytes, also decompressed.
    pub most: usize,
    pub within: Duration,
    /// Turns for large bodies.
    pub turns: &'b Arc<Semaphore>,
}

/// The bytes of a body, as they came.
#[derive(Default)]
pub struct Body {
    bytes: Vec<u8>,
    gzip: bool,
    most: usize,
    /// Kept as long as a large body is in memory.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Body {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    /// The bytes, decompressed. Takes a while when they are many; not for the threads that speak HTTP.
    pub fn unpacked(&mut self) -> Result<Vec<u8>> {
        let bytes = std::mem::take(&mut self.bytes);
        if self.gzip { inflate(&bytes, self.most) } else { Ok(bytes) }
    }
}

async fn turn(turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    match tokio::time::timeout(TURN, turns.clone().acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(problems::unavailable.with("Too many large bodies are being read.").after_seconds(1)),
    }
}

/// Reads the whole body. More than `most` bytes is `payload_too_large`, slower than `within` is `request_timeout`.
pub async fn read(headers: &HeaderMap, payload: &mut web::Payload, bounds: &Bounds<'_>) -> Result<Body> {
    let Bounds { most, within, turns } = *bounds;
    let mut codings = headers.get_all(header::CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
    let gzip = match (codings.next().as_deref(), codings.next()) {
        (None | Some(b"identity"), None) => false,
        (Some(b"gzip" | b"x-gzip"), None) => true,
        _ => return Err(problems::unsupported_media_type.with("Content-Encoding: only gzip and identity are understood, and one of them.")),
    };
    let declared = declared_length(headers);
    if declared.is_some_and(|n| n > most as u64) {
        return Err(too_large(most));
    }
    let reading = async {
        let mut bytes = Vec::with_capacity(declared.unwrap_or(0).min(64 << 10) as usize);
        // what is decompressed may be large, however small it came
        let mut held = if gzip && most > LARGE { Some(turn(turns).await?) } else { None };
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| problems::malformed.with("The body ends too early or is not framed as declared."))?;
            if bytes.len() + chunk.len() > most {
                return Err(too_large(most));
            }
            if bytes.len() + chunk.len() > LARGE && held.is_none() {
                held = Some(turn(turns).await?);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Body { bytes, gzip, most, _turn: held })
    };
    let late = |_| problems::request_timeout.with(format!("The body did not arrive within {} seconds.", within.as_secs()));
    tokio::time::timeout(within, reading).await.map_err(late)?
}

/// The length that the head declares.
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok())
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

/// Bytes of an unread body that are read and forgotten, so that the connection can be used again.
const FORGOTTEN: usize = 256 << 10;

/// Reads and forgets what is left of a body, so that the next request on the connection starts where it should.
/// Returns false when there is too much or it comes too slowly: the connection must then be closed.
pub async fn drain(headers: &HeaderMap, payload: &mut web::Payload) -> bool {
    if declared_length(headers).is_some_and(|n| n > FORGOTTEN as u64) {
        return false;
    }
    let reading = async {
        let mut left = FORGOTTEN;
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

/// An answer that keeps the unread rest of its request until it is sent. As long as somebody could still read the rest, the
/// server closes the connection after the answer, within `client_disconnect_timeout`; once it is given up, a chunked rest is
/// taken in without an end.
struct Holding {
    answer: BoxBody,
    _rest: web::Payload,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;
    fn size(&self) -> BodySize {
        self.answer.size()
    }
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<std::result::Result<web::Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(cx)
    }
}

/// The answer to a request whose body was not read to its end.
pub fn hold(response: HttpResponse, rest: web::Payload) -> HttpResponse {
    response.map_body(|_, answer| BoxBody::new(Holding { answer, _rest: rest }))
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
