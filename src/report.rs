//! Readings and runs as text for people and programs: JSON, CSV, Prometheus.
