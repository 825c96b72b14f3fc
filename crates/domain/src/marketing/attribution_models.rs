//! Attribution models: which touch of a journey earns how much. Every model gives weights that sum to exactly 1, or none
//! when no touch counts.

use std::collections::BTreeMap;

use crate::kernel::Decimal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AttributionDealId, AttributionModelId, CompanyId};
use crate::kernel::{Code, Rate, Result};
use crate::marketing::touchpoints::TouchChannel;

crate::words! {
    /// How touches are weighed.
    pub enum AttributionKind {
        /// The first touch earns all.
        First = "first",
        /// The last touch earns all.
        Last = "last",
        /// The last touch that was not direct earns all; the last one when all were direct.
        LastNonDirect = "last_non_direct",
        /// All touches earn the same.
        Linear = "linear",
        /// A touch earns half as much for each half-life before the conversion.
        TimeDecay = "time_decay",
        /// First 40, last 40, the others 20 together.
        UShaped = "u_shaped",
        /// First 30, creation of the lead 30, creation of the opportunity 30, the others 10 together.
        WShaped = "w_shaped",
        /// Weights of the company's own for the named touches.
        Custom = "custom",
        /// Channels earn by how many conversions would be lost without them.
        Markov = "markov",
    }
}

/// A name that another model of the company has.
pub const DUPLICATE_NAME: Code = Code::conflict("attribution_model.duplicate_name", "There is an attribution model with this name.");
/// A half-life beside another kind.
pub const HALF_LIFE_UNUSED: Code = Code::invalid("attribution_model.half_life_unused", "Only a time-decay model has a half-life.");
/// A custom model without weights.
pub const WEIGHTS_MISSING: Code = Code::invalid("attribution_model.weights_missing", "A custom model needs weights.");
/// Weights beside another kind.
pub const WEIGHTS_UNUSED: Code = Code::invalid("attribution_model.weights_unused", "Only a custom model has weights of its own.");
/// Weights that are not 100 together, or below zero.
pub const WRONG_WEIGHTS: Code = Code::invalid("attribution_model.wrong_weights", "The weights must be 100 together and none below zero.");
/// A company has its models.
pub const TOO_MANY: Code = Code::conflict("attribution_model.too_many", "A company has at most 20 attribution models.");
/// Only a Markov model learns from journeys.
pub const NOT_MARKOV: Code = Code::conflict("attribution_model.not_markov", "Only a Markov model learns from journeys.");

/// What the rules of models can answer.
pub const REFUSALS: &[Code] = &[DUPLICATE_NAME, HALF_LIFE_UNUSED, WEIGHTS_MISSING, WEIGHTS_UNUSED, WRONG_WEIGHTS];

/// Models of a company at most: each conversion is credited by all of them.
pub const MOST: i64 = 20;

/// What named touches earn, in percent. A touch with two names earns both; what nobody has goes to the others in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedWeights {
    /// The first touch.
    #[serde(default)]
    pub first_percent: Rate,
    /// The last touch at or before the lead was created.
    #[serde(default)]
    pub lead_creation_percent: Rate,
    /// The last touch at or before the opportunity was created.
    #[serde(default)]
    pub opportunity_creation_percent: Rate,
    /// The last touch before the conversion.
    #[serde(default)]
    pub last_percent: Rate,
    /// All others together.
    #[serde(default)]
    pub other_percent: Rate,
}

impl NamedWeights {
    fn of(first: i32, lead: i32, opportunity: i32, last: i32, other: i32) -> Self {
        let r = Rate::from;
        Self {
            first_percent: r(first),
            lead_creation_percent: r(lead),
            opportunity_creation_percent: r(opportunity),
            last_percent: r(last),
            other_percent: r(other),
        }
    }
    fn all(&self) -> [Rate; 5] {
        [self.first_percent, self.lead_creation_percent, self.opportunity_creation_percent, self.last_percent, self.other_percent]
    }
}

/// What a channel earns in a Markov model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RemovalEffect {
    /// The channel.
    pub channel: TouchChannel,
    /// The share of conversions that would be lost without it: 1 − P(conversion without it) ÷ P(conversion), rounded half away
    /// from zero to ten places.
    pub effect: Rate,
}

/// Which touch of a journey earns how much.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttributionModel {
    /// The id.
    pub id: AttributionModelId,
    /// The company.
    pub company_id: CompanyId,
    /// What it is called; unique in the company.
    #[schema(max_length = 100, example = "Time decay, 7 days")]
    pub name: String,
    /// How touches are weighed.
    pub kind: AttributionKind,
    /// Touches count that happened at most so many days before the conversion.
    #[schema(minimum = 1, maximum = 730)]
    pub lookback_days: i32,
    /// Of a time-decay model: after how many days a touch is worth half.
    #[schema(required, minimum = 1, maximum = 365)]
    pub half_life_days: Option<i32>,
    /// Of a custom model: what the named touches earn.
    #[schema(required)]
    pub weights: Option<NamedWeights>,
    /// Of a Markov model: what its channels earn, as learned last. Without any, all touches earn the same.
    #[schema(max_items = 20)]
    pub effects: Vec<RemovalEffect>,
    /// Of a Markov model: when it learned last.
    #[schema(required)]
    pub trained_at: Option<DateTime<Utc>>,
    /// From how many journeys.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub trained_paths: Option<i64>,
    /// Whether all deals are credited by it as it is now. A new or changed model takes a while for many deals.
    pub is_ready: bool,
    /// The last deal credited, as long as not all are.
    #[schema(required)]
    pub credited_through: Option<AttributionDealId>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { AttributionModel, AttributionModelId, "attribution_model", company: |m| Some(m.company_id) }

/// A model to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttributionModel {
    /// The company.
    pub company_id: CompanyId,
    /// What it is called; unique in the company.
    #[schema(min_length = 1, max_length = 100, example = "Time decay, 7 days")]
    pub name: String,
    /// How touches are weighed.
    pub kind: AttributionKind,
    /// Touches count that happened at most so many days before the conversion; 90 when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 730)]
    pub lookback_days: Option<i32>,
    /// Of a time-decay model: after how many days a touch is worth half; 7 when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    pub half_life_days: Option<i32>,
    /// Of a custom model: what the named touches earn, 100 together.
    #[serde(default)]
    pub weights: Option<NamedWeights>,
}

crate::patch! {
    /// Changes to a model. Its kind stays; all deals are credited anew.
    pub struct AttributionModelPatch for AttributionModel {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// Touches count that happened at most so many days before the conversion.
        set lookback_days: i32 [minimum = 1, maximum = 730],
        /// After how many days a touch is worth half.
        clear half_life_days: i32 [minimum = 1, maximum = 365],
        /// What the named touches earn; replaced whole.
        clear weights: NamedWeights,
    }
}

/// Name and kind of the models that every company has from the beginning.
pub const READY_MADE: [(&str, AttributionKind); 8] = [
    ("First touch", AttributionKind::First),
    ("Last touch", AttributionKind::Last),
    ("Last non-direct touch", AttributionKind::LastNonDirect),
    ("Linear", AttributionKind::Linear),
    ("Time decay, 7 days", AttributionKind::TimeDecay),
    ("U-shaped 40/20/40", AttributionKind::UShaped),
    ("W-shaped 30/30/30/10", AttributionKind::WShaped),
    ("Markov", AttributionKind::Markov),
];

impl AttributionModel {
    /// A model that has credited nothing yet. Fails with [`REFUSALS`].
    pub fn new(id: AttributionModelId, new: NewAttributionModel, now: DateTime<Utc>) -> Result<Self> {
        let decays = new.kind == AttributionKind::TimeDecay;
        let model = Self {
            id,
            company_id: new.company_id,
            name: new.name,
            kind: new.kind,
            lookback_days: new.lookback_days.unwrap_or(90),
            half_life_days: new.half_life_days.or(decays.then_some(7)),
            weights: new.weights,
            effects: Vec::new(),
            trained_at: None,
            trained_paths: None,
            is_ready: false,
            credited_through: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        model.checked()
    }
    /// The model with these changes. Fails with [`REFUSALS`].
    pub fn change(mut self, patch: AttributionModelPatch, now: DateTime<Utc>) -> Result<Self> {
        let before = self.clone();
        patch.apply(&mut self);
        if self.kind == AttributionKind::TimeDecay && self.half_life_days.is_none() {
            self.half_life_days = Some(7);
        }
        self.updated_at = now;
        if (self.lookback_days, self.half_life_days, self.weights) != (before.lookback_days, before.half_life_days, before.weights) {
            self = self.anew();
        }
        self.checked()
    }
    /// The model as one that has credited nothing yet.
    pub fn anew(mut self) -> Self {
        (self.is_ready, self.credited_through) = (false, None);
        self
    }
    /// The model with what it learned from so many journeys.
    pub fn trained(mut self, effects: Vec<RemovalEffect>, paths: i64, now: DateTime<Utc>) -> Self {
        (self.effects, self.trained_paths, self.trained_at, self.updated_at) = (effects, Some(paths), Some(now), now);
        self.anew()
    }
    fn checked(mut self) -> Result<Self> {
        self.name = self.name.trim().to_string();
        if self.half_life_days.is_some() && self.kind != AttributionKind::TimeDecay {
            return Err(HALF_LIFE_UNUSED.field("/half_life_days", HALF_LIFE_UNUSED.title));
        }
        match (self.kind, &self.weights) {
            (AttributionKind::Custom, None) => return Err(WEIGHTS_MISSING.field("/weights", WEIGHTS_MISSING.title)),
            (AttributionKind::Custom, Some(w)) => {
                let sum: Rate = w.all().into_iter().sum();
                if sum != Rate::from(100) || w.all().iter().any(|r| r.is_negative()) {
                    return Err(WRONG_WEIGHTS.field("/weights", format!("They are {sum} together.")));
                }
            }
            (_, Some(_)) => return Err(WEIGHTS_UNUSED.field("/weights", WEIGHTS_UNUSED.title)),
            (_, None) => {}
        }
        Ok(self)
    }
    /// What named touches earn, of the kinds that go by names.
    pub fn named_weights(&self) -> Option<NamedWeights> {
        match self.kind {
            AttributionKind::UShaped => Some(NamedWeights::of(40, 0, 0, 40, 20)),
            AttributionKind::WShaped => Some(NamedWeights::of(30, 30, 30, 0, 10)),
            AttributionKind::Custom => self.weights,
            _ => None,
        }
    }
    /// What each channel earns.
    pub fn effect_of(&self) -> BTreeMap<TouchChannel, Decimal> {
        self.effects.iter().map(|e| (e.channel, e.effect.get())).collect()
    }
}
