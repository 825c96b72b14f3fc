//! Features of the area `directory`, one file for each noun.
