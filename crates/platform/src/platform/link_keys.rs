//! The keys that sign links for people without an account: replacing them, and revoking what they signed.

use domain::identity::authority::ALL_COMPANIES_NEEDED;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::prelude::*;
use crate::signed;

pub fn operations(t: &mut Table) {
    t.tag("platform/link-keys", "The keys that sign links for people without an account.");
    t.command("rotate_link_keys", "platform/link-keys/rotate", rotate, ROTATE).fails(&[ALL_COMPANIES_NEEDED]);
}

const ROTATE: &str = "Replace the key that signs links. Links already sent stay valid, unless `revoke` is set: then every link that was ever sent becomes invalid, as it should when a key has leaked. It needs a grant on all companies.";

/// How the key is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateLinkKeys {
    /// Whether links that are out stop working; false when left out.
    #[serde(default)]
    pub revoke: bool,
}

/// What keys there are now.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkKeys {
    /// The number of the key that signs from now on.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub signing: u32,
    /// How many keys are good for links that are out, the new one among them.
    #[schema(minimum = 1, maximum = 16)]
    pub good: i32,
}

fn rotate(cx: &mut Cx, how: RotateLinkKeys) -> Result<LinkKeys> {
    crate::identity::judge_shared(cx)?;
    let (signing, good) = signed::rotate(cx, how.revoke)?;
    let actor = cx.caller.id.clone();
    log::info!("{actor} replaced the key of links by number {signing}; {good} are good");
    Ok(LinkKeys { signing, good: good as i32 })
}
