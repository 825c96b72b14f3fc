//! Closed sets of words: statuses, kinds, reasons. Lower snake case on the wire and in the database.

/// A closed set of words.
pub trait StringEnum: Copy + Sized + 'static {
    /// All words, in their natural order.
    const WORDS: &'static [&'static str];
    fn as_str(self) -> &'static str;
    fn from_word(s: &str) -> Option<Self>;
}

/// `pub enum Role as AccountRole { … }` gives it another name in the API, where names must be unique over all areas.
/// `string_enum! { /// Where an order stands. pub enum OrderStatus { /// Not yet binding. Draft = "draft", … } }`
#[macro_export]
macro_rules! string_enum { (@name $name:ident) => { stringify!($name) }; (@name $name:ident $other:ident) => { stringify!($other) };
    ($($(#[$($m:tt)*])* pub enum $name:ident $(as $other:ident)? { $($(#[$vm:meta])* $var:ident = $word:tt),+ $(,)? })*) => { $(
    $(#[$($m)*])* #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum $name { $($(#[$vm])* $var),+ }
    impl $crate::kernel::StringEnum for $name {
        const WORDS: &'static [&'static str] = &[$($word),+];
        fn as_str(self) -> &'static str { match self { $(Self::$var => $word),+ } }
        fn from_word(s: &str) -> Option<Self> { match s { $($word => Some(Self::$var),)+ _ => None } }
    }
    impl $name {
        /// All of them, in their natural order.
        pub const ALL: &'static [Self] = &[$(Self::$var),+];
    }
    impl std::fmt::Display for $name {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str($crate::kernel::StringEnum::as_str(*self)) }
    }
    impl $crate::kernel::reexport::serde::Serialize for $name {
        fn serialize<S: $crate::kernel::reexport::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str($crate::kernel::StringEnum::as_str(*self)) }
    }
    impl<'de> $crate::kernel::reexport::serde::Deserialize<'de> for $name {
        fn deserialize<D: $crate::kernel::reexport::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            let s = <std::borrow::Cow<'de, str> as $crate::kernel::reexport::serde::Deserialize>::deserialize(d)?;
            <Self as $crate::kernel::StringEnum>::from_word(&s).ok_or_else(|| $crate::kernel::reexport::serde::de::Error::custom(
                format!("one of {}", <Self as $crate::kernel::StringEnum>::WORDS.join(", "))))
        }
    }
    impl $crate::kernel::reexport::utoipa::PartialSchema for $name {
        fn schema() -> $crate::kernel::reexport::utoipa::openapi::RefOr<$crate::kernel::reexport::utoipa::openapi::Schema> {
            use $crate::kernel::reexport::utoipa::openapi::{ObjectBuilder, Type};
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(<Self as $crate::kernel::StringEnum>::WORDS.iter().copied()))
                .description(Some($crate::doc_of!($(#[$($m)*])*))).into()
        }
    }
    impl $crate::kernel::reexport::utoipa::ToSchema for $name {
        fn name() -> std::borrow::Cow<'static, str> { $crate::string_enum!(@name $name $($other)?).into() }
    }
)* } }

/// The doc comment of an item as text.
#[doc(hidden)]
#[macro_export]
macro_rules! doc_of {
    ($(#[doc = $d:literal])*) => { concat!($($d, "\n"),*).trim() };
}
