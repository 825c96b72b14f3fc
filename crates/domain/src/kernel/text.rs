//! Texts: which characters a text of one line and a text of several lines may hold. Control characters are invisible, break
//! subjects, files and terminals that show the text later, and nobody types them on purpose.

use crate::kernel::{Result, problems};
/// Strings that may be at most this long are names, subjects, codes and the like: one line. Longer ones, such as notes and
/// descriptions, may have several.
pub const ONE_LINE: usize = 300;

/// Whether a text is one line: no line break, no tab, no escape, no other control character.
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_separator(c))
}

/// Whether a text of several lines holds no control character but line breaks and tabs.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// The separators of lines and paragraphs, which end a line for some programs.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Without surrounding spaces; nothing when nothing is left.
pub fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_string()).filter(|t| !t.is_empty())
}

/// Without surrounding spaces; refused at this place when nothing is left.
pub fn filled(text: &str, pointer: &str) -> Result<String> {
    match text.trim() {
        "" => Err(problems::invalid_body.field(pointer, "It must not be blank.")),
        text => Ok(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line() {
        for good in ["", "Ada Lovelace", "日本語 – „Zitat“", "a\u{a0}b", "e\u{301}", "👩\u{200d}👩"] {
            assert!(is_one_line(good) && is_plain(good), "{good:?}");
        }
        for several in ["a\nb", "a\r\nb", "a\tb"] {
            assert!(!is_one_line(several) && is_plain(several), "{several:?}");
        }
        for never in ["\u{1b}[31m", "a\0b", "a\u{7f}", "a\u{85}b", "a\u{8}b"] {
            assert!(!is_one_line(never) && !is_plain(never), "{never:?}");
        }
        assert!(!is_one_line("a\u{2028}b"));
    }
}
