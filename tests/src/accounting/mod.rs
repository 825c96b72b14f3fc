//! Features of the area `accounting`, one file for each noun.
