//! Random secrets and what is kept of them. A secret has 256 random bits, so a plain hash is enough to keep it.

use rand::RngExt as _;
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The prefix of refresh tokens, so that scanners find leaked ones.
pub const REFRESH_PREFIX: &str = "rt_";

/// 32 bytes from the operating system's random source.
pub fn random_bytes() -> [u8; 32] {
    rand::rng().random()
}

/// `prefix` and 256 random bits as 52 letters and digits.
pub fn secret(prefix: &str) -> String {
    let mut out = String::from(prefix);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in random_bytes() {
        held = (held << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(letter(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    out.push(letter(held << (5 - bits)));
    out
}

fn letter(v: u32) -> char {
    char::from(ALPHABET[(v & 31) as usize])
}

/// Five groups of four letters and digits, 100 random bits, for people to type once.
pub fn one_time_password() -> String {
    let text = secret("");
    text.as_bytes().chunks(4).take(5).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join("-")
}

/// What is kept of a secret.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_alike() {
        let (a, b) = (secret("sk_live_"), secret("sk_live_"));
        assert_ne!(a, b);
        assert_eq!(a.len(), 8 + 52);
        assert!(a[8..].bytes().all(|b| ALPHABET.contains(&b)));
        assert_eq!(one_time_password().len(), 24);
    }
}
