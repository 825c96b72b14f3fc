//! The decimal number that all rules calculate with. Its operators never panic: a result that does not fit, and a division
//! by zero, become the state "out of range", which every further operation keeps and which [`super::Decimals::exact`]
//! refuses with `amount_out_of_range`. So a sum that is too large is answered by a problem, wherever it arises.
//! `rust_decimal` itself is named here, in the rounding and where values meet the database, and nowhere else (`clippy.toml`).
#![allow(clippy::disallowed_types)]

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal as Raw, MathematicalOps, RoundingStrategy};

/// An exact decimal of up to 28 digits, or "out of range". Equal values are equal whatever their scale; "out of range" is
/// greater than every number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal(Option<Raw>);

impl Decimal {
    pub const ZERO: Self = Self(Some(Raw::ZERO));
    pub const ONE: Self = Self(Some(Raw::ONE));
    pub const TWO: Self = Self(Some(Raw::TWO));
    pub const TEN: Self = Self(Some(Raw::TEN));
    pub const ONE_HUNDRED: Self = Self(Some(Raw::ONE_HUNDRED));
    pub const ONE_THOUSAND: Self = Self(Some(Raw::ONE_THOUSAND));
    /// The result of a calculation that does not fit.
    pub const OUT_OF_RANGE: Self = Self(None);

    /// `number` × 10^-`scale`; a scale above 28 is out of range.
    pub fn new(number: i64, scale: u32) -> Self {
        Self(Raw::try_new(number, scale).ok())
    }
    pub fn from_i128_with_scale(number: i128, scale: u32) -> Self {
        Self(Raw::try_from_i128_with_scale(number, scale).ok())
    }
    pub fn try_from_i128_with_scale(number: i128, scale: u32) -> Option<Self> {
        Raw::try_from_i128_with_scale(number, scale).ok().map(Into::into)
    }
    /// The number that the text says, refused when it has more digits than fit.
    pub fn from_str_exact(text: &str) -> Option<Self> {
        Raw::from_str_exact(text).ok().map(Into::into)
    }
    /// The closest decimal of 15 digits; `None` for what is no number or does not fit.
    pub fn from_f64(value: f64) -> Option<Self> {
        Raw::from_f64(value).map(Into::into)
    }
    /// The decimal of all digits; `None` for what is no number or does not fit.
    pub fn from_f64_retain(value: f64) -> Option<Self> {
        Raw::from_f64_retain(value).map(Into::into)
    }
    /// The value for who stores or shows it; `None` when it is out of range.
    pub fn raw(self) -> Option<Raw> {
        self.0
    }
    pub fn is_out_of_range(self) -> bool {
        self.0.is_none()
    }
    pub fn is_zero(&self) -> bool {
        self.0.is_some_and(|v| v.is_zero())
    }
    pub fn is_sign_negative(&self) -> bool {
        self.0.is_some_and(|v| v.is_sign_negative())
    }
    pub fn is_sign_positive(&self) -> bool {
        !self.is_sign_negative()
    }
    pub fn is_integer(&self) -> bool {
        self.0.is_some_and(|v| v.is_integer())
    }
    pub fn abs(self) -> Self {
        self.map(|v| v.abs())
    }
    pub fn trunc(self) -> Self {
        self.map(|v| v.trunc())
    }
    pub fn fract(self) -> Self {
        self.map(|v| v.fract())
    }
    pub fn floor(self) -> Self {
        self.map(|v| v.floor())
    }
    pub fn ceil(self) -> Self {
        self.map(|v| v.ceil())
    }
    pub fn trunc_with_scale(self, scale: u32) -> Self {
        self.map(|v| v.trunc_with_scale(scale))
    }
    pub fn normalize(self) -> Self {
        self.map(|v| v.normalize())
    }
    /// e to this power, until a further term of the series is less than `tolerance`.
    pub fn exp_with_tolerance(self, tolerance: Self) -> Self {
        self.with(tolerance, |v, tolerance| v.checked_exp_with_tolerance(tolerance))
    }
    /// Half to the even neighbour, as statistics do; money is rounded by [`super::round`].
    pub fn round_dp(self, places: u32) -> Self {
        self.map(|v| v.round_dp(places))
    }
    /// Half away from zero.
    pub(super) fn round_half_away(self, places: u32) -> Self {
        self.map(|v| v.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
    }
    /// Places after the point; 0 when out of range.
    pub fn scale(&self) -> u32 {
        self.0.map_or(0, |v| v.scale())
    }
    /// All digits as one whole number; 0 when out of range.
    pub fn mantissa(&self) -> i128 {
        self.0.map_or(0, |v| v.mantissa())
    }
    pub fn rescale(&mut self, scale: u32) {
        if let Some(v) = &mut self.0 {
            v.rescale(scale);
        }
    }
    pub fn to_f64(&self) -> Option<f64> {
        self.0.and_then(|v| v.to_f64())
    }
    pub fn to_i64(&self) -> Option<i64> {
        self.0.and_then(|v| v.to_i64())
    }
    pub fn to_i32(&self) -> Option<i32> {
        self.0.and_then(|v| v.to_i32())
    }
    pub fn to_u32(&self) -> Option<u32> {
        self.0.and_then(|v| v.to_u32())
    }
    pub fn to_usize(&self) -> Option<usize> {
        self.0.and_then(|v| v.to_usize())
    }
    pub fn checked_add(self, o: Self) -> Option<Self> {
        Self::known(self + o)
    }
    pub fn checked_sub(self, o: Self) -> Option<Self> {
        Self::known(self - o)
    }
    pub fn checked_mul(self, o: Self) -> Option<Self> {
        Self::known(self * o)
    }
    pub fn checked_div(self, o: Self) -> Option<Self> {
        Self::known(self / o)
    }
    pub fn powi(self, exponent: i64) -> Self {
        self.and_then(|v| v.checked_powi(exponent))
    }
    fn known(self) -> Option<Self> {
        self.0.map(|_| self)
    }
    fn map(self, f: impl FnOnce(Raw) -> Raw) -> Self {
        Self(self.0.map(f))
    }
    fn and_then(self, f: impl FnOnce(Raw) -> Option<Raw>) -> Self {
        Self(self.0.and_then(f))
    }
    fn with(self, o: Self, f: impl FnOnce(Raw, Raw) -> Option<Raw>) -> Self {
        Self(self.0.zip(o.0).and_then(|(a, b)| f(a, b)))
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<Raw> for Decimal {
    fn from(v: Raw) -> Self {
        Self(Some(v))
    }
}

macro_rules! from_whole { ($($ty:ty)+) => { $(
    impl From<$ty> for Decimal { fn from(v: $ty) -> Self { Self(Some(Raw::from(v))) } }
)+ } }
from_whole! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

macro_rules! operators { ($($trait:ident $name:ident $assign:ident $assign_name:ident $checked:ident;)+) => { $(
    impl $trait for Decimal {
        type Output = Self;
        fn $name(self, o: Self) -> Self { self.with(o, Raw::$checked) }
    }
    impl $trait<&Decimal> for Decimal {
        type Output = Self;
        fn $name(self, o: &Self) -> Self { self.with(*o, Raw::$checked) }
    }
    impl $trait<Decimal> for &Decimal {
        type Output = Decimal;
        fn $name(self, o: Decimal) -> Decimal { self.with(o, Raw::$checked) }
    }
    impl $trait<&Decimal> for &Decimal {
        type Output = Decimal;
        fn $name(self, o: &Decimal) -> Decimal { self.with(*o, Raw::$checked) }
    }
    impl $assign for Decimal {
        fn $assign_name(&mut self, o: Self) { *self = self.with(o, Raw::$checked); }
    }
    impl $assign<&Decimal> for Decimal {
        fn $assign_name(&mut self, o: &Self) { *self = self.with(*o, Raw::$checked); }
    }
)+ } }
operators! {
    Add add AddAssign add_assign checked_add;
    Sub sub SubAssign sub_assign checked_sub;
    Mul mul MulAssign mul_assign checked_mul;
    Div div DivAssign div_assign checked_div;
}

impl Rem for Decimal {
    type Output = Self;
    fn rem(self, o: Self) -> Self {
        self.with(o, Raw::checked_rem)
    }
}

impl Neg for Decimal {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(|v| -v)
    }
}

impl Sum for Decimal {
    fn sum<I: Iterator<Item = Self>>(i: I) -> Self {
        i.fold(Self::ZERO, |a, b| a + b)
    }
}

impl<'a> Sum<&'a Decimal> for Decimal {
    fn sum<I: Iterator<Item = &'a Decimal>>(i: I) -> Self {
        i.fold(Self::ZERO, |a, b| a + *b)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, o: &Self) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}

impl Ord for Decimal {
    fn cmp(&self, o: &Self) -> Ordering {
        match (self.0, o.0) {
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(v) => fmt::Display::fmt(v, f),
            None => f.write_str("a number out of range"),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Decimal {
    type Err = rust_decimal::Error;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse::<Raw>().map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Amount, Decimals};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_fit_is_out_of_range_and_stays_so() {
        let large = Decimal::from_i128_with_scale(79_228_162_514_264_337_593_543_950_335, 0);
        for over in [large * large, large + large, -large - large, Decimal::ONE / Decimal::ZERO, Decimal::ONE % Decimal::ZERO] {
            assert!(over.is_out_of_range());
            assert!((over * Decimal::ZERO).is_out_of_range() && (over - over).is_out_of_range());
            assert!((Decimal::ONE / over).is_out_of_range() && over.abs().is_out_of_range());
            assert!(over > large && !over.is_zero());
            assert_eq!(Amount::exact(over).unwrap_err().code().code, "amount_out_of_range");
            assert_eq!(Amount::sum_of(over).unwrap_err().code().code, "amount_out_of_range");
        }
    }

    proptest! {
        #[test]
        fn no_calculation_panics(numbers in prop::collection::vec((any::<i64>(), 0u32..20), 1..12), operations in prop::collection::vec(0u8..5, 1..12)) {
            let mut value = Decimal::ONE;
            for ((number, scale), operation) in numbers.into_iter().zip(operations) {
                let next = Decimal::new(number, scale);
                value = match operation {
                    0 => value + next,
                    1 => value - next,
                    2 => value * next * next,
                    3 => value / next,
                    _ => value % next,
                };
            }
            let _ = (value.round_dp(4), Amount::exact(value), value.to_string());
        }
    }
}
