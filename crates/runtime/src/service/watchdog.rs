//! When the watchdog is told that the program lives: decides; sends nothing and knows no clock.

use std::time::Duration;

/// So often within the watchdog's time it is told: one message may be lost, and parts need not beat in step.
const MESSAGES: u32 = 4;

/// Which parts have beaten since the last message.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// Messages come no faster.
    interval: Duration,
    /// When the last one was sent.
    sent_at: Option<Duration>,
    has_beaten: Vec<bool>,
}

impl Watchdog {
    /// One that ends the program after so long without a message.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { interval: timeout / MESSAGES, sent_at: None, has_beaten: Vec::new() }
    }

    /// One more part has to beat before each message; its number.
    pub(super) fn add(&mut self) -> usize {
        self.has_beaten.push(false);
        self.has_beaten.len() - 1
    }

    /// A part has beaten; whether a message is due.
    pub(super) fn beat(&mut self, part: usize, now: Duration) -> bool {
        if let Some(has_beaten) = self.has_beaten.get_mut(part) {
            *has_beaten = true;
        }
        let is_early = self.sent_at.is_some_and(|sent_at| now < sent_at + self.interval);
        if is_early || self.has_beaten.contains(&false) {
            return false;
        }
        self.sent_at = Some(now);
        self.has_beaten.fill(false);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_a_beat_of_every_part() {
        let mut watchdog = Watchdog::new(Duration::from_secs(8));
        let (a, b) = (watchdog.add(), watchdog.add());
        for (part, seconds, expected) in [
            (a, 0, false),
            (a, 1, false),
            // The last part that was waited for; the first message waits for nothing else.
            (b, 1, true),
            (b, 2, false),
            // Both have beaten, too soon.
            (a, 2, false),
            // Often enough: what has beaten meanwhile counts.
            (b, 3, true),
            // However often one part beats, the other is missing.
            (a, 5, false),
            (a, 60, false),
            (a, 600, false),
            (b, 601, true),
        ] {
            let is_due = watchdog.beat(part, Duration::from_secs(seconds));
            assert_eq!(is_due, expected, "part {part} at {seconds}");
        }
    }
}
