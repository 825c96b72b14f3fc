//! The one rounding rule and the one way to split a sum.

use super::number::Decimal;

/// Rounds half away from zero ("commercial rounding") to `places`.
pub fn round_to(value: Decimal, places: u32) -> Decimal {
    value.round_half_away(places)
}

/// Rounds half away from zero to the minor unit of a currency; `minor_units` as in ISO 4217 (EUR 2, JPY 0).
pub fn round(value: Decimal, minor_units: u32) -> Decimal {
    round_to(value, minor_units)
}

/// Splits `total` in proportion to `weights` so that the parts sum to `total` exactly: each part is cut to `places`,
/// then the units left over go one by one to the largest remainders, the first of equals first (Hamilton's method).
/// Weights must not be negative; when all are zero they count as equal. No weights give no parts.
pub fn allocate(total: Decimal, weights: &[Decimal], places: u32) -> Vec<Decimal> {
    if weights.is_empty() {
        return Vec::new();
    }
    let equal = vec![Decimal::ONE; weights.len()];
    let sum: Decimal = weights.iter().sum();
    let (weights, sum) = if sum.is_zero() { (&equal[..], Decimal::from(weights.len())) } else { (weights, sum) };
    let unit = Decimal::new(1, places);
    let mut parts = Vec::with_capacity(weights.len());
    let mut rests: Vec<(usize, Decimal)> = Vec::with_capacity(weights.len());
    for (i, w) in weights.iter().enumerate() {
        let ideal = share(total, *w, sum);
        let cut = ideal.trunc_with_scale(places);
        parts.push(cut);
        rests.push((i, (ideal - cut).abs()));
    }
    let mut left = total - parts.iter().sum::<Decimal>();
    if left.is_out_of_range() {
        return vec![Decimal::OUT_OF_RANGE; parts.len()];
    }
    rests.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let step = if left.is_sign_negative() { -unit } else { unit };
    for (i, _) in rests.iter().cycle() {
        if left.abs() < unit {
            break;
        }
        parts[*i] += step;
        left -= step;
    }
    // What is finer than one unit of `places` can only come from `total` itself; it stays with the first part.
    parts[0] += left;
    parts
}

/// `total` × `weight` / `sum`; where the product does not fit, the quotient is taken first, exact to 28 digits.
fn share(total: Decimal, weight: Decimal, sum: Decimal) -> Decimal {
    let product = total * weight;
    if product.is_out_of_range() { total * (weight / sum) } else { product / sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(s: &str) -> Decimal {
        s.parse().expect("a decimal")
    }

    #[test]
    fn a_hundred_over_three_loses_no_cent() {
        assert_eq!(allocate(d("100.00"), &[Decimal::ONE; 3], 2), [d("33.34"), d("33.33"), d("33.33")]);
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(round(d("0.125"), 2), d("0.13"));
        assert_eq!(round(d("-0.125"), 2), d("-0.13"));
        assert_eq!(round(d("0.5"), 0), d("1"));
    }

    #[test]
    fn a_total_times_its_weights_may_be_too_large_for_a_product() {
        let (total, weight) = (d("289999999999971.00"), d("9999999999999.00"));
        let parts = allocate(total, &[weight; 29], 2);
        assert_eq!(parts, vec![d("9999999999999.00"); 29]);
        assert_eq!(allocate(total, &[total], 2), [total]);
        let all = allocate(Decimal::OUT_OF_RANGE, &[Decimal::ONE, Decimal::ONE], 2);
        assert!(all.iter().all(|p| p.is_out_of_range()));
    }

    proptest! {
        #[test]
        fn the_parts_always_sum_to_the_whole(total in -1_000_000_000i64..1_000_000_000, weights in prop::collection::vec(0i64..10_000, 1..40)) {
            let total = Decimal::new(total, 2);
            let weights: Vec<_> = weights.into_iter().map(|w| Decimal::new(w, 3)).collect();
            let parts = allocate(total, &weights, 2);
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().sum::<Decimal>(), total);
        }
    }
}
