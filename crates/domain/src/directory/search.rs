//! The normal forms of words and of text that is searched. The same on both engines because they are made here.

use crate::kernel::text::fold;

/// Longest search text kept of one thing, in characters.
pub const LONGEST: usize = 4_000;

/// Lower case with single spaces: the form in which codes and words of campaigns and rules compare.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

/// One text of all parts that are searched, folded.
pub fn text_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let joined: Vec<String> = parts.into_iter().map(fold).filter(|p| !p.is_empty()).collect();
    joined.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_spaces_do_not_matter() {
        assert_eq!(normalise("  ÄRGER\t Straße "), "ärger straße");
        assert_eq!(text_of(["Around the  Horn", "", "AROUT"]), "around the horn arout");
    }
}
