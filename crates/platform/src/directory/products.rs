//! Operations on products.

use domain::directory::products::{NewProduct, Product, ProductPatch, REFUSALS};
use domain::directory::units::{self, Unit};
use domain::identity::visibility::FieldClass;
use domain::ids::ProductId;
use persistence::directory::products as rows;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Product>("directory/products", "What is bought, kept and sold.");
    n.searched(Words::titled("name").codes(&["sku", "barcode"]).details(&["description", "category"]));
    n.masked(FieldClass::Cost, &["expected_cost"]);
    n.list("List products.")
        .filter(&["sku", "kind", "unit_id", "category", "barcode", "tax_class", "posting_class", "currency", "archived_at"])
        .filter_text("tag", "Only rows with this tag, whatever its case and accents.", rows::tagged)
        .search(&["search"])
        .sort(&["sku", "name"])
        .expand::<Unit>("unit", "unit_id");
    n.create(create, "Create a product. Kind and unit are fixed from then on.").fails(REFUSALS).fails(&[units::ARCHIVED]);
    n.bulk(create);
    n.read("Get a product.").expand::<Unit>("unit", "unit_id");
    n.update(update, "Change a product. Documents that exist keep what they were made with.").fails(REFUSALS);
    n.delete(delete, "Delete a product that nothing uses. A product that was used is archived instead.");
    n.action("archive", archive, "Archive a product. It cannot be put on new documents.");
    n.action("restore", restore, "Restore an archived product.");
}

fn create(cx: &mut Cx, new: NewProduct) -> Result<Product> {
    cx.refer::<Unit>("/unit_id", new.unit_id)?.check_usable("/unit_id")?;
    let product = Product::new(cx.new_id(), new, cx.now)?;
    cx.create(product)
}

fn update(cx: &mut Cx, id: ProductId, patch: ProductPatch) -> Result<Product> {
    let before = cx.load_for_update::<Product>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: ProductId) -> Result<()> {
    let product = cx.load_for_update::<Product>(id)?;
    cx.remove(product)
}

fn archive(cx: &mut Cx, id: ProductId) -> Result<Product> {
    let before = cx.load_for_update::<Product>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: ProductId) -> Result<Product> {
    let before = cx.load_for_update::<Product>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}
