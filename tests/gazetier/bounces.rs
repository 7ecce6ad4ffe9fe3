//! What comes back, and what becomes of it.

mod real;
