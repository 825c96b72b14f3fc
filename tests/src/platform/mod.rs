//! Features of the area `platform`, one file for each noun.
