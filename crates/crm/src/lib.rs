//! The front office: leads, opportunities, activities, timelines. It never imports the back office.

use platform::prelude::*;
use platform::questions::Questions;

/// Declares all operations of this crate.
pub fn operations(_table: &mut Table) {}

/// Says which facts this crate hears.
pub fn reactions(_reactions: &mut Reactions) {}

/// Says which questions this crate answers.
pub fn questions(_questions: &mut Questions) {}
