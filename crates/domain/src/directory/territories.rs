//! Territories: countries that are sold to together, in a tree. A country is in one territory of a company at most; a deal
//! gets the territory of its party's country when it is made, and keeps it whatever moves later.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::addresses::CountryCode;
use crate::ids::{CompanyId, TerritoryId, UserId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Result};

/// Names are unique in a company, whatever the case.
pub const DUPLICATE_NAME: Code = Code::conflict("territory.duplicate_name", "The company has a territory with this name.");
/// A territory is not below itself.
pub const CYCLE: Code = Code::invalid("territory.cycle", "A territory cannot be below itself.");
/// Territories are stacked ten high at most.
pub const TOO_DEEP: Code = Code::invalid("territory.too_deep", "Territories are at most ten levels deep.");
/// A country is in one territory of a company.
pub const COUNTRY_ELSEWHERE: Code = Code::conflict("territory.country_elsewhere", "A country is in one territory of a company at most.");
/// A country is named twice.
pub const COUNTRY_TWICE: Code = Code::invalid("territory.country_twice", "A country is named twice.");
/// A territory with others below it, or with opportunities, stays.
pub const IN_USE: Code = Code::conflict("territory.in_use", "There are territories below it, or opportunities in it.");
/// A user is named twice.
pub const MEMBER_TWICE: Code = Code::invalid("territory.member_twice", "A member is named twice.");
/// What the rules of territories can answer.
pub const REFUSALS: &[Code] = &[DUPLICATE_NAME, CYCLE, TOO_DEEP, COUNTRY_ELSEWHERE, COUNTRY_TWICE, MEMBER_TWICE];

/// Countries that are sold to together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Territory {
    /// The id.
    pub id: TerritoryId,
    /// The company that sells there.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 100, example = "DACH")]
    pub name: String,
    /// The territory it is part of; null at the top.
    #[schema(required)]
    pub parent_id: Option<TerritoryId>,
    /// Its own countries, without those of the territories below it.
    #[schema(max_items = 250)]
    pub countries: Vec<CountryCode>,
    /// Who works in it: permissions that reach the caller's territories reach its opportunities and those of the territories below it.
    #[schema(max_items = 500)]
    pub member_ids: Vec<UserId>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Territory, TerritoryId, "territory", company: |t| Some(t.company_id) }

/// A territory to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTerritory {
    /// The company that sells there.
    pub company_id: CompanyId,
    /// What it is called; unique in the company.
    #[schema(min_length = 1, max_length = 100, example = "DACH")]
    pub name: String,
    /// The territory it is part of.
    #[serde(default)]
    pub parent_id: Option<TerritoryId>,
    /// Its countries; a country is in one territory of a company.
    #[serde(default)]
    #[schema(max_items = 250)]
    pub countries: Vec<CountryCode>,
    /// Who works in it; a user may work in several.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub member_ids: Vec<UserId>,
}

crate::patch! {
    /// Changes to a territory. Opportunities stay where they are.
    pub struct TerritoryPatch for Territory {
        /// What it is called; unique in the company.
        set name: String [min_length = 1, max_length = 100],
        /// The territory it is part of; null puts it to the top.
        clear parent_id: TerritoryId,
        /// Its countries; replaced whole.
        set countries: Vec<CountryCode> [max_items = 250],
        /// Who works in it; replaced whole.
        set member_ids: Vec<UserId> [max_items = 500],
    }
}

impl Territory {
    /// The territory as entered. Fails when the name is blank or a country is named twice.
    pub fn new(id: TerritoryId, new: NewTerritory, now: DateTime<Utc>) -> Result<Self> {
        let territory = Self {
            id,
            company_id: new.company_id,
            name: filled(&new.name, "/name")?,
            parent_id: new.parent_id,
            countries: new.countries,
            member_ids: new.member_ids,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        territory.once()
    }
    /// The territory with these changes.
    pub fn change(mut self, patch: TerritoryPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.name = filled(&self.name, "/name")?;
        self.updated_at = now;
        self.once()
    }
    fn once(self) -> Result<Self> {
        for (i, country) in self.countries.iter().enumerate() {
            if self.countries[..i].contains(country) {
                return Err(COUNTRY_TWICE.field(format!("/countries/{i}"), format!("{} is named above.", country.0)));
            }
        }
        for (i, member) in self.member_ids.iter().enumerate() {
            if self.member_ids[..i].contains(member) {
                return Err(MEMBER_TWICE.field(format!("/member_ids/{i}"), format!("{member} is named above.")));
            }
        }
        Ok(self)
    }
}
