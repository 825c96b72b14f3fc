//! The letters of the two standard fonts: which byte stands for a letter and how wide it is.

/// Widths in thousandths of the size, from the space on, by WinAnsi (Adobe's font metrics).
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

/// What WinAnsi has between 0x80 and 0x9f; a space where it has nothing.
#[rustfmt::skip]
const SPECIAL: [char; 32] = [
    '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ',
    ' ', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', ' ', 'ž', 'Ÿ',
];

/// The width of a byte in thousandths of the size.
pub fn width(byte: u8, bold: bool) -> i64 {
    let widths = if bold { &BOLD } else { &REGULAR };
    byte.checked_sub(32).and_then(|i| widths.get(usize::from(i))).map_or(0, |w| i64::from(*w))
}

/// The byte of a letter, when the fonts have it.
fn byte_of(letter: char) -> Option<u8> {
    match u32::from(letter) {
        0x20..=0x7e | 0xa0..=0xff => u8::try_from(u32::from(letter)).ok(),
        _ if letter == ' ' => None,
        _ => SPECIAL.iter().position(|c| *c == letter).and_then(|i| u8::try_from(i + 0x80).ok()),
    }
}

/// Text in the letters that there are, and whether all of it could be kept. A letter that the fonts lack is written in Latin
/// letters; one that has none there is written as its number in Unicode, so that nothing vanishes.
pub fn encode(text: &str) -> (Vec<u8>, bool) {
    let (mut out, mut whole) = (Vec::with_capacity(text.len()), true);
    for letter in text.chars() {
        match letter {
            '\t' | '\n' | '\r' => out.push(b' '),
            // shown as nothing everywhere: soft hyphens, joiners, marks of direction
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            '\u{2010}' | '\u{2011}' => out.push(b'-'),
            '\u{202f}' | '\u{2007}'..='\u{200a}' => out.push(b' '),
            _ => match byte_of(letter) {
                Some(byte) => out.push(byte),
                None => {
                    whole = false;
                    match any_ascii::any_ascii_char(letter) {
                        "" => out.extend(format!("[U+{:04X}]", u32::from(letter)).bytes()),
                        latin => out.extend(latin.bytes()),
                    }
                }
            },
        }
    }
    (out, whole)
}

/// Whether a letter cannot be written in these fonts in any way that is read: scripts from right to left and those whose
/// letters change their form beside each other, and what has no Latin form. Other letters have one.
pub fn is_unwritable(letter: char) -> bool {
    let shaped = matches!(u32::from(letter),
        0x0590..=0x109F | 0x1780..=0x18AF | 0x1A20..=0x1AAF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF);
    shaped || (letter.is_alphabetic() && byte_of(letter).is_none() && any_ascii::any_ascii_char(letter).is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn letters_that_need_shaping_are_not_written_otherwise() {
        for letter in ['\u{5d0}', '\u{627}', '\u{939}', '\u{e01}', '\u{fe8d}'] {
            assert!(super::is_unwritable(letter), "{letter}");
        }
        for letter in ['a', 'ü', 'Ł', 'Ω', '北', '€', '\u{200e}'] {
            assert!(!super::is_unwritable(letter), "{letter}");
        }
    }

    use super::*;

    #[test]
    fn letters_of_western_europe_are_kept_and_others_are_written_in_latin() {
        for (text, bytes, whole) in [
            ("Künzelsau 5 €", &b"K\xfcnzelsau 5 \x80"[..], true),
            ("„Zitat“ – gut", b"\x84Zitat\x93 \x96 gut", true),
            ("Łódź", b"L\xf3dz", false),
            ("Ελλάδα", b"Ellada", false),
            ("北京", b"BeiJing", false),
            ("a\u{10ffff}b", b"a[U+10FFFF]b", false),
            ("a\u{ad}b\tc", b"ab c", true),
        ] {
            assert_eq!(encode(text), (bytes.to_vec(), whole), "{text}");
        }
    }

    #[test]
    fn every_byte_that_is_written_has_a_width() {
        for byte in 32..=255u8 {
            assert!(width(byte, false) > 0 && width(byte, true) > 0, "{byte}");
        }
        assert_eq!((width(b'W', false), width(b'i', true), width(7, false)), (944, 278, 0));
    }
}
