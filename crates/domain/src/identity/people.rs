//! Users as every user sees them: who they are, and neither how they log in nor what they may.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::users::UserStatus;
use crate::ids::{CompanyId, StoredFileId, TeamId, UserId};

/// The largest picture in bytes.
pub const LARGEST_PICTURE: i64 = 1 << 20;
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Whether a file of this type and size is shown as a picture.
pub fn is_picture(media_type: &str, size: i64) -> bool {
    PICTURES.contains(&media_type) && size <= LARGEST_PICTURE
}

/// A team that somebody is in or leads.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonTeam {
    pub id: TeamId,
    /// The company of the team.
    pub company_id: CompanyId,
    /// Display name.
    #[schema(max_length = 100)]
    pub name: String,
    /// Whether the person leads it.
    pub is_manager: bool,
}

/// A user as all users see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Person {
    /// The id of the user.
    pub id: UserId,
    /// The name as shown to others.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether the user may log in.
    pub status: UserStatus,
    /// The file with the picture, read with `GET /v1/identity/people/{person_id}/picture`; another picture has another id.
    #[schema(required)]
    pub picture_id: Option<StoredFileId>,
    /// The teams that the person is in or leads, in the companies of the caller.
    #[schema(max_items = 200)]
    pub teams: Vec<PersonTeam>,
    /// Version of the user: 1 at first, increased by every change.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// Time of the last change of the user.
    pub updated_at: DateTime<Utc>,
}

impl crate::Entity for Person {
    type Id = UserId;
    const NOUN: &'static str = "person";
    fn id(&self) -> UserId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn bump(&mut self, _: DateTime<Utc>) {}
    fn within(&mut self, has: &dyn Fn(CompanyId) -> bool) {
        self.teams.retain(|team| has(team.company_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_known_format_and_is_small() {
        assert!(is_picture("image/png", 1) && is_picture("image/webp", LARGEST_PICTURE));
        assert!(
            !is_picture("image/svg+xml", 1) && !is_picture("text/plain; charset=utf-8", 1) && !is_picture("image/png", LARGEST_PICTURE + 1)
        );
    }
}
