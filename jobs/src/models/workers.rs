//! Whole workers, as they run, with their pool.
