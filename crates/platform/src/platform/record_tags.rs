//! Operations on tags of records. Lists of such records have the filter `tag` and embed their tags with `expand=tags`.

use domain::ids::RecordTagId;
use domain::platform::record_tags::{MOST, NO_TAGS, NewRecordTag, RecordTag, TOO_MANY};
use persistence::platform::record_tags as rows;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<RecordTag>("platform/record-tags", "Tags on records of nouns that have no field for them.");
    n.seen_by(|cx| cx.beside_visible(RecordTag::TABLE));
    n.list("List tags on records that the caller may read. With `record_id` those on one record.")
        .filter(&["record_id", "record_kind"])
        .filter_text("tag", "Only this tag, whatever its case and accents.", rows::named)
        .search(&["tag_key"])
        .sort(&["tag"]);
    n.create(create, CREATE).fails(&[NO_TAGS, TOO_MANY]);
    n.read("Get a tag on a record.");
    n.delete(delete, "Take a tag off a record.");
}

const CREATE: &str = "Put a tag on a record that the caller may read, whatever its state: a lead, opportunity, quote, activity, case, campaign, \
order, delivery, return, invoice, credit note or payment. A tag that the record has already stays. Parties, contacts and products have a \
field `tags` instead.";

fn create(cx: &mut Cx, new: NewRecordTag) -> Result<RecordTag> {
    let about = cx.refer_record("/record_id", &new.record_id)?;
    let takes = cx.app().table.takes_tags(about.kind);
    cx.ensure(takes, NO_TAGS, || format!("A {} takes none.", about.kind.replace('_', " ")))?;
    let made = RecordTag::new(cx.new_id(), &about, &new.tag, cx.now)?;
    if let Some(known) = rows::find(cx.db(), &about.id, &made.tag)? {
        return cx.find::<RecordTag>(known);
    }
    let count = rows::count(cx.db(), &about.id)?;
    cx.ensure(count < MOST, TOO_MANY, || format!("{} has {MOST} tags.", about.id))?;
    cx.create(made)
}

fn delete(cx: &mut Cx, id: RecordTagId) -> Result<()> {
    let tag = cx.load_for_update::<RecordTag>(id)?;
    cx.remove(tag)
}
