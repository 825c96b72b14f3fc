//! Predictive scoring: how likely leads like those of the past become customers. A logistic regression, fitted by
//! Newton's method (iteratively reweighted least squares) on features scaled to mean zero and deviation one, and judged
//! by the area under the ROC curve on rows that it has not seen. Statistics in floating point; no money comes near it.

use crate::kernel::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{Code, Decimals, Findings, Rate, Result, problems, round_to};

/// The rows teach nothing: all have one outcome, or a feature tells the outcomes apart without fail.
pub const NO_FIT: Code = Code::invalid("lead_prediction.no_fit", "No regression fits these rows.");
/// A row has another number of values than there are features.
pub const WRONG_ROW: Code = Code::invalid("lead_prediction.wrong_row", "A row does not have one value for each feature.");

/// Steps of Newton's method at most; a fit that exists is found within a few.
const MOST_STEPS: usize = 50;
/// The fit is found when no coefficient moves by more than this.
const CLOSE: f64 = 1e-10;

/// A case of the past.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictionRow {
    /// The value of each feature, in the order of the features; 1 and 0 for yes and no.
    #[schema(min_items = 1, max_items = 20)]
    pub values: Vec<Rate>,
    /// Whether it became what is predicted.
    pub outcome: bool,
}

/// What a prediction is fitted to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FitPrediction {
    /// The names of the features. Leave out what is only known once the outcome is, such as a stage or the amount at the
    /// close: a model that has seen it predicts nothing.
    #[schema(min_items = 1, max_items = 20, example = json!(["balance"]))]
    pub features: Vec<FeatureName>,
    /// The rows to learn from.
    #[schema(min_items = 10, max_items = 50000)]
    pub training: Vec<PredictionRow>,
    /// The rows to judge by, not among those learnt from; the training rows themselves when left out.
    #[serde(default)]
    #[schema(max_items = 50000)]
    pub test: Vec<PredictionRow>,
}

/// The name of a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 100, example = "balance")]
pub struct FeatureName(pub String);

/// The weight of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Coefficient {
    /// The feature.
    pub feature: FeatureName,
    /// By how much one unit more changes the logarithm of the odds, ten places.
    pub coefficient: Rate,
}

/// A fitted prediction. The probability is 1 / (1 + e^−(intercept + Σ coefficient × value)).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Prediction {
    /// The logarithm of the odds when all features are zero, ten places.
    pub intercept: Rate,
    /// The weights, in the order of the features.
    #[schema(max_items = 20)]
    pub coefficients: Vec<Coefficient>,
    /// Rows learnt from.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub training_rows: i64,
    /// Those of them with the outcome.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub training_positives: i64,
    /// Rows judged by.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub test_rows: i64,
    /// The probability that of a row with the outcome and one without the first gets the higher score; ties count half.
    /// Four places; null when the rows judged by have one outcome only.
    #[schema(required)]
    pub auc: Option<Rate>,
}

struct Sample {
    x: Vec<f64>,
    y: bool,
}

fn samples(rows: &[PredictionRow], features: usize, place: &str, found: &mut Findings) -> Vec<Sample> {
    let mut out = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        if row.values.len() != features {
            found.add(WRONG_ROW, format!("/{place}/{i}/values"), format!("It must have {features} values."));
        }
        out.push(Sample { x: row.values.iter().map(|v| v.get().to_f64().unwrap_or_default()).collect(), y: row.outcome });
    }
    out
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Solves a symmetric system by elimination with pivots; nothing when it has no single solution.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for c in 0..n {
        let pivot = (c..n).max_by(|i, j| a[*i][c].abs().total_cmp(&a[*j][c].abs()))?;
        if a[pivot][c].abs() < 1e-12 {
            return None;
        }
        a.swap(c, pivot);
        b.swap(c, pivot);
        for r in c + 1..n {
            let factor = a[r][c] / a[c][c];
            let (above, below) = a.split_at_mut(r);
            below[0][c..].iter_mut().zip(&above[c][c..]).for_each(|(x, p)| *x -= factor * p);
            b[r] -= factor * b[c];
        }
    }
    let mut x = vec![0.0; n];
    for r in (0..n).rev() {
        let known: f64 = (r + 1..n).map(|k| a[r][k] * x[k]).sum();
        x[r] = (b[r] - known) / a[r][r];
    }
    Some(x)
}

/// Intercept and coefficients, the intercept first.
fn regress(rows: &[Sample], features: usize) -> Option<Vec<f64>> {
    let n = rows.len() as f64;
    let mean: Vec<f64> = (0..features).map(|j| rows.iter().map(|r| r.x[j]).sum::<f64>() / n).collect();
    let spread = |j: usize| (rows.iter().map(|r| (r.x[j] - mean[j]).powi(2)).sum::<f64>() / n).sqrt();
    let deviation: Vec<f64> = (0..features).map(spread).collect();
    if deviation.contains(&0.0) {
        return None;
    }
    let scaled: Vec<Vec<f64>> =
        rows.iter().map(|r| std::iter::once(1.0).chain((0..features).map(|j| (r.x[j] - mean[j]) / deviation[j])).collect()).collect();
    let mut beta = vec![0.0; features + 1];
    for _ in 0..MOST_STEPS {
        let (mut gradient, mut hessian) = (vec![0.0; features + 1], vec![vec![0.0; features + 1]; features + 1]);
        for (row, x) in rows.iter().zip(&scaled) {
            let p = sigmoid(x.iter().zip(&beta).map(|(a, b)| a * b).sum());
            let (rest, weight) = (f64::from(u8::from(row.y)) - p, p * (1.0 - p));
            for ((line, slope), xi) in hessian.iter_mut().zip(&mut gradient).zip(x) {
                *slope += rest * xi;
                line.iter_mut().zip(x).for_each(|(cell, xj)| *cell += weight * xi * xj);
            }
        }
        let step = solve(hessian, gradient)?;
        beta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
        if step.iter().all(|s| s.abs() < CLOSE) {
            let mut out: Vec<f64> = (0..features).map(|j| beta[j + 1] / deviation[j]).collect();
            let intercept = beta[0] - out.iter().zip(&mean).map(|(c, m)| c * m).sum::<f64>();
            out.insert(0, intercept);
            return Some(out);
        }
    }
    None
}

/// The area under the ROC curve by the sum of ranks (Mann and Whitney); nothing when there is one outcome only.
fn auc(rows: &[Sample], weights: &[f64]) -> Option<f64> {
    let score = |r: &Sample| weights[0] + r.x.iter().zip(&weights[1..]).map(|(x, w)| x * w).sum::<f64>();
    let mut scored: Vec<(f64, bool)> = rows.iter().map(|r| (score(r), r.y)).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|s| s.1).count();
    let negatives = scored.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut ranks, mut i) = (0.0, 0);
    while i < scored.len() {
        let end = i + scored[i..].iter().take_while(|s| s.0 == scored[i].0).count();
        // those with one score share the mean of their ranks
        let rank = (i + 1 + end) as f64 / 2.0;
        ranks += rank * scored[i..end].iter().filter(|s| s.1).count() as f64;
        i = end;
    }
    let (p, n) = (positives as f64, negatives as f64);
    Some((ranks - p * (p + 1.0) / 2.0) / (p * n))
}

fn rate(value: f64, places: u32) -> Result<Rate> {
    let value = Decimal::from_f64(value).ok_or(problems::amount_out_of_range)?;
    Rate::exact(round_to(value, places))
}

/// Fits a prediction. Fails with [`NO_FIT`] and [`WRONG_ROW`], and with `amount_out_of_range` when a coefficient has more
/// than seven digits.
pub fn fit(asked: &FitPrediction) -> Result<Prediction> {
    let features = asked.features.len();
    let mut found = Findings::default();
    let training = samples(&asked.training, features, "training", &mut found);
    let test = samples(&asked.test, features, "test", &mut found);
    found.done()?;
    let positives = training.iter().filter(|r| r.y).count();
    if positives == 0 || positives == training.len() {
        return Err(NO_FIT.field("/training", "All rows have the same outcome."));
    }
    let none = || NO_FIT.field("/training", "A feature never changes, follows from others, or tells the outcomes apart without fail.");
    let weights = regress(&training, features).ok_or_else(none)?;
    let judged = if test.is_empty() { &training } else { &test };
    let one = |(feature, weight): (&FeatureName, &f64)| Ok(Coefficient { feature: feature.clone(), coefficient: rate(*weight, 10)? });
    Ok(Prediction {
        intercept: rate(weights[0], 10)?,
        coefficients: asked.features.iter().zip(&weights[1..]).map(one).collect::<Result<_>>()?,
        training_rows: training.len() as i64,
        training_positives: positives as i64,
        test_rows: judged.len() as i64,
        auc: auc(judged, &weights).map(|a| rate(a, 4)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[&str], outcome: bool) -> PredictionRow {
        PredictionRow { values: values.iter().map(|v| v.parse().expect("a decimal")).collect(), outcome }
    }

    fn asked(features: &[&str], training: Vec<PredictionRow>) -> FitPrediction {
        FitPrediction { features: features.iter().map(|f| FeatureName(f.to_string())).collect(), training, test: vec![] }
    }

    #[test]
    fn a_table_of_two_by_two_gives_the_logarithm_of_its_odds() {
        // 10 of 40 without, 30 of 40 with: odds 1/3 and 3, their ratio 9
        let rows = |value: &'static str, yes: usize, no: usize| {
            (0..yes).map(move |_| row(&[value], true)).chain((0..no).map(move |_| row(&[value], false)))
        };
        let p = fit(&asked(&["called"], rows("0", 10, 30).chain(rows("1", 30, 10)).collect())).expect("a fit");
        assert_eq!((p.intercept.to_string(), p.coefficients[0].coefficient.to_string()), ("-1.0986122887".into(), "2.1972245773".into()));
        assert_eq!((p.training_rows, p.training_positives, p.auc.map(|a| a.to_string())), (80, 40, Some("0.75".into())));
    }

    #[test]
    fn what_teaches_nothing_is_refused() {
        let same: Vec<_> = (0..10).map(|n| row(&[&n.to_string()], true)).collect();
        let constant: Vec<_> = (0..10).map(|n| row(&["1"], n % 2 == 0)).collect();
        let apart: Vec<_> = (0..10).map(|n| row(&[&n.to_string()], n > 4)).collect();
        for rows in [same, constant, apart] {
            assert_eq!(fit(&asked(&["x"], rows)).expect_err("refused").code(), NO_FIT);
        }
        let wrong = (0..10).map(|n| row(&["1", "2"], n % 2 == 0)).collect();
        assert_eq!(fit(&asked(&["x"], wrong)).expect_err("refused").code(), WRONG_ROW);
    }

    /// LEAD-02 of the published cases, where the data is at hand: the coefficients of all rows, and the area under the
    /// curve of the rows held back.
    #[test]
    fn the_shared_case_holds() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/crm/default_customers.csv");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: {path} is not here; the table above covers the same method");
            return;
        };
        let mut all = Vec::new();
        let mut held_back = Vec::new();
        let mut learnt = Vec::new();
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let student = if cells[2] == "Yes" { "1" } else { "0" };
            let one = row(&[student, cells[3], cells[4]], cells[1] == "Yes");
            let test = cells[0].parse::<u32>().expect("a number") % 5 == 0;
            if test { &mut held_back } else { &mut learnt }.push(one.clone());
            all.push(one);
        }
        let features = ["student", "balance", "income"];
        let whole = fit(&asked(&features, all)).expect("a fit");
        assert_eq!((whole.training_rows, whole.training_positives), (10_000, 333));
        let near = |value: Rate, wanted: &str, places: u32| {
            let wanted: Decimal = wanted.parse().expect("a decimal");
            assert_eq!(round_to(value.get(), places), wanted, "{value}");
        };
        // the maximum likelihood as published (James et al., table 4.3); the case's own figures carry a penalty
        near(whole.intercept, "-10.869", 3);
        near(whole.coefficients[0].coefficient, "-0.6468", 4);
        near(whole.coefficients[1].coefficient, "0.0057", 4);
        near(whole.coefficients[2].coefficient, "0.000003", 6);
        let judged = fit(&FitPrediction { test: held_back, ..asked(&features, learnt) }).expect("a fit");
        assert_eq!(judged.auc.map(|a| a.to_string()), Some("0.9405".into()), "the case asks for at least 0.93");
    }
}
