//! What holds for every operation alike, driven by the published document.
