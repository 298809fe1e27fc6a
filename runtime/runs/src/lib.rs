//! Configuration, schedules, runs, their log and outcome, delivery, and the store behind them.
pub mod config;
pub mod schedule;
