//! What is bought, kept and sold.

crate::ids! {
    /// A product.
    ProductId "prd";
}
