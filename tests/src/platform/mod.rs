//! Features of the area `platform`, one file for each noun.

mod audit_log;
mod events;
mod integrity;
mod number_series;
mod trace;
mod files;
