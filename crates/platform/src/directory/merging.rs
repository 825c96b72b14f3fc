//! What merges of parties and of contacts tell.

use std::fmt::Display;

use crate::prelude::*;

/// Tells that the winner was merged, or a merge of it taken back, and who was who: the merge, the winner, the loser.
pub(super) fn tell<E: Entity>(cx: &mut Cx, verb: &str, winner: &E, ids: [&dyn Display; 3]) {
    let mut event = Event::of(verb, winner);
    if let Some(data) = event.data.as_object_mut() {
        for (name, id) in ["merge_id", "winner_id", "loser_id"].into_iter().zip(ids) {
            data.insert(name.into(), id.to_string().into());
        }
    }
    cx.emit(event);
}
