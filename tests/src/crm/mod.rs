//! Features of the area `crm`, one file for each noun.
