//! Typed ids: UUIDv7 inside, `so_01j…` on the wire. One type and one prefix for each noun, so that an order's id
//! cannot be given where a party's is asked.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// An id of one noun. Sorted by the time it was made.
pub trait Id: Copy + Ord + fmt::Display + FromStr + Send + Sync + utoipa::ToSchema + 'static {
    /// What stands before the underscore.
    const PREFIX: &'static str;
    fn from_uuid(v: Uuid) -> Self;
    fn uuid(self) -> Uuid;
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes `prefix_` and 26 characters of Crockford's base 32, most significant first.
pub fn encode(prefix: &str, id: Uuid) -> String {
    let mut v = id.as_u128();
    let mut tail = [b'0'; 26];
    for b in tail.iter_mut().rev() {
        *b = ALPHABET[(v & 31) as usize];
        v >>= 5;
    }
    let mut out = String::with_capacity(prefix.len() + 27);
    out.push_str(prefix);
    out.push('_');
    out.extend(tail.iter().map(|&b| char::from(b)));
    out
}

/// The id behind `prefix_…`; `None` when the prefix or the form is another.
pub fn decode(prefix: &str, text: &str) -> Option<Uuid> {
    let tail = text.strip_prefix(prefix)?.strip_prefix('_')?;
    if tail.len() != 26 || tail.as_bytes()[0] > b'7' {
        return None;
    }
    let fold = |v: u128, b: u8| Some((v << 5) | ALPHABET.iter().position(|&a| a == b)? as u128);
    tail.bytes().try_fold(0u128, fold).map(Uuid::from_u128)
}

/// `ids! { /// A party. PartyId "par"; }` declares one type for each line.
#[macro_export]
macro_rules! ids { ($($(#[$m:meta])* $name:ident $prefix:literal;)*) => { $(
    $(#[$m])* #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct $name($crate::kernel::reexport::Uuid);
    impl $crate::kernel::Id for $name {
        const PREFIX: &'static str = $prefix;
        fn from_uuid(v: $crate::kernel::reexport::Uuid) -> Self { Self(v) }
        fn uuid(self) -> $crate::kernel::reexport::Uuid { self.0 }
    }
    impl std::fmt::Display for $name {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&$crate::kernel::encode($prefix, self.0)) }
    }
    impl std::fmt::Debug for $name {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { std::fmt::Display::fmt(self, f) }
    }
    impl std::str::FromStr for $name {
        type Err = String;
        fn from_str(s: &str) -> Result<Self, String> {
            $crate::kernel::decode($prefix, s).map(Self).ok_or_else(|| concat!("not an id of the form ", $prefix, "_…").to_string())
        }
    }
    impl $crate::kernel::reexport::serde::Serialize for $name {
        fn serialize<S: $crate::kernel::reexport::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
    }
    impl<'de> $crate::kernel::reexport::serde::Deserialize<'de> for $name {
        fn deserialize<D: $crate::kernel::reexport::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            <String as $crate::kernel::reexport::serde::Deserialize>::deserialize(d)?.parse().map_err($crate::kernel::reexport::serde::de::Error::custom)
        }
    }
    impl $crate::kernel::reexport::utoipa::PartialSchema for $name {
        fn schema() -> $crate::kernel::reexport::utoipa::openapi::RefOr<$crate::kernel::reexport::utoipa::openapi::Schema> {
            use $crate::kernel::reexport::utoipa::openapi::{ObjectBuilder, Type};
            ObjectBuilder::new().schema_type(Type::String)
                .description(Some(concat!("An id with the prefix `", $prefix, "`.")))
                .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                .max_length(Some($prefix.len() + 27))
                .examples([$crate::kernel::encode($prefix, $crate::kernel::reexport::Uuid::from_u128(0x0192_f0c1_2d3e_7abc_8def_0123_4567_89ab))])
                .into()
        }
    }
    impl $crate::kernel::reexport::utoipa::ToSchema for $name {
        fn name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
    }
)* } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for v in [0, 1, u128::MAX, 0x0192_f0c1_2d3e_7abc_8def_0123_4567_89ab] {
            let text = encode("so", Uuid::from_u128(v));
            assert_eq!(decode("so", &text), Some(Uuid::from_u128(v)));
            assert_eq!(decode("inv", &text), None);
        }
    }

    #[test]
    fn a_foreign_form_is_refused() {
        for bad in [
            "so_",
            "so",
            "",
            "so_0000000000000000000000000",
            "so_80000000000000000000000000",
            "so_0000000000000000000000000U",
            "so_é0000000000000000000000000",
        ] {
            assert_eq!(decode("so", bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_sort_like_their_text() {
        let (a, b) = (Uuid::from_u128(5), Uuid::from_u128(1 << 100));
        assert!(a < b && encode("x", a) < encode("x", b));
    }
}
