//! Statistics of repeated measurements.
