//! Lives of worker processes.

use crate::word::words;

words! {
    /// How a worker's session stands, as the control tables have it.
    "session state": SessionState {
        /// It lives.
        Active = "active",
        /// It said goodbye.
        Left = "left",
        /// Its stream broke and it did not come back: its process is dead.
        Lost = "lost",
        /// It was not heard of although its stream stood: paused, cut off, or its host is gone. Unlike a session that was
        /// lost it is not known to be dead.
        Silent = "silent",
    }
}
