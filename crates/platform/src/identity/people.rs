//! Who the others are: what every user may know of every user.

use domain::identity::people::{Person, is_picture};
use domain::identity::users::User;
use domain::ids::{TeamId, UserId};
use domain::platform::files::StoredFile;
use persistence::identity::people as rows;
use persistence::platform::files;
use persistence::record;

use crate::prelude::*;
use crate::table::Binary;

pub(super) fn operations(t: &mut Table) {
    t.expands_everywhere::<Person>();
    let mut n = t.noun::<Person>("identity/people", "Users as every user sees them, with picture and teams.");
    n.searched(Words::titled("name"));
    n.list_with(list, "List all users, as every user may know them.")
        .filter(&["status"])
        .filter_by::<TeamId>("team_id", "The person is in this team or in a team below it.", rows::in_team)
        .search(&["name"])
        .sort(&["name"])
        .named("list_people")
        .for_users();
    n.read("Get a user, as every user may know it.").for_users();
    n.content("picture", picture, "Download the picture of a user: PNG, JPEG, GIF or WebP.").makes("image/*").for_users();
}

fn list(cx: &mut Cx, list: List) -> Result<Page<Person>> {
    let mut page = cx.page::<Person>(list)?;
    let companies = cx.caller.companies.clone();
    page.data.iter_mut().for_each(|person| person.within(&|company| companies.contain(company)));
    Ok(page)
}

/// The file is its owner's alone; as a picture of the user it is shown to everybody.
fn picture(cx: &mut Cx, id: UserId) -> Result<Binary> {
    let none = || problems::not_found.with("The user has no picture.");
    let file_id = cx.find::<User>(id)?.picture_id.ok_or_else(none)?;
    let file = record::find::<StoredFile>(cx.db(), file_id.uuid())?.filter(|f| is_picture(&f.media_type, f.size)).ok_or_else(none)?;
    let bytes = files::content(cx.db(), file_id.uuid())?.ok_or_else(none)?;
    Ok(Binary { media_type: file.media_type, file_name: file.name, etag: Some(file.sha256), bytes })
}
