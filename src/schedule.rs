//! The conflict-free timetable.
