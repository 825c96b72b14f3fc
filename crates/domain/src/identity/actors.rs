//! Who acts: the kinds of callers that a fact may come from.

crate::string_enum! {
    /// What kind of caller did something.
    pub enum ActorKind {
        /// A user who is logged in.
        User = "user",
        /// A program with an API key.
        ApiKey = "api_key",
        /// Tandem itself: by the clock, or from the command line.
        System = "system",
        /// Somebody without an account, by a link or a form.
        Visitor = "visitor",
    }
}

impl Default for ActorKind {
    /// Nobody that is known.
    fn default() -> Self {
        ActorKind::Visitor
    }
}

impl ActorKind {
    /// The kind of the caller with this id.
    pub fn of(id: &str) -> Self {
        match id.split_once('_').map_or(id, |(prefix, _)| prefix) {
            "usr" => ActorKind::User,
            "key" => ActorKind::ApiKey,
            "system" => ActorKind::System,
            _ => ActorKind::Visitor,
        }
    }
}
