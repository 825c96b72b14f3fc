//! The tax engine: lines and taxes in, nets, taxes and gross out. Pure arithmetic on exact decimals.
//!
//! Every tax of a line is a linear function of its net: `t = a·net + b`, where a fixed tax has only `b` and a tax whose
//! base another one enters inherits both. An inclusive price is the net and its inclusive taxes, so the net follows by
//! division. What is rounded is the tax; the net of an inclusive price is what remains, so that net and taxes always
//! sum to the gross that was asked. Per line, each tax of each line is rounded; per document, each tax is rounded once
//! over all lines and handed out to them by largest remainder.

use crate::kernel::Decimal;

use crate::directory::companies::Rounding;
use crate::ids::TaxCodeId;
use crate::kernel::{Amount, Code, Decimals, Quantity, Result, UnitPrice, allocate, round};

crate::words! {
    /// How a tax is computed.
    pub enum TaxComputation {
        /// A percentage of the base.
        Percent = "percent",
        /// An amount for each unit.
        FixedPerUnit = "fixed_per_unit",
    }
    /// Why a tax is what it is.
    pub enum TaxTreatment {
        /// Taxed at its rate.
        Taxable = "taxable",
        /// Taxable at zero per cent.
        ZeroRated = "zero_rated",
        /// Outside the tax; no tax is shown.
        Exempt = "exempt",
        /// The customer owes the tax; it is shown and not charged.
        ReverseCharge = "reverse_charge",
    }
    /// What a discount on a whole document is taken from.
    pub enum DiscountBasis {
        /// The net; tax follows.
        Net = "net",
        /// The total with tax; net and tax follow.
        Total = "total",
    }
}

pub const DISCOUNT_TOO_LARGE: Code = Code::invalid("tax.discount_too_large", "The discount is larger than the document.");
pub const NEGATIVE_LINE: Code = Code::invalid("tax.negative_line", "Quantities and prices of a line are not negative.");

/// A tax as it applies to a document: the rate of its date.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedTax {
    /// The id.
    pub id: TaxCodeId,
    /// The short code, unique in the company.
    pub code: String,
    /// How it is computed.
    pub computation: TaxComputation,
    /// Why it is what it is.
    pub treatment: TaxTreatment,
    /// Per cent, or money for one unit.
    pub rate: Decimal,
    /// The price contains this tax.
    pub included: bool,
    /// Later taxes of the line are computed on this one too.
    pub affects_base: bool,
}

/// A line to be taxed. Discounts of the line come off the price first.
#[derive(Debug, Clone, PartialEq)]
pub struct TaxableLine {
    /// How much.
    pub quantity: Quantity,
    /// Money for one unit.
    pub unit_price: UnitPrice,
    /// 0 to 100.
    pub discount_percent: Decimal,
    /// Indexes of the taxes, in the order in which they are computed.
    pub taxes: Vec<usize>,
}

/// One tax of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct LineTax {
    /// The tax.
    pub tax: usize,
    pub base: Amount,
    /// What is charged.
    pub amount: Amount,
    /// What the customer owes to the authority under reverse charge.
    pub shifted: Amount,
}

/// A taxed line.
#[derive(Debug, Clone, PartialEq)]
pub struct TaxedLine {
    /// Without tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// With tax.
    pub gross: Amount,
    /// The taxes.
    pub taxes: Vec<LineTax>,
}

/// A taxed document: Σ net + Σ tax = gross, by line and in total.
#[derive(Debug, Clone, PartialEq)]
pub struct Taxed {
    /// The lines.
    pub lines: Vec<TaxedLine>,
    /// One for each tax that occurs, in the order given.
    pub taxes: Vec<LineTax>,
    /// Without tax.
    pub net: Amount,
    /// The tax.
    pub tax: Amount,
    /// With tax.
    pub gross: Amount,
}

/// The coefficients of one tax of one line: its amount is `a·net + b`, its base `base_a·net + base_b`.
struct Part {
    tax: usize,
    a: Decimal,
    b: Decimal,
    base_a: Decimal,
    base_b: Decimal,
    included: bool,
}

/// A line on its way: what it asks for, unrounded, and its taxes.
struct Work {
    price: Decimal,
    parts: Vec<Part>,
}

impl Work {
    fn included(&self) -> (Decimal, Decimal) {
        self.parts.iter().filter(|p| p.included).fold((Decimal::ZERO, Decimal::ZERO), |(a, b), p| (a + p.a, b + p.b))
    }
    /// The exact net: the price less its inclusive taxes.
    fn net(&self) -> Decimal {
        let (a, b) = self.included();
        (self.price - b) / (Decimal::ONE + a)
    }
}

fn parts(line: &TaxableLine, taxes: &[AppliedTax], all_included: bool) -> Vec<Part> {
    let (mut base_a, mut base_b) = (Decimal::ONE, Decimal::ZERO);
    let mut out = Vec::with_capacity(line.taxes.len());
    for &tax in &line.taxes {
        let t = &taxes[tax];
        let silent = matches!(t.treatment, TaxTreatment::Exempt | TaxTreatment::ZeroRated);
        let (a, b) = match t.computation {
            _ if silent => (Decimal::ZERO, Decimal::ZERO),
            TaxComputation::Percent => (base_a * t.rate / Decimal::ONE_HUNDRED, base_b * t.rate / Decimal::ONE_HUNDRED),
            TaxComputation::FixedPerUnit => (Decimal::ZERO, t.rate * line.quantity.get()),
        };
        let charged = t.treatment == TaxTreatment::Taxable;
        out.push(Part { tax, a, b, base_a, base_b, included: charged && (t.included || all_included) });
        if t.affects_base && charged {
            (base_a, base_b) = (base_a + a, base_b + b);
        }
    }
    out
}

/// Taxes a document. `places` are the minor units of its currency.
pub fn calculate(lines: &[TaxableLine], taxes: &[AppliedTax], rounding: Rounding, places: u32) -> Result<Taxed> {
    let work = lines.iter().enumerate().map(|(i, l)| {
        if l.quantity.is_negative()
            || l.unit_price.is_negative()
            || l.discount_percent > Decimal::ONE_HUNDRED
            || l.discount_percent < Decimal::ZERO
        {
            return Err(
                NEGATIVE_LINE.field(format!("/lines/{i}"), "Quantity and price are at least zero, a discount is at most 100 per cent.")
            );
        }
        let price = l.quantity.get() * l.unit_price.get() * (Decimal::ONE_HUNDRED - l.discount_percent) / Decimal::ONE_HUNDRED;
        // a price that could not be booked is refused before taxes make it larger still
        Amount::exact(round(price, places)).map_err(|p| p.under(&format!("/lines/{i}")))?;
        Ok(Work { price, parts: parts(l, taxes, false) })
    });
    assess(&work.collect::<Result<Vec<_>>>()?, taxes, rounding, places)
}

/// Taxes a document and takes a discount off the whole of it, apportioned over the lines.
pub fn calculate_discounted(
    lines: &[TaxableLine],
    taxes: &[AppliedTax],
    rounding: Rounding,
    places: u32,
    discount: Amount,
    basis: DiscountBasis,
) -> Result<Taxed> {
    let full = calculate(lines, taxes, rounding, places)?;
    if discount.is_zero() {
        return Ok(full);
    }
    let whole = if basis == DiscountBasis::Net { full.net } else { full.gross };
    if discount.is_negative() || discount > whole {
        return Err(DISCOUNT_TOO_LARGE.with(format!("The discount of {discount} is not between zero and {whole}.")));
    }
    let of = |l: &TaxedLine| if basis == DiscountBasis::Net { l.net.get() } else { l.gross.get() };
    let cuts = allocate(discount.get(), &full.lines.iter().map(of).collect::<Vec<_>>(), places);
    let work: Vec<_> = lines
        .iter()
        .zip(full.lines.iter().zip(cuts))
        .map(|(line, (taxed, cut))| {
            // From the net, every tax comes on top; from the total, every tax is inside.
            let mut parts = parts(line, taxes, basis == DiscountBasis::Total);
            if basis == DiscountBasis::Net {
                parts.iter_mut().for_each(|p| p.included = false);
            }
            Work { price: of(taxed) - cut, parts }
        })
        .collect();
    assess(&work, taxes, rounding, places)
}

fn assess(work: &[Work], taxes: &[AppliedTax], rounding: Rounding, places: u32) -> Result<Taxed> {
    let exact = exact_taxes(work, rounding, places);
    let rounded = match rounding {
        Rounding::PerLine => exact.iter().map(|l| l.iter().map(|t| round(*t, places)).collect()).collect(),
        Rounding::PerDocument => spread(work, &exact, taxes.len(), places),
    };
    let mut lines = Vec::with_capacity(work.len());
    for (w, amounts) in work.iter().zip(&rounded) {
        let inside: Decimal = w.parts.iter().zip(amounts).filter(|(p, _)| p.included).map(|(_, t)| *t).sum();
        let net = round(w.price, places) - inside;
        let mut line =
            TaxedLine { net: Amount::exact(net)?, tax: Amount::ZERO, gross: Amount::ZERO, taxes: Vec::with_capacity(amounts.len()) };
        for (p, t) in w.parts.iter().zip(amounts) {
            let t = Amount::exact(*t)?;
            let charged = taxes[p.tax].treatment == TaxTreatment::Taxable;
            let (amount, shifted) = if charged { (t, Amount::ZERO) } else { (Amount::ZERO, t) };
            line.tax += amount;
            line.taxes.push(LineTax { tax: p.tax, base: Amount::exact(round(p.base_a * net + p.base_b, places))?, amount, shifted });
        }
        line.gross = line.net + line.tax;
        lines.push(line);
    }
    total(lines, taxes.len())
}

/// The tax of each line before rounding. Per line, an exclusive tax is computed on the net that is shown; per document,
/// on the exact one.
fn exact_taxes(work: &[Work], rounding: Rounding, places: u32) -> Vec<Vec<Decimal>> {
    let of = |w: &Work| -> Vec<Decimal> {
        let net = w.net();
        let inside = || w.parts.iter().filter(|p| p.included).map(|p| round(p.a * net + p.b, places)).sum::<Decimal>();
        let shown = if rounding == Rounding::PerLine { round(w.price, places) - inside() } else { net };
        w.parts.iter().map(|p| p.a * (if p.included { net } else { shown }) + p.b).collect()
    };
    work.iter().map(of).collect()
}

/// Rounds each tax once over the document and hands it out to the lines.
fn spread(work: &[Work], exact: &[Vec<Decimal>], taxes: usize, places: u32) -> Vec<Vec<Decimal>> {
    let mut out: Vec<Vec<Decimal>> = exact.iter().map(|l| vec![Decimal::ZERO; l.len()]).collect();
    for tax in 0..taxes {
        let mut at = Vec::new();
        for (i, w) in work.iter().enumerate() {
            at.extend(w.parts.iter().enumerate().filter(|(_, p)| p.tax == tax).map(|(j, _)| (i, j)));
        }
        let weights: Vec<Decimal> = at.iter().map(|&(i, j)| exact[i][j].max(Decimal::ZERO)).collect();
        let whole = round(at.iter().map(|&(i, j)| exact[i][j]).sum(), places);
        for (&(i, j), part) in at.iter().zip(allocate(whole, &weights, places)) {
            out[i][j] = part;
        }
    }
    out
}

fn total(lines: Vec<TaxedLine>, taxes: usize) -> Result<Taxed> {
    let mut sums: Vec<Option<LineTax>> = vec![None; taxes];
    for t in lines.iter().flat_map(|l| &l.taxes) {
        let sum = sums[t.tax].get_or_insert(LineTax { tax: t.tax, base: Amount::ZERO, amount: Amount::ZERO, shifted: Amount::ZERO });
        sum.base += t.base;
        sum.amount += t.amount;
        sum.shifted += t.shifted;
    }
    let net: Amount = lines.iter().map(|l| l.net).sum();
    let tax: Amount = lines.iter().map(|l| l.tax).sum();
    for v in [net, tax, net + tax] {
        Amount::exact(v.get())?;
    }
    Ok(Taxed { lines, taxes: sums.into_iter().flatten().collect(), net, tax, gross: net + tax })
}

#[cfg(test)]
mod tests;
