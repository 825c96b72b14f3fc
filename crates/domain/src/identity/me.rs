//! Who the caller is and what the caller may.

use serde::Serialize;
use utoipa::ToSchema;

use super::users::User;
use crate::ids::{ApiKeyId, CompanyId, SessionId};

/// The caller: the user, what it may and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Me {
    pub user: User,
    /// The codes of the roles of the user.
    #[schema(max_items = 200)]
    pub roles: Vec<String>,
    /// The caller's permissions and patterns. For an API key, those that its owner still has.
    #[schema(max_items = 2000)]
    pub permissions: Vec<String>,
    /// Whether this caller has all companies, also those founded later.
    pub all_companies: bool,
    /// The companies this caller has, when not all.
    #[schema(max_items = 10000)]
    pub company_ids: Vec<CompanyId>,
    /// The session, when the caller logged in.
    #[schema(required)]
    pub session_id: Option<SessionId>,
    /// The API key, when the caller is a program.
    #[schema(required)]
    pub api_key_id: Option<ApiKeyId>,
}
