//! The store: exact, durable, and losing nothing when the database cannot be written.

mod care;
mod contract;
mod crash;
mod exactness;
mod rescue;
mod sample;
