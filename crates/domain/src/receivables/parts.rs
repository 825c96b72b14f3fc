//! Parts of a document: without tax and tax by code, in the currency of the document and in that of the company.

use std::collections::BTreeMap;

use crate::kernel::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::TaxCodeId;
use crate::kernel::{Amount, Decimals, Rate, Result, round};
use crate::tax::calculations::DocumentTax;

/// The tax in a part of a document, in both currencies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaxPart {
    /// The tax.
    pub tax_code_id: TaxCodeId,
    /// In the currency of the document.
    pub amount: Amount,
    /// In the company's currency.
    pub amount_company: Amount,
}

/// An amount in the document's currency and in the company's.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Both {
    pub amount: Amount,
    pub company: Amount,
}

impl Both {
    fn plus(self, other: Self) -> Self {
        Self { amount: self.amount + other.amount, company: self.company + other.company }
    }
    fn minus(self, other: Self) -> Self {
        Self { amount: self.amount - other.amount, company: self.company - other.company }
    }
    /// The share `part` of `whole`; all of it when nothing of the whole is left, so that the last share takes the rest.
    pub fn share(self, part: Decimal, whole: Decimal, places: Places) -> Result<Self> {
        if part >= whole {
            return Ok(self);
        }
        let of = |a: Amount, places| Amount::exact(round(a.get() * part / whole, places));
        Ok(Self { amount: of(self.amount, places.document)?, company: of(self.company, places.company)? })
    }
}

/// The minor units of the document's currency and of the company's.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    pub document: u32,
    pub company: u32,
}

/// An amount without tax, and its taxes by code.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    pub net: Both,
    pub taxes: BTreeMap<TaxCodeId, Both>,
}

impl Parts {
    /// A gross amount with the tax in it.
    pub fn gross(amount: Amount, company: Amount, taxes: &[TaxPart]) -> Self {
        let mut out = Self { net: Both { amount, company }, taxes: BTreeMap::new() };
        for t in taxes {
            let tax = Both { amount: t.amount, company: t.amount_company };
            out.net = out.net.minus(tax);
            let sum = out.taxes.entry(t.tax_code_id).or_default();
            *sum = sum.plus(tax);
        }
        out
    }

    pub fn total(&self) -> Both {
        self.taxes.values().fold(self.net, |sum, t| sum.plus(*t))
    }

    pub fn tax(&self, code: TaxCodeId) -> Both {
        self.taxes.get(&code).copied().unwrap_or_default()
    }

    pub fn plus(mut self, other: &Self) -> Self {
        self.net = self.net.plus(other.net);
        for (code, tax) in &other.taxes {
            let sum = self.taxes.entry(*code).or_default();
            *sum = sum.plus(*tax);
        }
        self
    }

    pub fn minus(mut self, other: &Self) -> Self {
        self.net = self.net.minus(other.net);
        for (code, tax) in &other.taxes {
            let sum = self.taxes.entry(*code).or_default();
            *sum = sum.minus(*tax);
        }
        self
    }

    /// What of this goes with `part` of `whole`, each tax by its own share. The last part takes all that is left.
    pub fn going_with(&self, part: &Parts, whole: &Parts, places: Places) -> Result<Self> {
        let share = |own: Both, part: Both, whole: Both| own.share(part.amount.get(), whole.amount.get(), places);
        // a tax of nothing has no share of its own; whatever is left of it goes with the last part
        let last = part.total().amount >= whole.total().amount;
        let net = if last { self.net } else { share(self.net, part.net, whole.net)? };
        let taxes = self.taxes.iter().map(|(code, own)| {
            let (part, whole) = (part.tax(*code), whole.tax(*code));
            let nothing = part.amount.is_zero() && !last;
            Ok((*code, if nothing { Both::default() } else { share(*own, part, whole)? }))
        });
        Ok(Self { net, taxes: taxes.collect::<Result<_>>()? })
    }

    /// No more of each part than there is in `most`.
    pub fn at_most(&self, most: &Self) -> Self {
        let least = |a: Both, b: Both| if a.amount > b.amount { b } else { a };
        let taxes = self.taxes.iter().map(|(code, own)| (*code, least(*own, most.tax(*code)))).collect();
        Self { net: least(self.net, most.net), taxes }
    }

    /// The taxes as documents show them, without those of nothing.
    pub fn tax_parts(&self) -> Vec<TaxPart> {
        let some = self.taxes.iter().filter(|(_, t)| !t.amount.is_zero() || !t.company.is_zero());
        some.map(|(code, t)| TaxPart { tax_code_id: *code, amount: t.amount, amount_company: t.company }).collect()
    }
}

/// The company's amount of what comes to `before` things that are converted already. All steps together are the whole,
/// converted once, so that parts leave no cent.
pub fn converted(before: Amount, amount: Amount, rate: Rate, company_places: u32) -> Result<Amount> {
    let at = |a: Amount| Amount::exact(round(a.get() * rate.get(), company_places));
    Ok(at(before + amount)? - at(before)?)
}

/// The sums of taxes by code.
pub fn taxes_by_code<'a>(taxes: impl IntoIterator<Item = &'a DocumentTax>) -> BTreeMap<TaxCodeId, Amount> {
    let mut out = BTreeMap::new();
    for t in taxes {
        *out.entry(t.tax_code_id).or_default() += t.amount;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::kernel::Id;

    const PLACES: Places = Places { document: 2, company: 2 };

    fn a(s: &str) -> Amount {
        s.parse().expect("an amount")
    }
    fn code(id: u128) -> TaxCodeId {
        TaxCodeId::from_uuid(Uuid::from_u128(id))
    }
    fn parts(net: &str, taxes: &[(u128, &str)]) -> Parts {
        let taxes = taxes.iter().map(|(id, t)| (code(*id), Both { amount: a(t), company: a(t) })).collect();
        Parts { net: Both { amount: a(net), company: a(net) }, taxes }
    }

    #[test]
    fn each_tax_goes_with_its_own_share() {
        // two rates; all of the first and nothing of the second is taken back
        let whole = parts("300", &[(1, "20"), (2, "20")]);
        let given = parts("6", &[(1, "0.40"), (2, "0.40")]);
        let part = parts("100", &[(1, "20")]);
        let got = given.going_with(&part, &whole, PLACES).expect("shares");
        assert_eq!(got.net.amount, a("2"));
        assert_eq!((got.tax(code(1)).amount, got.tax(code(2)).amount), (a("0.40"), Amount::ZERO));
        let rest = given.clone().minus(&got).going_with(&whole.clone().minus(&part), &whole.minus(&part), PLACES).expect("shares");
        assert_eq!(got.plus(&rest), given, "the last part takes the rest");
    }

    #[test]
    fn a_gross_amount_is_its_net_and_its_taxes() {
        let taxes = [TaxPart { tax_code_id: code(1), amount: a("0.40"), amount_company: a("0.36") }];
        let parts = Parts::gross(a("2.40"), a("2.16"), &taxes);
        assert_eq!((parts.net.amount, parts.net.company), (a("2.00"), a("1.80")));
        assert_eq!((parts.total().amount, parts.total().company), (a("2.40"), a("2.16")));
        assert_eq!(parts.tax_parts(), taxes);
        assert_eq!(parts.at_most(&Parts::default()).total(), Both::default());
        assert_eq!(parts.at_most(&parts), parts);
    }

    #[test]
    fn parts_at_a_rate_are_the_whole_at_the_rate() {
        let rate: Rate = "0.90".parse().expect("a rate");
        let thirds = [a("33.34"), a("33.34"), a("33.33")];
        let mut before = Amount::ZERO;
        let mut got = Vec::new();
        for t in thirds {
            got.push(converted(before, t, rate, 2).expect("fits"));
            before += t;
        }
        assert_eq!(got, [a("30.01"), a("30.00"), a("30.00")]);
        assert_eq!(got.into_iter().sum::<Amount>(), converted(Amount::ZERO, a("100.01"), rate, 2).expect("fits"));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_nothing_is_left(
            cuts in prop::collection::vec(1i64..5_000, 1..12), rate in 1i64..30_000, given in 0i64..100_000
        ) {
            let rate = Rate::exact(Decimal::new(rate, 4)).expect("a rate");
            let amount = |cents: i64| Amount::exact(Decimal::new(cents, 2)).expect("an amount");
            let part = |c: i64| Parts {
                net: Both { amount: amount(c), company: amount(c) },
                taxes: [(code(1), Both { amount: amount(c / 5), company: amount(c / 5) })].into(),
            };
            let mut whole = cuts.iter().fold(Parts::default(), |sum, c| sum.plus(&part(*c)));
            let mut left = Parts { net: Both { amount: amount(given), company: amount(given / 2) }, taxes: [(code(1), Both { amount: amount(given / 7), company: amount(given / 9) })].into() };
            let total = whole.total().amount;
            let (mut before, mut company) = (Amount::ZERO, Amount::ZERO);
            for c in cuts {
                let part = part(c);
                let share = left.going_with(&part, &whole, PLACES).expect("shares");
                prop_assert!(share.total().amount <= left.total().amount);
                left = left.minus(&share);
                company += converted(before, part.total().amount, rate, 2).expect("fits");
                before += part.total().amount;
                whole = whole.minus(&part);
            }
            prop_assert_eq!(left.total(), Both::default());
            prop_assert_eq!(company, converted(Amount::ZERO, total, rate, 2).expect("fits"));
        }
    }
}
