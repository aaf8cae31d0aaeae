//! From a campaign to concrete jobs, and from jobs to a conflict-free order. Pure: the runner and `--dry-run` use the same.
//! And from a schedule to the moments at which its campaign starts.

pub mod budget;
mod calendar;
mod dispatch;
mod jobs;
mod rate;
mod resource;
mod timetable;

pub use calendar::{Calendar, CalendarFault, ClockChange, Firing};
pub use dispatch::Dispatcher;
pub use jobs::{AdHocFault, Job, Options, ad_hoc, jobs};
pub use rate::{RateFrom, Settled, Source, Told, settle, told};
pub use resource::Resource;
pub use timetable::{LinkBytes, Slot, Timetable, timetable};

#[cfg(test)]
mod tests;
