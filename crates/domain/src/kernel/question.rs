//! Questions that one service asks and another answers. Each is a type beside the words that it answers with; only ids and such
//! words cross, never a query.

/// Something that one service may ask and exactly one other answers.
pub trait Question: 'static {
    /// What the question is about.
    type Ask<'a>;
    type Answer: 'static;
    /// The name, for messages.
    const NAME: &'static str;
}

/// Declares questions: `OrdersOf<'a>(PartyId) -> OrdersOverview;`.
#[macro_export]
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident<$life:lifetime>($ask:ty) -> $answer:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl $crate::kernel::Question for $name {
            type Ask<$life> = $ask;
            type Answer = $answer;
            const NAME: &'static str = stringify!($name);
        }
    )*};
}
