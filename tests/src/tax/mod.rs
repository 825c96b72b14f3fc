//! Features of the area `tax`, one file for each noun.

mod calculations;
