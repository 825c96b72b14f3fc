//! Features of the area `inventory`, one file for each noun.
