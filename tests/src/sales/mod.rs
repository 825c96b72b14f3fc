//! Features of the area `sales`, one file for each noun.
