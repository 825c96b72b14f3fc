//! Things a test needs before its own story starts, made through HTTP like any caller would make them.
//! Each takes as little as possible and fills the rest with plain values.
