//! Who the caller is and what the caller may.

use serde::Serialize;
use utoipa::ToSchema;

use super::people::{PersonTeam, is_picture};
use super::users::User;
use crate::ids::{ApiKeyId, CompanyId, SessionId, StoredFileId};
use crate::kernel::{Code, Result};

/// Pictures have one of a few formats and are small.
pub const NO_PICTURE: Code = Code::invalid("user.no_picture", "The file is no picture: PNG, JPEG, GIF or WebP, at most 1 MiB.");
/// Companies and teams that the answer names at most.
pub const MOST_NAMED: usize = 200;

/// A company in which the caller works.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OwnCompany {
    pub id: CompanyId,
    /// Short code.
    #[schema(max_length = 20)]
    pub code: String,
    /// Trading name.
    #[schema(max_length = 200)]
    pub name: String,
    /// Currency of the books, ISO 4217.
    #[schema(min_length = 3, max_length = 3)]
    pub currency: String,
    /// Time zone of the company's days, a name of the IANA data base.
    #[schema(max_length = 64)]
    pub time_zone: String,
}

/// The caller: the user, what it may and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Me {
    pub user: User,
    /// The codes of the roles of the user.
    #[schema(max_items = 200)]
    pub roles: Vec<String>,
    /// Permissions and patterns of the caller, with their reach after a colon unless it is everything
    /// (`crm.leads.update:team`). For an API key, those that its owner still has.
    #[schema(max_items = 2000)]
    pub permissions: Vec<String>,
    /// Whether this caller has all companies, also those founded later.
    pub all_companies: bool,
    /// The companies this caller has, when not all.
    #[schema(max_items = 10000)]
    pub company_ids: Vec<CompanyId>,
    /// The companies in which this caller works, by name; the first 200.
    #[schema(max_items = 200)]
    pub companies: Vec<OwnCompany>,
    /// The teams that the user is in or leads, in the companies of this caller.
    #[schema(max_items = 200)]
    pub teams: Vec<PersonTeam>,
    /// The session, when the caller logged in.
    #[schema(required)]
    pub session_id: Option<SessionId>,
    /// The API key, when the caller is a program.
    #[schema(required)]
    pub api_key_id: Option<ApiKeyId>,
}

/// Refuses a file that is no picture.
///
/// # Errors
/// [`NO_PICTURE`].
pub fn judge_picture(id: StoredFileId, media_type: &str, size: i64) -> Result<()> {
    match is_picture(media_type, size) {
        true => Ok(()),
        false => Err(NO_PICTURE.field("/picture_id", format!("{id} is {media_type} of {size} bytes."))),
    }
}
