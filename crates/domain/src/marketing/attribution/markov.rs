//! Markov removal effects: journeys as a chain of first order over channels, from the start to conversion or to nothing. What
//! a channel is worth is the share of conversions that would be lost if everybody who comes to it went away.
//!
//! Transition probabilities are counts of steps divided by counts of departures. P(conversion) solves the linear equations of
//! absorption by elimination in decimals of 28 digits; every effect is rounded once, half away from zero to ten places.

use std::collections::BTreeMap;

use crate::kernel::Decimal;

use crate::kernel::{Rate, Result, round_to};
use crate::marketing::attribution_models::RemovalEffect;
use crate::marketing::touchpoints::TouchChannel;

/// The channels of a journey in the order of its touches, and whether it ended in a conversion.
pub type Path = (Vec<TouchChannel>, bool);

/// A state of the chain: the start, channels, and the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Start,
    Of(TouchChannel),
    Converted,
}

/// What each channel is worth; none when no journey converted.
///
/// # Errors
/// `amount_out_of_range` never happens: effects lie between 0 and 1.
pub fn removal_effects(paths: &[Path]) -> Result<Vec<RemovalEffect>> {
    let mut steps: BTreeMap<(State, State), i64> = BTreeMap::new();
    let mut left: BTreeMap<State, i64> = BTreeMap::new();
    for (channels, converted) in paths.iter().filter(|p| !p.0.is_empty()) {
        let mut at = State::Start;
        for &channel in channels {
            *steps.entry((at, State::Of(channel))).or_default() += 1;
            *left.entry(at).or_default() += 1;
            at = State::Of(channel);
        }
        *left.entry(at).or_default() += 1;
        if *converted {
            *steps.entry((at, State::Converted)).or_default() += 1;
        }
    }
    let whole = conversion(&steps, &left, None);
    if whole.is_zero() {
        return Ok(Vec::new());
    }
    let channels = left.keys().filter_map(|s| if let State::Of(c) = s { Some(*c) } else { None });
    channels
        .map(|channel| {
            let without = conversion(&steps, &left, Some(channel));
            let effect = round_to(Decimal::ONE - without / whole, 10).clamp(Decimal::ZERO, Decimal::ONE);
            Ok(RemovalEffect { channel, effect: Rate::try_from(effect)? })
        })
        .collect()
}

/// The probability of a conversion from the start, without a channel: whoever comes to it goes away.
fn conversion(steps: &BTreeMap<(State, State), i64>, left: &BTreeMap<State, i64>, without: Option<TouchChannel>) -> Decimal {
    let states: Vec<State> = left.keys().copied().filter(|s| without.is_none_or(|c| *s != State::Of(c))).collect();
    let count = |from: State, to: State| Decimal::from(steps.get(&(from, to)).copied().unwrap_or_default());
    // departures × x(state) − Σ steps × x(next) = steps to conversion: whole numbers, so that nothing is rounded before the elimination
    let mut rows: Vec<Vec<Decimal>> = states
        .iter()
        .map(|&from| {
            let departures = Decimal::from(left.get(&from).copied().unwrap_or_default());
            let mut row: Vec<Decimal> =
                states.iter().map(|&to| if from == to { departures } else { Decimal::ZERO } - count(from, to)).collect();
            row.push(count(from, State::Converted));
            row
        })
        .collect();
    let n = rows.len();
    for i in 0..n {
        // a row with nothing left on its diagonal never leaves itself, and never converts
        if rows[i][i].is_zero() {
            continue;
        }
        for j in i + 1..n {
            let factor = rows[j][i] / rows[i][i];
            if factor.is_zero() {
                continue;
            }
            let (above, below) = rows.split_at_mut(j);
            for (left, right) in below[0].iter_mut().zip(&above[i]).skip(i) {
                *left -= factor * *right;
            }
        }
    }
    let mut x = vec![Decimal::ZERO; n];
    for i in (0..n).rev() {
        let known: Decimal = (i + 1..n).map(|k| rows[i][k] * x[k]).sum();
        x[i] = if rows[i][i].is_zero() { Decimal::ZERO } else { (rows[i][n] - known) / rows[i][i] };
    }
    // the start comes first
    x.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(paths: &[(&[TouchChannel], bool)]) -> Vec<(TouchChannel, String)> {
        let paths: Vec<Path> = paths.iter().map(|(c, done)| (c.to_vec(), *done)).collect();
        removal_effects(&paths).expect("effects").into_iter().map(|e| (e.channel, e.effect.to_string())).collect()
    }

    use TouchChannel::{Display, Email, Social};

    /// The textbook example: C1 → C2 → C3 → conversion, C1 → nothing, C2 → C3 → nothing. P = 1/3; without C1 1/6, without C2 or
    /// C3 nothing.
    #[test]
    fn the_textbook_example_has_its_removal_effects() {
        let found = effects(&[(&[Display, Email, Social], true), (&[Display], false), (&[Email, Social], false)]);
        let of = |c| found.iter().find(|f| f.0 == c).map(|f| f.1.as_str());
        assert_eq!((of(Display), of(Email), of(Social)), (Some("0.5"), Some("1"), Some("1")));
    }

    #[test]
    fn a_channel_beside_another_is_worth_its_share() {
        // P = 1/2; without e-mail (1/4), without social (1/4)
        let found = effects(&[(&[Email], true), (&[Social], true), (&[Email], false), (&[Social], false)]);
        assert_eq!(found, [(Social, "0.5".to_string()), (Email, "0.5".to_string())]);
    }

    #[test]
    fn thirds_are_rounded_to_ten_places() {
        let found = effects(&[(&[Email], true), (&[Social], true), (&[Display], true)]);
        assert!(found.iter().all(|f| f.1 == "0.3333333333"), "{found:?}");
    }

    #[test]
    fn going_round_in_circles_is_solved() {
        // e-mail to e-mail once of two departures: P = 1
        assert_eq!(effects(&[(&[Email, Email], true)]), [(Email, "1".to_string())]);
        assert_eq!(effects(&[(&[Email, Social, Email], true), (&[Social], false)]).len(), 2);
    }

    #[test]
    fn without_conversions_nothing_is_learned() {
        assert!(effects(&[(&[Email], false)]).is_empty());
        assert!(effects(&[]).is_empty());
    }
}
