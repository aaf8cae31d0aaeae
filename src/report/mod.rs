//! Reports: one view model and a file per format.
