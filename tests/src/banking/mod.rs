//! Features of the area `banking`, one file for each noun.

mod payments;
