//! Texts: which characters a text of one line and a text of several lines may hold, and the one form in which texts are
//! searched and compared. Control characters are invisible, break subjects, files and terminals that show the text later, and
//! nobody types them on purpose.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

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

/// The form in which texts are searched: no case, no accents, single spaces, whatever the script and however the accents
/// were encoded. Texts are stored in it or brought into it by the SQL function `fold`, so that both engines find the same.
pub fn fold(text: &str) -> String {
    let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            // combining marks
            '\u{300}'..='\u{36f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}' => {}
            'ß' | 'ẞ' => out.push_str("ss"),
            'Æ' | 'æ' => out.push_str("ae"),
            'Œ' | 'œ' => out.push_str("oe"),
            'Ø' | 'ø' => out.push('o'),
            'Ł' | 'ł' => out.push('l'),
            'Đ' | 'đ' => out.push('d'),
            'ı' => out.push('i'),
            'Σ' | 'ς' => out.push('σ'),
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(out.trim_end());
    composed.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn case_and_accents_do_not_matter_in_any_script() {
        for (given, folded) in [
            ("Österreichische Post", "osterreichische post"),
            ("A\u{301}lvarez", "alvarez"),
            ("Álvarez", "alvarez"),
            ("  STRASSE\t Straße ", "strasse strasse"),
            ("ΟΔΟΣ Αθήνας", "οδοσ αθηνασ"),
            ("МОСКВА Йод", "москва иод"),
            ("İstanbul ılık", "istanbul ilik"),
            ("Łódź Ørsted Æble", "lodz orsted aeble"),
            ("한국", "한국"),
            ("ﬁnance", "finance"),
        ] {
            assert_eq!(fold(given), folded, "{given}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
