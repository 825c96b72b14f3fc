//! Features of the area `identity`, one file for each noun.
