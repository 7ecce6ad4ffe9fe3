//! What is published: the documents themselves, what readers make of them, and which files are
//! touched when.

mod documents;
mod files;
mod overlap;
mod press;
mod readers;
mod written;

/// A long while after every column of the tests.
const LATER: &str = "2030-01-01";
