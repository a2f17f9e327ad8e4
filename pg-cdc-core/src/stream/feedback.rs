//! What the server is told, and when. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::Lsn;

/// The longest silence, where the server's own timeout allows as much.
const SILENCE: Duration = Duration::from_secs(10);
/// How soon a new acknowledgement is sent.
const ACKNOWLEDGE: Duration = Duration::from_secs(1);
/// How soon an answer that says nothing new follows another: a server that shuts down asks again and again.
const ANSWER: Duration = Duration::from_millis(10);

/// Keeps what was received and acknowledged, and when the server was last told.
#[derive(Debug)]
pub(super) struct Feedback {
    received: Lsn,
    acknowledged: Lsn,
    /// What the server was told last.
    told: Lsn,
    told_at: Option<Instant>,
    silence: Duration,
    wanted: bool,
}

impl Feedback {
    /// For a server whose `wal_sender_timeout` is `timeout` milliseconds (0 for none).
    pub(super) fn new(acknowledged: Lsn, timeout: u64) -> Self {
        let third = Duration::from_millis(timeout / 3);
        let silence = if timeout == 0 { SILENCE } else { third.min(SILENCE) };
        Self { received: acknowledged, acknowledged, told: Lsn::ZERO, told_at: None, silence, wanted: true }
    }

    /// The server has sent everything up to `lsn`.
    pub(super) fn received(&mut self, lsn: Lsn) {
        self.received = self.received.max(lsn);
    }

    /// Up to where the server has sent everything.
    pub(super) fn last_received(&self) -> Lsn {
        self.received
    }

    /// Everything up to `lsn` is durable.
    pub(super) fn acknowledge(&mut self, lsn: Lsn) {
        self.acknowledged = self.acknowledged.max(lsn);
    }

    /// The server asked for an answer.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// How often [`due`](Self::due) should be asked.
    pub(super) fn pace(&self) -> Duration {
        if self.wanted { ANSWER } else { self.silence.min(ACKNOWLEDGE).max(ANSWER) }
    }

    /// Whether the server should be told now.
    pub(super) fn due(&self, now: Instant) -> bool {
        let Some(told_at) = self.told_at else { return true };
        let silent = now.saturating_duration_since(told_at);
        let news = self.acknowledged > self.told;
        silent >= self.silence
            || (news && silent >= ACKNOWLEDGE)
            || (self.wanted && (news || silent >= ANSWER))
    }

    /// What to tell it: `(written, flushed)`.
    pub(super) fn tell(&mut self, now: Instant) -> (Lsn, Lsn) {
        self.told = self.acknowledged;
        self.told_at = Some(now);
        self.wanted = false;
        (self.received.max(self.acknowledged), self.acknowledged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_well_within_the_servers_timeout() {
        let now = Instant::now();
        let mut feedback = Feedback::new(Lsn::new(5), 1_500);
        assert!(feedback.due(now));
        feedback.tell(now);
        assert!(!feedback.due(now + Duration::from_millis(499)));
        assert!(feedback.due(now + Duration::from_millis(500)));
        assert!(feedback.pace() <= Duration::from_millis(500));
    }

    #[test]
    fn tells_only_what_is_acknowledged_as_flushed() {
        let now = Instant::now();
        let mut feedback = Feedback::new(Lsn::new(5), 60_000);
        feedback.received(Lsn::new(90));
        assert_eq!(feedback.tell(now), (Lsn::new(90), Lsn::new(5)));
        feedback.acknowledge(Lsn::new(40));
        assert!(!feedback.due(now));
        assert!(feedback.due(now + ACKNOWLEDGE));
        assert_eq!(feedback.tell(now), (Lsn::new(90), Lsn::new(40)));
        feedback.acknowledge(Lsn::new(30));
        assert_eq!(feedback.tell(now), (Lsn::new(90), Lsn::new(40)));
    }

    #[test]
    fn answers_at_once_when_asked() {
        let now = Instant::now();
        let mut feedback = Feedback::new(Lsn::new(5), 0);
        feedback.tell(now);
        assert!(!feedback.due(now));
        feedback.want();
        assert!(!feedback.due(now));
        assert!(feedback.due(now + feedback.pace()) && feedback.pace() <= ANSWER);
        feedback.acknowledge(Lsn::new(6));
        assert!(feedback.due(now));
    }
}
