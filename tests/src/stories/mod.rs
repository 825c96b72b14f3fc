//! End-to-end flows that read as prose. Each uses the public API alone; single rules are tested beside their noun.
