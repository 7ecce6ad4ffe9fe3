//! One binary for all integration tests: it is linked once, and every test speaks through the same
//! few words (`support`).

mod conformance;
mod smoke;
mod strict;
mod support;
mod validator;
