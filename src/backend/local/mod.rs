//! Network namespaces on this machine.
