//! Files: upload, look up, download, delete.

use domain::directory::companies::Company;
use domain::ids::StoredFileId;
use domain::platform::files::{BAD_NAME, EMPTY, Judged, MAX_BYTES, StoredFile, UploadOptions, clean_name};
use persistence::identity::users;
use persistence::platform::files;
use sha2::{Digest, Sha256};

use crate::cx::unknown_in_query;
use crate::prelude::*;
use crate::table::{Binary, Upload};

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<StoredFile>("platform/files", "Files that people bring, kept as they came.");
    n.searched(Words::titled("name"));
    n.seen_by(seen);
    n.list("List files: those of the caller's companies, and the caller's own. Callers with a grant on every company see all.")
        .filter(&["name", "media_type", "sha256"])
        .search(&["name"])
        .sort(&["name"]);
    n.upload(
        upload,
        "Upload a file. One part named `file` in a multipart form, at most 10 MiB; its media type is judged from its content. It \
         belongs to the company named, or else to its uploader alone.",
    )
    .fails(&[EMPTY, BAD_NAME, problems::payload_too_large, problems::invalid_query])
    .max_body(MAX_BYTES + (64 << 10));
    n.read("Get a file without its content.");
    n.content("content", content, "Download a file. Always as an attachment; byte ranges are served.");
    n.delete(delete, "Delete a file and its content.");
}

/// Whose file a caller's is: the user's, also behind an API key.
fn uploader(caller: &Caller) -> String {
    caller.user_id.map_or_else(|| caller.id.clone(), |user| user.to_string())
}

/// A file is seen by its company, or by its uploader.
fn seen(cx: &mut Cx) -> Result<Option<Condition>> {
    match cx.caller.companies.are_all() {
        true => Ok(None),
        false => Ok(Some(files::of_companies_or_by(&uploader(&cx.caller)))),
    }
}

fn upload(cx: &mut Cx, options: UploadOptions, upload: Upload) -> Result<StoredFile> {
    if let Some(id) = options.company_id {
        let unknown = || unknown_in_query("company_id", format!("There is no company {id}."));
        cx.find_all::<Company>(&[id])?.pop().ok_or_else(unknown)?;
    }
    let judged = judged(cx, &upload)?;
    let file = StoredFile {
        id: cx.new_id(),
        company_id: options.company_id,
        uploaded_by: uploader(&cx.caller),
        name: judged.name,
        media_type: judged.media_type,
        size: judged.size,
        sha256: judged.sha256,
        created_at: cx.now,
        version: 1,
    };
    let file = cx.create(file)?;
    files::insert_content(cx.db(), file.id.uuid(), upload.bytes)?;
    Ok(file)
}

/// What a file is, by its content: refused when it is empty, too large or without a usable name.
pub(crate) fn judged(cx: &Cx, upload: &Upload) -> Result<Judged> {
    cx.ensure(!upload.bytes.is_empty(), EMPTY, || "The part `file` is empty.".into())?;
    cx.ensure(upload.bytes.len() <= MAX_BYTES, problems::payload_too_large, || format!("At most {MAX_BYTES} bytes."))?;
    let media_type = infer::get(&upload.bytes).map_or("application/octet-stream", |t| t.mime_type());
    let plain = media_type == "application/octet-stream" && std::str::from_utf8(&upload.bytes).is_ok_and(|s| !s.contains('\0'));
    Ok(Judged {
        name: clean_name(&upload.name)?,
        media_type: if plain { "text/plain; charset=utf-8" } else { media_type }.into(),
        size: upload.bytes.len() as i64,
        sha256: Sha256::digest(&upload.bytes).iter().map(|b| format!("{b:02x}")).collect(),
    })
}

fn content(cx: &mut Cx, id: StoredFileId) -> Result<Binary> {
    let file = cx.find::<StoredFile>(id)?;
    let bytes = files::content(cx.db(), id.uuid())?.ok_or_else(|| problems::not_found.with("The content is gone."))?;
    Ok(Binary { media_type: file.media_type, file_name: file.name, etag: Some(file.sha256), bytes })
}

fn delete(cx: &mut Cx, id: StoredFileId) -> Result<()> {
    let file = cx.load_for_update::<StoredFile>(id)?;
    let is_picture = users::shows(cx.db(), id.uuid())?;
    cx.ensure(!is_picture, problems::in_use, || "It is the picture of a user.".into())?;
    files::delete_content(cx.db(), id.uuid())?;
    cx.remove(file)
}
