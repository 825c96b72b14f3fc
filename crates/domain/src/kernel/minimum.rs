//! The search for the smallest value of a function without derivatives: the simplex method of Nelder and Mead (A Simplex Method
//! for Function Minimization, The Computer Journal 7, 1965), with its usual coefficients.

/// A corner of the simplex and the cost there.
type Corner = (f64, Vec<f64>);

/// The corner with the smallest cost that the search comes to: when the standard deviation of the costs falls below
/// `tolerance`, or after `most_steps`. A cost that is no number counts as infinite. `None` for an empty simplex.
pub fn minimum(cost: impl Fn(&[f64]) -> f64, simplex: Vec<Vec<f64>>, tolerance: f64, most_steps: u64) -> Option<Vec<f64>> {
    let corner = |at: Vec<f64>| -> Corner {
        let here = cost(&at);
        (if here.is_nan() { f64::INFINITY } else { here }, at)
    };
    let mut corners: Vec<Corner> = simplex.into_iter().map(corner).collect();
    sort(&mut corners);
    for _ in 0..most_steps {
        if deviation(&corners) < tolerance {
            break;
        }
        let (worst, others) = corners.split_last()?;
        let (best, second_worst) = (others.first()?.0, others.last()?.0);
        let center = mean(others);
        // from the worst corner through the center of the others
        let along = |factor: f64| corner(center.iter().zip(&worst.1).map(|(c, w)| c + factor * (c - w)).collect());
        let reflected = along(1.0);
        let next = if reflected.0 < best {
            Some(along(2.0)).filter(|expanded| expanded.0 < reflected.0).or(Some(reflected))
        } else if reflected.0 < second_worst {
            Some(reflected)
        } else {
            let (contracted, bound) = if reflected.0 < worst.0 { (along(0.5), reflected.0) } else { (along(-0.5), worst.0) };
            Some(contracted).filter(|c| c.0 <= bound)
        };
        match next {
            Some(better) => *corners.last_mut()? = better,
            None => {
                let best = corners[0].1.clone();
                for at in &mut corners[1..] {
                    *at = corner(best.iter().zip(&at.1).map(|(b, v)| b + 0.5 * (v - b)).collect());
                }
            }
        }
        sort(&mut corners);
    }
    corners.into_iter().next().map(|(_, at)| at)
}

fn sort(corners: &mut [Corner]) {
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
}

fn deviation(corners: &[Corner]) -> f64 {
    let n = corners.len() as f64;
    let mean = corners.iter().map(|c| c.0).sum::<f64>() / n;
    (corners.iter().map(|c| (c.0 - mean).powi(2)).sum::<f64>() / n).sqrt()
}

fn mean(corners: &[Corner]) -> Vec<f64> {
    let n = corners.len() as f64;
    let places = corners.first().map_or(0, |c| c.1.len());
    (0..places).map(|i| corners.iter().map(|c| c.1[i]).sum::<f64>() / n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let cost = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let found = minimum(cost, vec![vec![-1.2, 1.0], vec![-0.7, 1.0], vec![-1.2, 1.5]], 1e-14, 2_000).expect("a minimum");
        assert!(found.iter().all(|v| (v - 1.0).abs() < 1e-5), "{found:?}");
    }

    #[test]
    fn what_is_no_number_is_never_the_smallest() {
        let cost = |x: &[f64]| if x[0] < 1.0 { f64::NAN } else { x[0] };
        let found = minimum(cost, vec![vec![3.0], vec![2.5]], 1e-12, 500).expect("a minimum");
        assert!((found[0] - 1.0).abs() < 1e-3, "{found:?}");
        assert_eq!(minimum(cost, vec![], 1e-12, 500), None);
    }
}
