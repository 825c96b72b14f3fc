//! Competitors: who else sells what a company sells. Deals name them, so that reports can group by them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, CompetitorId};
use crate::kernel::text::{filled, trimmed};
use crate::kernel::{Code, Result};

/// An archived competitor is named by no further deal.
pub const ARCHIVED: Code = Code::invalid("competitor.archived", "The competitor is archived.");
/// Names are unique in a company, whatever the case.
pub const DUPLICATE_NAME: Code = Code::conflict("competitor.duplicate_name", "The company has a competitor with this name.");

/// Somebody who sells what the company sells.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Competitor {
    /// The id.
    pub id: CompetitorId,
    /// The company it competes with.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 200, example = "Kaffeewerk")]
    pub name: String,
    /// Its home in the web.
    #[schema(required, max_length = 300)]
    pub website: Option<String>,
    /// What it is good at.
    #[schema(required, max_length = 2000)]
    pub strengths: Option<String>,
    /// What it is bad at.
    #[schema(required, max_length = 2000)]
    pub weaknesses: Option<String>,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was archived; no further deal names it.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Competitor, CompetitorId, "competitor", company: |c| Some(c.company_id), actions: |c| match c.archived_at {
    Some(_) => vec!["restore"],
    None => vec!["archive"],
} }
crate::archivable! { Competitor }

/// A competitor to enter.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCompetitor {
    /// The company it competes with.
    pub company_id: CompanyId,
    /// What it is called; unique in the company.
    #[schema(min_length = 1, max_length = 200, example = "Kaffeewerk")]
    pub name: String,
    /// Its home in the web.
    #[serde(default)]
    #[schema(max_length = 300)]
    pub website: Option<String>,
    /// What it is good at.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub strengths: Option<String>,
    /// What it is bad at.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub weaknesses: Option<String>,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a competitor.
    pub struct CompetitorPatch for Competitor {
        /// What it is called; unique in the company.
        set name: String [min_length = 1, max_length = 200],
        /// Its home in the web.
        clear website: String [max_length = 300],
        /// What it is good at.
        clear strengths: String [max_length = 2000],
        /// What it is bad at.
        clear weaknesses: String [max_length = 2000],
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Competitor {
    /// The competitor as entered. Fails when the name is blank.
    pub fn new(id: CompetitorId, new: NewCompetitor, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            id,
            company_id: new.company_id,
            name: filled(&new.name, "/name")?,
            website: trimmed(new.website),
            strengths: trimmed(new.strengths),
            weaknesses: trimmed(new.weaknesses),
            metadata: new.metadata,
            archived_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
    /// The competitor with these changes.
    pub fn change(mut self, patch: CompetitorPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.name = filled(&self.name, "/name")?;
        self.updated_at = now;
        Ok(self)
    }
}
