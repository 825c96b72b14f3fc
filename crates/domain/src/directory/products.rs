//! What is bought, kept and sold. Stock and value belong to inventory, prices by customer to sales.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tags::{self, Tag};
use super::{currencies, search};
use crate::ids::{ProductId, UnitId};
use crate::kernel::{Code, Findings, Quantity, Result, UnitPrice, problems};

crate::words! {
    /// Whether stock is kept of it.
    pub enum ProductKind {
        Stocked = "stocked",
        Service = "service",
    }
    /// Whether pieces of it are told apart.
    pub enum Tracking as ProductTracking {
        /// They are not.
        None = "none",
        /// Each has a serial number, which is written down when it leaves.
        Serial = "serial",
    }
    /// Which rate of tax it falls under.
    pub enum TaxClass {
        Standard = "standard",
        Reduced = "reduced",
        Zero = "zero",
        Exempt = "exempt",
    }
    /// By which accounts its documents are booked.
    pub enum PostingClass {
        Merchandise = "merchandise",
        FinishedGoods = "finished_goods",
        RawMaterial = "raw_material",
        Service = "service",
    }
}

/// A price needs its currency and a currency needs a price or cost.
pub const PRICE_WITHOUT_CURRENCY: Code = Code::invalid("product.price_without_currency", "A price or cost needs a currency.");
/// A price, cost or weight is below zero.
pub const NEGATIVE_PRICE: Code = Code::invalid("product.negative_value", "Prices, costs and weights are not below zero.");
/// A service with the posting class of goods, or goods with that of services.
pub const WRONG_POSTING_CLASS: Code = Code::invalid("product.wrong_posting_class", "The posting class does not fit the kind.");
/// Only goods have serial numbers.
pub const WRONG_TRACKING: Code = Code::invalid("product.wrong_tracking", "Only goods are tracked by serial numbers.");
/// The product is archived.
pub const ARCHIVED: Code = Code::conflict("product.archived", "The product is archived.");
/// What the rules of a product can answer.
pub const REFUSALS: &[Code] = &[PRICE_WITHOUT_CURRENCY, NEGATIVE_PRICE, WRONG_POSTING_CLASS, WRONG_TRACKING, currencies::UNKNOWN_CURRENCY];

/// Something that is bought, kept or sold.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Product {
    /// The id.
    pub id: ProductId,
    /// Stock keeping unit: the unique code of the product.
    #[schema(min_length = 1, max_length = 64, example = "CHAI-10")]
    pub sku: String,
    /// Name.
    #[schema(min_length = 1, max_length = 200, example = "Chai, 10 boxes x 20 bags")]
    pub name: String,
    /// Longer text.
    #[schema(required, max_length = 4000)]
    pub description: Option<String>,
    /// Whether stock is kept of it. Fixed after creation.
    pub kind: ProductKind,
    /// Whether pieces of it are told apart.
    pub tracking: Tracking,
    /// The unit it is counted in. Fixed after creation.
    pub unit_id: UnitId,
    /// List price for one unit.
    #[schema(required)]
    pub sales_price: Option<UnitPrice>,
    /// What one unit is expected to cost; a hint for margins, never the value of stock.
    #[schema(required)]
    pub expected_cost: Option<UnitPrice>,
    /// Currency of price and cost, ISO 4217.
    #[schema(required, min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Which rate of tax it falls under.
    pub tax_class: TaxClass,
    /// By which accounts its documents are booked.
    pub posting_class: PostingClass,
    /// Group for lists and reports, as free text.
    #[schema(required, max_length = 100)]
    pub category: Option<String>,
    /// Bar code, unique when given.
    #[schema(required, max_length = 64, example = "4006381333931")]
    pub barcode: Option<String>,
    /// Weight of one unit in kilograms.
    #[schema(required)]
    pub weight_kg: Option<Quantity>,
    /// Words to find it by.
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
    /// Free text by key.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was archived; archived products cannot be put on new documents.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Product, ProductId, "product", actions: |p| vec![if p.archived_at.is_some() { "restore" } else { "archive" }] }
crate::archivable! { Product }

/// A product to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// Stock keeping unit: the unique code of the product.
    #[schema(min_length = 1, max_length = 64, example = "CHAI-10")]
    pub sku: String,
    /// Name.
    #[schema(min_length = 1, max_length = 200, example = "Chai, 10 boxes x 20 bags")]
    pub name: String,
    /// Longer text.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub description: Option<String>,
    /// Whether stock is kept of it; `stocked` when left out. It cannot be changed later.
    #[serde(default = "stocked")]
    pub kind: ProductKind,
    /// Whether pieces of it are told apart by serial numbers; `none` when left out.
    #[serde(default = "untracked")]
    pub tracking: Tracking,
    /// The unit it is counted in. It cannot be changed later.
    pub unit_id: UnitId,
    /// List price for one unit.
    #[serde(default)]
    pub sales_price: Option<UnitPrice>,
    /// What one unit is expected to cost.
    #[serde(default)]
    pub expected_cost: Option<UnitPrice>,
    /// Currency of price and cost, ISO 4217. Needed with either.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// Which rate of tax it falls under; `standard` when left out.
    #[serde(default = "standard")]
    pub tax_class: TaxClass,
    /// By which accounts its documents are booked; `merchandise` for goods and `service` for services when left out.
    #[serde(default)]
    pub posting_class: Option<PostingClass>,
    /// Group for lists and reports, as free text.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub category: Option<String>,
    /// Bar code, unique when given.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub barcode: Option<String>,
    /// Weight of one unit in kilograms.
    #[serde(default)]
    pub weight_kg: Option<Quantity>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
    /// Free text by key.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

fn stocked() -> ProductKind {
    ProductKind::Stocked
}
fn untracked() -> Tracking {
    Tracking::None
}
fn standard() -> TaxClass {
    TaxClass::Standard
}

crate::patch! {
    /// Changes to a product. Kind and unit stay as they are.
    pub struct ProductPatch for Product {
        /// Stock keeping unit.
        set sku: String [min_length = 1, max_length = 64],
        /// Name.
        set name: String [min_length = 1, max_length = 200],
        /// Longer text.
        clear description: String [max_length = 4000],
        /// List price for one unit.
        clear sales_price: UnitPrice,
        /// What one unit is expected to cost.
        clear expected_cost: UnitPrice,
        /// Currency of price and cost.
        clear currency: String [min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$"],
        /// Whether pieces of it are told apart. Pieces that left before have no numbers.
        set tracking: Tracking,
        /// Which rate of tax it falls under.
        set tax_class: TaxClass,
        /// By which accounts its documents are booked.
        set posting_class: PostingClass,
        /// Group for lists and reports.
        clear category: String [max_length = 100],
        /// Bar code.
        clear barcode: String [min_length = 1, max_length = 64],
        /// Weight of one unit in kilograms.
        clear weight_kg: Quantity,
        /// Words to find it by; replaced as a whole.
        set tags: Vec<Tag> [max_items = 50],
        /// Free text by key; replaced as a whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Product {
    /// A product; the posting class follows the kind when left out.
    pub fn new(id: ProductId, new: NewProduct, now: DateTime<Utc>) -> Result<Self> {
        let class = match new.kind {
            ProductKind::Stocked => PostingClass::Merchandise,
            ProductKind::Service => PostingClass::Service,
        };
        let product = Self {
            id,
            sku: new.sku.trim().to_string(),
            name: new.name.trim().to_string(),
            description: new.description,
            kind: new.kind,
            tracking: new.tracking,
            unit_id: new.unit_id,
            sales_price: new.sales_price,
            expected_cost: new.expected_cost,
            currency: new.currency,
            tax_class: new.tax_class,
            posting_class: new.posting_class.unwrap_or(class),
            category: new.category,
            barcode: new.barcode,
            weight_kg: new.weight_kg,
            tags: tags::tidy(new.tags),
            metadata: new.metadata,
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        product.check().map(|()| product)
    }
    /// The product with these changes.
    pub fn change(mut self, patch: ProductPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.check().map(|()| self)
    }
    fn check(&self) -> Result<()> {
        let mut found = Findings::default();
        for (pointer, text) in [("/sku", &self.sku), ("/name", &self.name)] {
            if text.trim().is_empty() {
                found.add(problems::invalid_body, pointer, "It must not be empty.");
            }
        }
        if self.kind == ProductKind::Service && self.tracking == Tracking::Serial {
            found.add(WRONG_TRACKING, "/tracking", "A service has no pieces.");
        }
        match &self.currency {
            Some(currency) => {
                found.take("/currency", currencies::minor_units(currency));
            }
            None if self.sales_price.is_some() || self.expected_cost.is_some() => {
                found.add(PRICE_WITHOUT_CURRENCY, "/currency", "Say the currency of the price.")
            }
            None => {}
        }
        let values = [
            ("/sales_price", self.sales_price.is_some_and(UnitPrice::is_negative)),
            ("/expected_cost", self.expected_cost.is_some_and(UnitPrice::is_negative)),
            ("/weight_kg", self.weight_kg.is_some_and(Quantity::is_negative)),
        ];
        for (pointer, _) in values.into_iter().filter(|(_, negative)| *negative) {
            found.add(NEGATIVE_PRICE, pointer, "It must not be below zero.");
        }
        if (self.kind == ProductKind::Service) != (self.posting_class == PostingClass::Service) {
            found.add(WRONG_POSTING_CLASS, "/posting_class", format!("A {} product is not booked as {}.", self.kind, self.posting_class));
        }
        found.done()
    }
    /// Whether stock is kept of it.
    pub fn is_stocked(&self) -> bool {
        self.kind == ProductKind::Stocked
    }
    /// Refuses an archived product on a new document; `pointer` names the field that refers to it.
    pub fn check_usable(&self, pointer: &str) -> Result<()> {
        match self.archived_at {
            Some(_) => Err(ARCHIVED.field(pointer, format!("{} is archived.", self.sku))),
            None => Ok(()),
        }
    }
    /// The text it is found by.
    pub fn search_text(&self) -> String {
        search::text_of([&*self.sku, &self.name, self.barcode.as_deref().unwrap_or_default()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Archivable;
    use crate::kernel::Id;
    use serde_json::json;

    fn build(body: serde_json::Value) -> Result<Product> {
        let id = ProductId::from_uuid(uuid::Uuid::nil());
        let mut full = json!({"sku": "A", "name": "Article", "unit_id": UnitId::from_uuid(uuid::Uuid::nil()).to_string()});
        full.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        Product::new(id, serde_json::from_value(full).expect("a body"), Utc::now())
    }

    #[test]
    fn the_posting_class_follows_the_kind() {
        assert_eq!(build(json!({})).expect("goods").posting_class, PostingClass::Merchandise);
        assert_eq!(build(json!({"kind": "service"})).expect("a service").posting_class, PostingClass::Service);
        assert_eq!(build(json!({"posting_class": "service"})).expect_err("goods").code(), WRONG_POSTING_CLASS);
    }

    #[test]
    fn prices_need_a_currency_and_are_not_negative() {
        assert_eq!(build(json!({"sales_price": "1"})).expect_err("no currency").code(), PRICE_WITHOUT_CURRENCY);
        assert_eq!(build(json!({"sales_price": "-1", "currency": "EUR"})).expect_err("negative").code(), NEGATIVE_PRICE);
        assert!(build(json!({"sales_price": "0.333333", "currency": "EUR"})).is_ok());
    }

    #[test]
    fn archiving_and_restoring_take_turns() {
        let p = build(json!({})).expect("valid").archive(Utc::now()).expect("archives");
        assert_eq!(p.check_usable("/product_id").expect_err("archived").code(), ARCHIVED);
        let again = p.clone().archive(Utc::now()).expect_err("is archived");
        assert_eq!(again.state().map(|(s, a)| (s, a.len())), Some(("archived", 1)));
        assert!(p.restore(Utc::now()).expect("restores").check_usable("/product_id").is_ok());
    }
}
