//! How often customers without a contract buy, and for how much: the BG/NBD model of Fader, Hardie and Lee ("Counting Your
//! Customers" the Easy Way, Marketing Science 24, 2005) and the Gamma-Gamma model of spend (Fader and Hardie, 2013), fitted
//! by maximum likelihood. Statistics in floating point; amounts come back to decimals where they are used, and say how.

use crate::kernel::minimum;

/// Purchases of a customer: repeat purchases, the time from the first to the last, and the time since the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    pub frequency: f64,
    pub recency: f64,
    pub age: f64,
}

/// Customers with the same history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    pub history: History,
    pub customers: f64,
}

/// Gathers equal histories, so that a likelihood computes each once.
pub fn alike(histories: &[History]) -> Vec<Alike> {
    let mut sorted = histories.to_vec();
    let order =
        |a: &History, b: &History| a.frequency.total_cmp(&b.frequency).then(a.recency.total_cmp(&b.recency)).then(a.age.total_cmp(&b.age));
    sorted.sort_by(order);
    let mut out: Vec<Alike> = Vec::new();
    for history in sorted {
        match out.last_mut() {
            Some(last) if last.history == history => last.customers += 1.0,
            _ => out.push(Alike { history, customers: 1.0 }),
        }
    }
    out
}

/// The BG/NBD model: purchases as long as a customer lives come with a rate of Gamma(r, α), and after each purchase a
/// customer leaves with a probability of Beta(a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
}

/// The Gamma-Gamma model: what a purchase brings scatters with Gamma(p, ν) around a mean of each customer, and ν with
/// Gamma(q, v).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    pub p: f64,
    pub q: f64,
    pub v: f64,
}

/// What a customer's purchases brought on average, and how many they were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spend {
    pub purchases: f64,
    pub mean: f64,
}

/// Steps of the search at most.
const MOST_STEPS: u64 = 2_000;
/// The logarithm of a parameter stays within this, ages of the oldest being ten and means one: beyond it customers are all
/// alike as far as anybody can tell.
const FARTHEST: f64 = 7.0;

fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// `ln(e^x + e^y)` without overflow.
fn ln_sum(x: f64, y: f64) -> f64 {
    let (high, low) = if x > y { (x, y) } else { (y, x) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// Gauss's hypergeometric function by its series (DLMF 15.2.1), for `0 ≤ z < 1`; nothing when it does not come to an end.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> Option<f64> {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..100_000 {
        let n = f64::from(n);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() <= sum.abs() * 1e-14 {
            return sum.is_finite().then_some(sum);
        }
    }
    None
}

impl BgNbd {
    /// The logarithm of the likelihood of one history (equation 6 of the paper).
    fn ln_likelihood(&self, h: &History) -> f64 {
        let (r, alpha, a, b, x) = (self.r, self.alpha, self.a, self.b, h.frequency);
        let common = ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln();
        let alive = ln_beta(a, b + x) - ln_beta(a, b) - (r + x) * (alpha + h.age).ln();
        let gone = match x > 0.0 {
            true => ln_beta(a + 1.0, b + x - 1.0) - ln_beta(a, b) - (r + x) * (alpha + h.recency).ln(),
            false => f64::NEG_INFINITY,
        };
        common + ln_sum(alive, gone)
    }
    /// The logarithm of the likelihood of all.
    pub fn log_likelihood(&self, rows: &[Alike]) -> f64 {
        rows.iter().map(|r| r.customers * self.ln_likelihood(&r.history)).sum()
    }
    /// The most likely model within bounds, and whether it lies at one; nothing when the search comes to nothing.
    pub fn fit(rows: &[Alike]) -> Option<(Self, bool)> {
        let customers: f64 = rows.iter().map(|r| r.customers).sum();
        let oldest = rows.iter().map(|r| r.history.age).fold(0.0, f64::max);
        if customers == 0.0 || oldest <= 0.0 {
            return None;
        }
        // ages of about ten, as the search likes them; α goes back to the unit of the rows
        let scale = 10.0 / oldest;
        let scaled: Vec<Alike> = rows
            .iter()
            .map(|r| {
                let h = History { recency: r.history.recency * scale, age: r.history.age * scale, ..r.history };
                Alike { history: h, ..*r }
            })
            .collect();
        let cost = |ln: &[f64]| {
            let model = Self { r: ln[0].exp(), alpha: ln[1].exp(), a: ln[2].exp(), b: ln[3].exp() };
            -model.log_likelihood(&scaled) / customers
        };
        let (found, at_bound) = search(cost, vec![0.0; 4])?;
        Some((Self { r: found[0].exp(), alpha: found[1].exp() / scale, a: found[2].exp(), b: found[3].exp() }, at_bound))
    }
    /// How likely a customer has not left. Whoever bought once has not: nobody leaves before the first repeat purchase.
    pub fn p_alive(&self, h: &History) -> f64 {
        if h.frequency == 0.0 {
            return 1.0;
        }
        1.0 / (1.0 + self.odds_of_gone(h))
    }
    fn odds_of_gone(&self, h: &History) -> f64 {
        let ratio = ((self.alpha + h.age) / (self.alpha + h.recency)).ln() * (self.r + h.frequency);
        self.a / (self.b + h.frequency - 1.0) * ratio.exp()
    }
    /// How many purchases a customer makes in the time to come (equation 10 of the paper); nothing when the series does not
    /// come to an end.
    pub fn expected(&self, h: &History, time: f64) -> Option<f64> {
        let x = h.frequency;
        // the formula has a hole at a = 1 that its neighbourhood closes
        let a = if (self.a - 1.0).abs() < 1e-7 { 1.0 + 1e-7 } else { self.a };
        let whole = self.alpha + h.age + time;
        let series = hypergeometric(self.r + x, self.b + x, a + self.b + x - 1.0, time / whole)?;
        let left = ((self.alpha + h.age) / whole).ln() * (self.r + x);
        let living = (a + self.b + x - 1.0) / (a - 1.0) * (1.0 - left.exp() * series);
        let gone = if x > 0.0 { self.odds_of_gone(h) } else { 0.0 };
        let out = living / (1.0 + gone);
        out.is_finite().then(|| out.max(0.0))
    }
}

impl GammaGamma {
    fn ln_likelihood(&self, s: &Spend) -> f64 {
        let (p, q, v, x, m) = (self.p, self.q, self.v, s.purchases, s.mean);
        ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma(q) + q * v.ln() + (p * x - 1.0) * m.ln() + p * x * x.ln()
            - (p * x + q) * (x * m + v).ln()
    }
    /// The most likely model within bounds of customers who brought something, and whether it lies at one; nothing when the
    /// search comes to nothing.
    pub fn fit(rows: &[Spend]) -> Option<(Self, bool)> {
        let n = rows.len() as f64;
        let mean = rows.iter().map(|r| r.mean).sum::<f64>() / n;
        if !(mean.is_finite() && mean > 0.0) {
            return None;
        }
        let scaled: Vec<Spend> = rows.iter().map(|r| Spend { mean: r.mean / mean, ..*r }).collect();
        let cost = |ln: &[f64]| {
            let model = Self { p: ln[0].exp(), q: ln[1].exp(), v: ln[2].exp() };
            -scaled.iter().map(|s| model.ln_likelihood(s)).sum::<f64>() / n
        };
        let (found, at_bound) = search(cost, vec![1.0, 1.0, 0.0])?;
        Some((Self { p: found[0].exp(), q: found[1].exp(), v: found[2].exp() * mean }, at_bound))
    }
    /// What a purchase of the customer brings on average from now on: between what the customer's own brought and what
    /// those of all do.
    pub fn expected(&self, s: &Spend) -> Option<f64> {
        let below = self.p * s.purchases + self.q - 1.0;
        let out = self.p * (self.v + s.purchases * s.mean) / below;
        (below > 0.0 && out.is_finite()).then_some(out)
    }
}

/// Where a cost is smallest, by the method of Nelder and Mead, begun anew from what it finds until that moves no more;
/// and whether that is at a bound.
fn search(cost: impl Fn(&[f64]) -> f64, start: Vec<f64>) -> Option<(Vec<f64>, bool)> {
    let bounded = |at: &[f64]| {
        let cost = if at.iter().any(|v| v.abs() > FARTHEST) { f64::INFINITY } else { cost(at) };
        if cost.is_nan() { 1e12 } else { cost.min(1e12) }
    };
    let mut best = start;
    for _ in 0..4 {
        let corner = |i: usize| {
            let mut at = best.clone();
            at[i] += if at[i] > 0.0 { -0.5 } else { 0.5 };
            at
        };
        let simplex: Vec<Vec<f64>> = std::iter::once(best.clone()).chain((0..best.len()).map(corner)).collect();
        let found = minimum(bounded, simplex, 1e-12, MOST_STEPS)?;
        let moved = found.iter().zip(&best).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        best = found;
        if moved < 1e-5 {
            break;
        }
    }
    let at_bound = best.iter().any(|v| v.abs() > FARTHEST - 0.05);
    best.iter().all(|v| v.is_finite()).then_some((best, at_bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAPER: BgNbd = BgNbd { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };

    #[test]
    fn a_series_is_that_of_the_logarithm() {
        // 2F1(1, 1; 2; z) = −ln(1 − z) / z
        for z in [0.1f64, 0.5, 0.9] {
            let exact = -(1.0 - z).ln() / z;
            assert!((hypergeometric(1.0, 1.0, 2.0, z).expect("a sum") - exact).abs() < 1e-9);
        }
    }

    #[test]
    fn whoever_bought_once_is_alive_and_whoever_stopped_is_less() {
        let of = |frequency, recency| PAPER.p_alive(&History { frequency, recency, age: 38.86 });
        assert_eq!(of(0.0, 0.0), 1.0);
        assert!(of(2.0, 30.43) > of(2.0, 10.0));
        assert!((of(2.0, 30.43) - 0.7266).abs() < 1e-3);
    }

    #[test]
    fn likelihoods_of_one_another_do_not_overflow() {
        let row = Alike { history: History { frequency: 400.0, recency: 500.0, age: 501.0 }, customers: 1.0 };
        assert!(PAPER.log_likelihood(&[row]).is_finite());
    }

    /// The published example: customer 0001 of the CDNOW sample, 39 weeks ahead. The others by the same formulas in double precision.
    #[test]
    fn purchases_to_come_are_those_of_the_paper() {
        for (frequency, recency, expected) in
            [(2.0, 30.43, 1.226_028), (0.0, 0.0, 0.195_098), (1.0, 1.71, 0.203_187), (7.0, 29.43, 3.337_053)]
        {
            let history = History { frequency, recency, age: 38.86 };
            let found = PAPER.expected(&history, 39.0).expect("ends");
            assert!((found - expected).abs() < 1e-5, "{frequency} {recency}: {found}");
            // in no time nobody buys, and the longer the time the more is bought
            assert!(PAPER.expected(&history, 0.0).expect("ends").abs() < 1e-9);
            let later: Vec<f64> = [1.0, 10.0, 39.0, 100.0].iter().map(|t| PAPER.expected(&history, *t).expect("ends")).collect();
            assert!(later.is_sorted() && later[0] > 0.0, "{later:?}");
        }
        // a customer of whom nothing is known yet buys what all do: equation 9
        let fresh = History { frequency: 0.0, recency: 0.0, age: 0.0 };
        assert!((PAPER.expected(&fresh, 39.0).expect("ends") - 1.196_723).abs() < 1e-5);
        // the hole at a = 1 is closed by its neighbourhood
        let at = |a: f64| BgNbd { a, ..PAPER }.expected(&History { frequency: 2.0, recency: 30.43, age: 38.86 }, 39.0).expect("ends");
        assert!((at(1.0) - at(1.0 + 1e-5)).abs() < 1e-3 && (at(1.0) - at(1.0 - 1e-5)).abs() < 1e-3);
    }

    #[test]
    fn who_is_alive_is_as_in_the_paper() {
        for (frequency, recency, expected) in [(2.0, 30.43, 0.726_6), (1.0, 1.71, 0.212_1), (7.0, 29.43, 0.641_8), (0.0, 0.0, 1.0)] {
            let found = PAPER.p_alive(&History { frequency, recency, age: 38.86 });
            assert!((found - expected).abs() < 5e-4, "{frequency} {recency}: {found}");
        }
    }

    /// What a purchase brings lies between the customer's own and that of all, nearer to the own the more there were.
    #[test]
    fn few_purchases_say_little_of_a_customer() {
        let model = GammaGamma { p: 6.25, q: 3.74, v: 15.44 };
        let all = model.p * model.v / (model.q - 1.0);
        let expected: Vec<f64> =
            [1.0, 2.0, 5.0, 100.0].iter().map(|n| model.expected(&Spend { purchases: *n, mean: 100.0 }).expect("some")).collect();
        assert!((all - 35.219).abs() < 0.001, "{all}");
        assert!(expected.is_sorted() && expected[0] > all && expected[3] < 100.0 && expected[3] > 99.0, "{expected:?}");
        assert!((expected[1] - (6.25 * (15.44 + 200.0)) / (6.25 * 2.0 + 3.74 - 1.0)).abs() < 1e-9);
        assert_eq!(GammaGamma { p: 0.1, q: 0.5, v: 1.0 }.expected(&Spend { purchases: 1.0, mean: 1.0 }), None);
    }
}
