//! Operations on attachments. Whoever may not read a record neither sees nor adds what is attached to it.

use domain::ids::AttachmentId;
use domain::platform::attachments::{AttachTo, Attachment, AttachmentPatch, MODERATE, MOST, NOT_YOURS, TOO_MANY};
use domain::platform::files::{BAD_NAME, EMPTY, MAX_BYTES, clean_name};
use persistence::platform::attachments as rows;

use super::files;
use crate::cx::unknown_in_query;
use crate::prelude::*;
use crate::table::{Binary, Upload};

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Attachment>("platform/attachments", "Files attached to records of any noun.");
    n.seen_by(|cx| cx.beside_visible(Attachment::TABLE));
    n.list("List attachments of records that the caller may read. With `record_id` those of one record.")
        .filter(&["record_id", "record_kind", "party_id", "uploaded_by_id", "media_type", "sha256"])
        .search(&["search"])
        .sort(&["name", "size"]);
    n.upload(upload, UPLOAD)
        .fails(&[EMPTY, BAD_NAME, TOO_MANY, problems::payload_too_large, problems::invalid_query])
        .max_body(MAX_BYTES + (64 << 10));
    n.read("Get an attachment without its content.");
    n.update(update, "Rename an attachment of one's own. Those of others need the permission `platform.attachments.moderate`.")
        .permission(WRITE)
        .fails(&[NOT_YOURS, BAD_NAME]);
    n.content("content", content, "Download an attachment. Always as an attachment of the answer; byte ranges are served.");
    n.delete(
        delete,
        "Delete an attachment of one's own, with its content. Those of others need the permission `platform.attachments.moderate`.",
    )
    .permission(WRITE)
    .fails(&[NOT_YOURS]);
}

/// Whoever may attach files may rename and delete the own ones.
const WRITE: &str = "platform.attachments.create";
const UPLOAD: &str = "Attach a file to a record of any noun that the caller may read. One part named `file` in a multipart form, at most 10 \
MiB; its media type is judged from its content. A record has at most 200 attachments.";

fn upload(cx: &mut Cx, to: AttachTo, upload: Upload) -> Result<Attachment> {
    let about = cx.record(&to.record_id)?;
    let about = about.ok_or_else(|| unknown_in_query("record_id", format!("There is no record {}.", to.record_id)))?;
    let file = files::judged(cx, &upload)?;
    let count = rows::count(cx.db(), &about.id)?;
    cx.ensure(count < MOST, TOO_MANY, || format!("{} has {MOST} attachments.", about.id))?;
    let made = cx.create(Attachment::new(cx.new_id(), cx.caller.user_id, &about, file, cx.now))?;
    rows::insert_content(cx.db(), made.id.uuid(), upload.bytes)?;
    Ok(made)
}

fn update(cx: &mut Cx, id: AttachmentId, patch: AttachmentPatch) -> Result<Attachment> {
    let before = cx.load_for_update::<Attachment>(id)?;
    before.check_changeable(cx.caller.user_id, cx.caller.may(MODERATE))?;
    let mut after = before.clone();
    patch.apply(&mut after);
    after.name = clean_name(&after.name)?;
    cx.save(&before, after, "updated")
}

fn content(cx: &mut Cx, id: AttachmentId) -> Result<Binary> {
    let file = cx.find::<Attachment>(id)?;
    let bytes = rows::content(cx.db(), id.uuid())?.ok_or_else(|| problems::not_found.with("The content is gone."))?;
    Ok(Binary { media_type: file.media_type, file_name: file.name, etag: Some(file.sha256), bytes })
}

fn delete(cx: &mut Cx, id: AttachmentId) -> Result<()> {
    let file = cx.load_for_update::<Attachment>(id)?;
    file.check_changeable(cx.caller.user_id, cx.caller.may(MODERATE))?;
    rows::delete_content(cx.db(), id.uuid())?;
    cx.remove(file)
}
