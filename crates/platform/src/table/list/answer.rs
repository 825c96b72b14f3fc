//! A page of a list as an answer: rows with their actions, expansions, and only the fields asked for.

use domain::Result;
use persistence::Record;
use serde::Serialize;

use super::super::answer::Answer;
use super::super::json;
use super::super::op::Op;
use super::super::page::Page;
use super::super::resource::{Actions, resource, shape, write_resource};
use super::{List, PAGE_BYTES, ROWS_AT_ONCE};
use crate::cx::Cx;
use crate::visibility::Masking;

impl List {
    /// The page as an answer: rows with their actions, expansions, and only the fields asked for.
    pub(crate) fn answer<T: Record + Serialize>(
        self,
        cx: &mut Cx,
        op: &Op,
        mut page: Page<T>,
        verbs: fn(&T) -> Vec<&'static str>,
    ) -> Result<Answer> {
        let row_schema = op.listing.as_ref().map(|l| (l.row.name)().into_owned()).unwrap_or_default();
        let masking = Masking::of(&cx.app().table, &cx.caller, &row_schema);
        let ids: Vec<uuid::Uuid> = page.data.iter().map(Record::key).collect();
        let actions = Actions::of(cx, op, &ids)?;
        let mut text = Vec::with_capacity(256 + page.data.len() * 1024);
        text.extend_from_slice(b"{\"data\":[");
        let plain = self.expand.is_empty() && self.fields.is_none();
        let mut written = 0_usize;
        // what was expanded is put beside some rows at a time, so that what is in memory has a bound, too
        for rows in page.data.chunks(ROWS_AT_ONCE) {
            let mut shaped = Vec::new();
            if !plain {
                let whole = |row: &T| resource(row, actions.on(row.key(), || verbs(row)), &masking);
                shaped = rows.iter().map(whole).collect::<Result<Vec<_>>>()?;
                shape(cx, op, &self.expand, self.fields.as_deref(), &mut shaped)?;
            }
            for (i, row) in rows.iter().enumerate() {
                // at least one row, or the caller would never get on
                if text.len() < PAGE_BYTES {
                    text.extend_from_slice(if written == 0 { b"" } else { b"," });
                    match shaped.get(i) {
                        Some(shaped) => json::write(&mut text, shaped)?,
                        None => write_resource(&mut text, row, actions.on(row.key(), || verbs(row)), &masking)?,
                    }
                    written += 1;
                }
            }
        }
        if let Some(last) = written.checked_sub(1).filter(|_| written < page.data.len()).and_then(|last| page.data.get(last)) {
            page.has_more = true;
            page.next_cursor = Some(self.cursor_after(cx.app().cursor_key(), last));
        }
        text.extend_from_slice(b"],\"has_more\":");
        json::write(&mut text, &page.has_more)?;
        text.extend_from_slice(b",\"next_cursor\":");
        json::write(&mut text, &page.next_cursor)?;
        text.extend_from_slice(b",\"total_count\":");
        json::write(&mut text, &page.total_count)?;
        text.push(b'}');
        Ok(Answer { next_cursor: page.next_cursor, ..Answer::json(text) })
    }
}
