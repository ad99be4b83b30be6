//! What came of a request.

use crate::word::words;

words! {
    /// What came of a request that changes something and could be done. What cannot be done is an error.
    "outcome": Outcome {
        /// It is done.
        Accepted = "accepted",
        /// Nothing had to be done: it was so before.
        AlreadySo = "already so",
    }
}
