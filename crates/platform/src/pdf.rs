//! Plain documents as PDF: text in the two standard fonts that every reader has, lines, tables over many pages, page numbers.
//! The same content gives the same bytes: no time, no random id. Lengths are thousandths of a point, from the top left.

#[path = "pdf_metrics.rs"]
mod metrics;

use std::collections::BTreeSet;

use domain::kernel::{Code, Result};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// A4.
pub const PAGE_WIDTH: i64 = 595_276;
const PAGE_HEIGHT: i64 = 841_890;
/// The margin at each side.
pub const MARGIN: i64 = 56_693;
const BOTTOM: i64 = PAGE_HEIGHT - 70_000;
const NOTICE: &str = "Letters that the fonts of this document lack are written in Latin letters or as their number in Unicode.";

/// Letters that a refusal names.
const NAMED: usize = 5;

/// A text has letters that cannot be printed right: none of the two fonts has them, and in Latin letters they say nothing.
pub const UNPRINTABLE: Code = Code::conflict("document.unprintable", "The document has letters that cannot be printed.");

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Size in thousandths of a point.
    pub size: i64,
    pub bold: bool,
}

impl Style {
    pub const PLAIN: Style = Style { size: 9_000, bold: false };
    pub const BOLD: Style = Style { size: 9_000, bold: true };
    pub const SMALL: Style = Style { size: 7_500, bold: false };
    pub const TITLE: Style = Style { size: 18_000, bold: true };
    /// From one line to the next.
    pub fn leading(self) -> i64 {
        self.size * 13 / 10
    }
}

/// Where a text stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A column: where it begins, how wide it is, where text stands in it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub x: i64,
    pub width: i64,
    pub align: Align,
}

impl Column {
    pub const fn left(x: i64, width: i64) -> Self {
        Column { x, width, align: Align::Left }
    }
    pub const fn right(x: i64, width: i64) -> Self {
        Column { x, width, align: Align::Right }
    }
    /// From margin to margin.
    pub const WHOLE: Column = Column::left(MARGIN, PAGE_WIDTH - 2 * MARGIN);
}

enum Mark {
    Text { x: i64, y: i64, style: Style, bytes: Vec<u8> },
    Rule { from: i64, to: i64, y: i64 },
}

/// A document being written, from top to bottom.
pub struct Sheet {
    pages: Vec<Vec<Mark>>,
    /// How far down the page the next line begins.
    y: i64,
    /// Whether every text could be written as it is.
    whole: bool,
    /// Letters that cannot be written at all, the first of them.
    unwritable: BTreeSet<char>,
}

impl Default for Sheet {
    fn default() -> Self {
        Self { pages: vec![Vec::new()], y: MARGIN, whole: true, unwritable: BTreeSet::new() }
    }
}

impl Sheet {
    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }
    fn encode(&mut self, text: &str) -> Vec<u8> {
        let (bytes, whole) = metrics::encode(text);
        self.whole &= whole;
        self.unwritable.extend(text.chars().filter(|c| metrics::is_unwritable(*c)).take(NAMED));
        bytes
    }
    /// Where the next line begins.
    pub fn y(&self) -> i64 {
        self.y
    }
    /// Goes on at another height of the page.
    pub fn set_y(&mut self, y: i64) {
        self.y = y;
    }
    /// Leaves room free.
    pub fn space(&mut self, height: i64) {
        self.y += height;
    }
    /// Begins a new page unless so much fits on this one; whether it did.
    pub fn keep(&mut self, height: i64) -> bool {
        let full = self.y + height > BOTTOM && self.y > MARGIN;
        if full {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
        full
    }
    /// A line across the page.
    pub fn rule(&mut self) {
        self.mark(Mark::Rule { from: MARGIN, to: PAGE_WIDTH - MARGIN, y: self.y });
        self.y += 4_000;
    }
    /// Text in a column, in as many lines and pages as it takes.
    pub fn text(&mut self, column: Column, style: Style, text: &str) {
        for line in text.lines() {
            for bytes in self.wrap(column.width, style, line) {
                self.keep(style.leading());
                self.place(column, style, bytes);
                self.y += style.leading();
            }
        }
    }
    /// The cells of a row side by side. A row never breaks over pages; `again` is written at the top of a page that it
    /// begins.
    pub fn row(&mut self, style: Style, cells: &[(Column, String)], again: impl FnOnce(&mut Self)) {
        let wrapped: Vec<_> = cells.iter().map(|(column, text)| (*column, self.wrap(column.width, style, text))).collect();
        let lines = wrapped.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0) as i64;
        if self.keep(lines * style.leading()) {
            again(self);
        }
        let top = self.y;
        for (column, lines) in wrapped {
            self.y = top;
            for bytes in lines {
                self.place(column, style, bytes);
                self.y += style.leading();
            }
        }
        self.y = top + lines * style.leading();
    }
    fn place(&mut self, column: Column, style: Style, bytes: Vec<u8>) {
        let x = match column.align {
            Align::Left => column.x,
            Align::Right => column.x + column.width - width(&bytes, style),
        };
        let y = self.y + style.size;
        self.mark(Mark::Text { x, y, style, bytes });
    }
    /// The text in lines that fit: broken between words, and within a word that is too long for a line.
    fn wrap(&mut self, most: i64, style: Style, text: &str) -> Vec<Vec<u8>> {
        let text = self.encode(text);
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        for word in text.split(|b| *b == b' ').filter(|w| !w.is_empty()) {
            let mut joined = line.clone();
            if !line.is_empty() {
                joined.push(b' ');
            }
            joined.extend(word);
            if width(&joined, style) <= most {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for byte in word {
                line.push(*byte);
                if width(&line, style) > most && line.len() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, vec![*byte]));
                }
            }
        }
        lines.push(line);
        lines
    }
    /// The bytes of the document. `footer` stands below every page, with the number of the page.
    ///
    /// # Errors
    /// [`UNPRINTABLE`]: a text would be printed in letters that it does not have.
    pub fn finish(mut self, title: &str, footer: &str) -> Result<Vec<u8>> {
        self.encode(footer);
        if !self.unwritable.is_empty() {
            let letters: Vec<String> = self.unwritable.iter().take(NAMED).map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
            return Err(UNPRINTABLE.with(format!("The fonts of documents lack letters of this text, among them {}.", letters.join(", "))));
        }
        if !self.whole || !metrics::encode(footer).1 {
            self.space(Style::SMALL.leading());
            self.text(Column::WHOLE, Style::SMALL, NOTICE);
        }
        let count = self.pages.len();
        let (catalog, tree, info, plain, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
        let page_ref = |i: usize| Ref::new(6 + 2 * i as i32);
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.pages(tree).kids((0..count).map(page_ref)).count(count as i32);
        pdf.document_info(info).title(TextStr(title));
        for (id, name) in [(plain, "Helvetica"), (bold, "Helvetica-Bold")] {
            pdf.type1_font(id).base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for (i, mut marks) in std::mem::take(&mut self.pages).into_iter().enumerate() {
            let (id, content) = (page_ref(i), Ref::new(page_ref(i).get() + 1));
            let mut page = pdf.page(id);
            page.parent(tree).media_box(Rect::new(0.0, 0.0, points(PAGE_WIDTH), points(PAGE_HEIGHT))).contents(content);
            page.resources().fonts().pair(Name(b"P"), plain).pair(Name(b"B"), bold);
            page.finish();
            marks.extend(foot(footer, i + 1, count));
            pdf.stream(content, &drawn(&marks));
        }
        Ok(pdf.finish())
    }
}

/// The footer and the number of a page.
fn foot(text: &str, page: usize, count: usize) -> [Mark; 3] {
    let (style, y) = (Style::SMALL, PAGE_HEIGHT - 45_000);
    let number = format!("{page} / {count}").into_bytes();
    let right = PAGE_WIDTH - MARGIN - width(&number, style);
    let mut bytes = metrics::encode(text).0;
    while width(&bytes, style) > right - MARGIN - 20_000 {
        bytes.pop();
    }
    [
        Mark::Rule { from: MARGIN, to: PAGE_WIDTH - MARGIN, y: y - 12_000 },
        Mark::Text { x: MARGIN, y, style, bytes },
        Mark::Text { x: right, y, style, bytes: number },
    ]
}

fn drawn(marks: &[Mark]) -> Vec<u8> {
    let mut content = Content::new();
    content.set_line_width(0.5);
    for mark in marks {
        match mark {
            Mark::Rule { from, to, y } => {
                content.move_to(points(*from), points(PAGE_HEIGHT - y)).line_to(points(*to), points(PAGE_HEIGHT - y)).stroke();
            }
            Mark::Text { x, y, style, bytes } => {
                content.begin_text().set_font(Name(if style.bold { b"B" } else { b"P" }), points(style.size));
                content.next_line(points(*x), points(PAGE_HEIGHT - y)).show(Str(bytes)).end_text();
            }
        }
    }
    content.finish().to_vec()
}

/// How wide a text is.
fn width(bytes: &[u8], style: Style) -> i64 {
    bytes.iter().map(|b| metrics::width(*b, style.bold)).sum::<i64>() * style.size / 1000
}

/// Only here, where nothing is counted any more, are lengths fractions.
fn points(length: i64) -> f32 {
    length as f32 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(rows: usize) -> Vec<u8> {
        let mut sheet = Sheet::default();
        sheet.text(Column::WHOLE, Style::TITLE, "Title");
        for i in 0..rows {
            let cells = [(Column::left(MARGIN, 200_000), format!("Row {i}")), (Column::right(400_000, 100_000), "1.00".into())];
            sheet.row(Style::PLAIN, &cells, |s| s.text(Column::WHOLE, Style::BOLD, "again"));
        }
        sheet.finish("Title", "Footer").expect("written")
    }
    fn count(bytes: &[u8], what: &str) -> usize {
        bytes.windows(what.len()).filter(|w| *w == what.as_bytes()).count()
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        assert_eq!(sheet(200), sheet(200));
        assert_ne!(sheet(200), sheet(201));
    }

    #[test]
    fn rows_go_on_over_pages_under_their_heading() {
        let long = sheet(200);
        let pages = count(&long, "/Type /Page\n");
        assert!(pages > 2, "{pages} pages");
        assert_eq!((count(&long, "(again)"), count(&long, "(Row 199)")), (pages - 1, 1));
        assert_eq!(count(&sheet(1), "/Type /Page\n"), 1);
    }

    #[test]
    fn long_words_are_broken_and_nothing_is_lost() {
        let mut s = Sheet::default();
        let lines = s.wrap(50_000, Style::PLAIN, &format!("a {} b", "w".repeat(100)));
        assert!(lines.iter().all(|l| width(l, Style::PLAIN) <= 50_000));
        let kept: usize = lines.iter().map(|l| l.iter().filter(|b| **b == b'w').count()).sum();
        assert_eq!(kept, 100);
        assert_eq!(s.wrap(10, Style::PLAIN, "ab").len(), 2, "a column that is too narrow still gets every letter");
    }

    #[test]
    fn what_the_fonts_lack_is_said() {
        let written = |text: &str| {
            let mut s = Sheet::default();
            s.text(Column::WHOLE, Style::PLAIN, text);
            s.finish("t", "f").expect("written")
        };
        assert_eq!(count(&written("北京"), "(BeiJing)"), 1);
        assert_eq!((count(&written("北京"), "Letters that the fonts"), count(&written("Künzelsau"), "Letters that the fonts")), (1, 0));
    }
}
