//! Whose turn it is among several who take turns.

use std::collections::BTreeMap;

/// The candidate whose last turn is the longest ago; of equals, such as those who never had one, the first in the list. The
/// turns are remembered for each candidate and not counted together, so that each set of candidates is served in equal parts
/// however sets of different candidates follow each other.
pub fn next<T: Copy + Ord>(candidates: &[T], last: &BTreeMap<T, i64>) -> Option<T> {
    candidates.iter().min_by_key(|c| last.get(c).copied().unwrap_or_default()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sets_that_alternate_are_each_served_in_equal_parts(order in proptest::collection::vec(any::<bool>(), 0..200)) {
            let (left, right) = ([1, 2, 3], [4, 5]);
            let (mut last, mut had) = (BTreeMap::new(), BTreeMap::<i32, i64>::new());
            for (turn, is_left) in order.iter().enumerate() {
                let next = next(if *is_left { &left[..] } else { &right[..] }, &last).expect("somebody");
                last.insert(next, turn as i64 + 1);
                *had.entry(next).or_default() += 1;
            }
            for set in [&left[..], &right[..]] {
                let shares: Vec<i64> = set.iter().map(|m| had.get(m).copied().unwrap_or_default()).collect();
                prop_assert!(shares.iter().max().unwrap_or(&0) - shares.iter().min().unwrap_or(&0) <= 1, "{:?}", shares);
            }
        }
    }
}
