//! The clock, as something that tests can move.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// What tells the time and waits.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> DateTime<Utc>;

    /// Waits about as long. How much time of day passes meanwhile is another matter: machines sleep, clocks are set.
    async fn sleep(&self, time: Duration);
}

/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
