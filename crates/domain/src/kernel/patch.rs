//! Merge patches (RFC 7396): a field left out stays, `null` clears it where it may be empty, anything else replaces it.
//! And what other bodies take for a field that is left out.

use serde::{Deserialize, Deserializer};

/// The body of an update.
pub trait PatchBody {
    /// The fields that `null` may clear; `null` is refused for all others.
    const CLEARABLE: &'static [&'static str];
}

/// For a field that `null` may clear: a present `null` is `Some(None)`.
pub fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

/// For a field that must keep a value: a present `null` is an error.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}

/// For `#[serde(default = "…")]` of a flag that is true when it is left out.
pub fn default_true() -> bool {
    true
}

/// Declares the body of an update and how it is applied:
///
/// ```text
/// patch! { /// Changes to a party.
///     pub struct PartyPatch for Party {
///         /// The name.
///         set name: String [min_length = 1, max_length = 200],
///         /// The e-mail address.
///         clear email: String [max_length = 254],
///     } }
/// ```
/// `merge` fields are objects with a patch of their own, merged member by member.
/// `set` fields keep a value, `clear` fields are `Option` in the entity and `null` empties them.
/// `patch.apply(&mut party)` writes what was given. Without `for Party` there is no `apply`: a change that needs more than
/// the entity is written by hand.
#[macro_export]
macro_rules! patch {
    ($(#[$m:meta])* pub struct $name:ident for $of:ty { $($(#[$fm:meta])* $how:ident $field:ident : $ty:ty $([$($schema:tt)*])?),* $(,)? }) => {
        $crate::patch! { $(#[$m])* pub struct $name { $($(#[$fm])* $how $field : $ty $([$($schema)*])?),* } }
        impl $name {
            /// Writes what was given onto the entity.
            pub fn apply(self, to: &mut $of) {
                $($crate::patch!(@apply $how self to $field);)*
            }
        }
    };
    ($(#[$m:meta])* pub struct $name:ident { $($(#[$fm:meta])* $how:ident $field:ident : $ty:ty $([$($schema:tt)*])?),* $(,)? }) => {
        $crate::patch!(@struct [$(#[$m])*] $name [] $($(#[$fm])* $how $field : $ty [$($($schema)*)?],)*);
        impl $crate::kernel::PatchBody for $name {
            const CLEARABLE: &'static [&'static str] = $crate::patch!(@clearable [] $($how $field,)*);
        }
    };
    (@struct [$($m:tt)*] $name:ident [$($done:tt)*] $(#[$fm:meta])* set $field:ident : $ty:ty [], $($rest:tt)*) => {
        $crate::patch!(@struct [$($m)*] $name [$($done)*
            $(#[$fm])* #[serde(default, deserialize_with = "crate::kernel::present")] #[schema(value_type = $ty)] pub $field: Option<$ty>,] $($rest)*);
    };
    (@struct [$($m:tt)*] $name:ident [$($done:tt)*] $(#[$fm:meta])* set $field:ident : $ty:ty [$($schema:tt)+], $($rest:tt)*) => {
        $crate::patch!(@struct [$($m)*] $name [$($done)*
            $(#[$fm])* #[serde(default, deserialize_with = "crate::kernel::present")] #[schema(value_type = $ty, $($schema)+)] pub $field: Option<$ty>,] $($rest)*);
    };
    (@struct [$($m:tt)*] $name:ident [$($done:tt)*] $(#[$fm:meta])* merge $field:ident : $ty:ty [], $($rest:tt)*) => {
        $crate::patch!(@struct [$($m)*] $name [$($done)*
            $(#[$fm])* #[serde(default, deserialize_with = "crate::kernel::present")] #[schema(value_type = $ty)] pub $field: Option<$ty>,] $($rest)*);
    };
    (@struct [$($m:tt)*] $name:ident [$($done:tt)*] $(#[$fm:meta])* clear $field:ident : $ty:ty [], $($rest:tt)*) => {
        $crate::patch!(@struct [$($m)*] $name [$($done)*
            $(#[$fm])* #[serde(default, deserialize_with = "crate::kernel::some")] #[schema(value_type = Option<$ty>)] pub $field: Option<Option<$ty>>,] $($rest)*);
    };
    (@struct [$($m:tt)*] $name:ident [$($done:tt)*] $(#[$fm:meta])* clear $field:ident : $ty:ty [$($schema:tt)+], $($rest:tt)*) => {
        $crate::patch!(@struct [$($m)*] $name [$($done)*
            $(#[$fm])* #[serde(default, deserialize_with = "crate::kernel::some")] #[schema(value_type = Option<$ty>, $($schema)+)] pub $field: Option<Option<$ty>>,] $($rest)*);
    };
    (@struct [$($m:tt)*] $name:ident [$($done:tt)*]) => {
        $($m)* #[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($done)* }
    };
    (@clearable [$($done:tt)*] set $field:ident, $($rest:tt)*) => { $crate::patch!(@clearable [$($done)*] $($rest)*) };
    (@clearable [$($done:tt)*] merge $field:ident, $($rest:tt)*) => { $crate::patch!(@clearable [$($done)*] $($rest)*) };
    (@clearable [$($done:tt)*] clear $field:ident, $($rest:tt)*) => { $crate::patch!(@clearable [$($done)* stringify!($field),] $($rest)*) };
    (@clearable [$($done:tt)*]) => { &[$($done)*] };
    (@apply set $self:ident $to:ident $field:ident) => { if let Some(v) = $self.$field { $to.$field = v.into(); } };
    (@apply merge $self:ident $to:ident $field:ident) => { if let Some(v) = $self.$field { v.apply(&mut $to.$field); } };
    (@apply clear $self:ident $to:ident $field:ident) => { if let Some(v) = $self.$field { $to.$field = v; } };
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    crate::patch! {
        /// Changes.
        pub struct ThingPatch for Thing {
            /// Kept.
            set name: String [min_length = 1],
            /// Kept, too.
            set count: i32,
            /// May go.
            clear note: String [max_length = 5],
            /// Merged.
            merge inner: InnerPatch,
        }
    }
    crate::patch! {
        /// Inner changes.
        pub struct InnerPatch for Inner {
            /// May go.
            clear note: String,
        }
    }
    #[derive(Debug, Default, PartialEq)]
    pub struct Inner {
        note: Option<String>,
    }
    #[derive(Debug, Default, PartialEq)]
    pub struct Thing {
        name: String,
        count: i32,
        note: Option<String>,
        inner: Inner,
    }

    fn read(body: serde_json::Value) -> Result<ThingPatch, serde_json::Error> {
        serde_json::from_value(body)
    }

    #[test]
    fn what_is_left_out_stays_null_clears_and_inner_objects_merge() {
        let before = || Thing { name: "a".into(), count: 1, note: Some("n".into()), inner: Inner { note: Some("i".into()) } };
        let mut thing = before();
        read(serde_json::json!({})).expect("empty").apply(&mut thing);
        assert_eq!(thing, before());
        read(serde_json::json!({"note": null, "inner": {}, "count": 2})).expect("valid").apply(&mut thing);
        assert_eq!(thing, Thing { note: None, count: 2, ..before() });
        read(serde_json::json!({"inner": {"note": null}})).expect("valid").apply(&mut thing);
        assert_eq!(thing.inner.note, None);
        for bad in [serde_json::json!({"name": null}), serde_json::json!({"inner": null}), serde_json::json!({"other": 1})] {
            assert!(read(bad).is_err());
        }
    }

    #[test]
    fn the_schema_takes_null_only_where_it_clears() {
        let schema = serde_json::to_value(ThingPatch::schema()).expect("json");
        let kind = |field: &str| schema["properties"][field]["type"].clone();
        assert_eq!((kind("name"), kind("count")), (serde_json::json!("string"), serde_json::json!("integer")));
        assert_eq!(kind("note"), serde_json::json!(["string", "null"]));
        assert_eq!(schema["properties"]["inner"]["$ref"], "#/components/schemas/InnerPatch");
        assert!(schema.get("required").is_none(), "{schema}");
    }
}
