//! Runs as directories of plain files.
