//! Documents as tests of the rules need them.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Utc};
use uuid::Uuid;

use crate::accounting::posting::ItemClass;
use crate::directory::companies::Rounding;
use crate::ids::{AllocationId, CompanyId, CreditNoteId, CreditNoteLineId, InvoiceId, InvoiceLineId, PartyId, TaxCodeId};
use crate::kernel::{Amount, Id, Rate};
use crate::receivables::allocations::Allocation;
use crate::receivables::credit_notes::{CreditNote, CreditNoteLine, CreditNoteStatus, CreditPart};
use crate::receivables::invoices::lines::InvoiceLine;
use crate::receivables::invoices::{Invoice, InvoiceStatus};
use crate::tax::codes::TaxCode;
use crate::tax::engine::{TaxComputation, TaxTreatment};

pub fn a(s: &str) -> Amount {
    s.parse().expect("an amount")
}

pub fn day(s: &str) -> NaiveDate {
    s.parse().expect("a date")
}

pub fn code(id: u128, rate: &str, computation: TaxComputation) -> TaxCode {
    TaxCode {
        id: TaxCodeId::from_uuid(Uuid::from_u128(id)),
        company_id: CompanyId::from_uuid(Uuid::nil()),
        code: format!("T{id}"),
        name: "Tax".into(),
        computation,
        treatment: TaxTreatment::Taxable,
        price_includes_tax: false,
        affects_base: false,
        rates: vec![crate::tax::codes::TaxRate { valid_from_date: day("2000-01-01"), rate: rate.parse().expect("a rate") }],
        account_id: None,
        archived: false,
        version: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    }
}

pub fn line(quantity: &str, price: &str, taxes: &[u128]) -> InvoiceLine {
    InvoiceLine {
        id: InvoiceLineId::from_uuid(Uuid::nil()),
        company_id: CompanyId::from_uuid(Uuid::nil()),
        invoice_id: InvoiceId::from_uuid(Uuid::nil()),
        position: 1,
        product_id: None,
        unit_id: None,
        item_class: ItemClass::Service,
        description: "x".into(),
        quantity: quantity.parse().expect("a quantity"),
        unit_price: price.parse().expect("a price"),
        discount_percent: Rate::ZERO,
        tax_code_ids: taxes.iter().map(|&t| TaxCodeId::from_uuid(Uuid::from_u128(t))).collect(),
        taxes: vec![],
        net: Amount::ZERO,
        tax: Amount::ZERO,
        gross: Amount::ZERO,
        order_line_id: None,
        version: 1,
        created_at: Utc::now(),
    }
}

pub fn invoice(lines: Vec<InvoiceLine>, codes: &[TaxCode]) -> Invoice {
    let mut i = Invoice {
        id: InvoiceId::from_uuid(Uuid::nil()),
        company_id: CompanyId::from_uuid(Uuid::nil()),
        number: None,
        status: InvoiceStatus::Posted,
        customer_id: PartyId::from_uuid(Uuid::nil()),
        customer_name: "C".into(),
        customer_tax_id: None,
        billing_address: None,
        reference: None,
        order_id: None,
        currency: "EUR".into(),
        exchange_rate: Rate::ONE,
        exchange_rate_agreed: true,
        invoice_date: day("2019-01-01"),
        opening_date: None,
        payment_term_id: None,
        payment_terms_days: None,
        due_date: None,
        discount_until_date: Some(day("2019-01-11")),
        discount_percent: Rate::from(10),
        tolerance: Amount::ZERO,
        rounding: Rounding::PerLine,
        prices_include_tax: false,
        lines,
        taxes: vec![],
        instalments: vec![],
        net: Amount::ZERO,
        tax: Amount::ZERO,
        total: Amount::ZERO,
        total_company: Amount::ZERO,
        outstanding: Amount::ZERO,
        credited: Amount::ZERO,
        written_off: Amount::ZERO,
        journal_entry_id: None,
        created_by: None,
        posted_at: None,
        metadata: BTreeMap::new(),
        version: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    };
    let codes: BTreeMap<_, _> = codes.iter().map(|c| (c.id, c.clone())).collect();
    i.assess(&codes, 2).expect("taxed");
    i.outstanding = i.total;
    i.total_company = i.to_company(i.total, 2).expect("fits");
    i
}

/// What a credit note takes back of a line.
pub fn credited(of: &InvoiceLine, part: CreditPart) -> CreditNoteLine {
    let tax: Amount = part.taxes.iter().map(|t| t.amount).sum();
    CreditNoteLine {
        id: CreditNoteLineId::from_uuid(Uuid::nil()),
        company_id: of.company_id,
        credit_note_id: CreditNoteId::from_uuid(Uuid::nil()),
        position: of.position,
        invoice_line_id: of.id,
        product_id: None,
        item_class: of.item_class,
        description: of.description.clone(),
        quantity: part.quantity,
        gross: part.net + tax,
        net: part.net,
        tax,
        taxes: part.taxes,
        version: 1,
        created_at: Utc::now(),
    }
}

/// A posted credit note without lines.
pub fn credit_note() -> CreditNote {
    CreditNote {
        id: CreditNoteId::from_uuid(Uuid::nil()),
        company_id: CompanyId::from_uuid(Uuid::nil()),
        number: None,
        status: CreditNoteStatus::Posted,
        invoice_id: InvoiceId::from_uuid(Uuid::nil()),
        customer_id: PartyId::from_uuid(Uuid::nil()),
        customer_name: "C".into(),
        reason: String::new(),
        credit_date: day("2019-01-01"),
        currency: "EUR".into(),
        exchange_rate: Rate::ONE,
        apply_to_invoice: true,
        lines: vec![],
        taxes: vec![],
        net: Amount::ZERO,
        tax: Amount::ZERO,
        total: Amount::ZERO,
        total_company: Amount::ZERO,
        discount: Amount::ZERO,
        discount_company: Amount::ZERO,
        discount_taxes: vec![],
        unallocated: Amount::ZERO,
        allocations: vec![],
        journal_entry_id: None,
        created_by: None,
        posted_at: None,
        metadata: BTreeMap::new(),
        version: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    }
}

/// An allocation of nothing.
pub fn allocation() -> Allocation {
    Allocation {
        id: AllocationId::from_uuid(Uuid::nil()),
        company_id: CompanyId::from_uuid(Uuid::nil()),
        party_id: PartyId::from_uuid(Uuid::nil()),
        payment_id: None,
        credit_note_id: None,
        invoice_id: None,
        refunded_payment_id: None,
        effective_date: day("2026-01-20"),
        amount: Amount::ZERO,
        discount: Amount::ZERO,
        discount_company: Amount::ZERO,
        taxes: vec![],
        write_off: Amount::ZERO,
        overpaid: Amount::ZERO,
        exchange_gain: Amount::ZERO,
        journal_entry_id: None,
        reverses_id: None,
        version: 1,
        created_at: Utc::now(),
    }
}
