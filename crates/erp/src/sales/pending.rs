//! Stands in for invoices and credit notes until accounting has them; nothing here stays.

pub mod invoices {
    use domain::accounting::invoices::{Invoice, NewInvoice};
    use platform::prelude::*;
    pub const REFUSALS: &[Code] = &[];
    pub fn create(_: &mut Cx, _: NewInvoice) -> Result<Invoice> {
        Err(problems::unavailable.into())
    }
}

pub mod credit_notes {
    use domain::accounting::credit_notes::{CreditNote, NewCreditNote};
    use platform::prelude::*;
    pub const REFUSALS: &[Code] = &[];
    pub fn create(_: &mut Cx, _: NewCreditNote) -> Result<CreditNote> {
        Err(problems::unavailable.into())
    }
}
