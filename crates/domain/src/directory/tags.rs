//! Words that users put on things to find them again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 50, example = "wholesale")]
pub struct Tag(pub String);

/// Trimmed, without empty ones and doubles, in the order given.
pub fn tidy(tags: Vec<Tag>) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = Tag(tag.0.trim().to_string());
        if !tag.0.is_empty() && !out.contains(&tag) {
            out.push(tag);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_and_empty_ones_go() {
        let tags = ["a", " b ", "a", " ", "b"].map(|t| Tag(t.to_string())).to_vec();
        assert_eq!(tidy(tags), [Tag("a".into()), Tag("b".into())]);
    }
}
