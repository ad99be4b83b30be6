//! For tasks that a process must not survive.

use tracing::error;

/// Ends the process when it is dropped by a panic. Whoever restarts the process reads the truth again;
/// a process that goes on without the task would only look alive.
#[derive(Debug)]
pub struct AbortOnPanic {
    task: &'static str,
}

impl AbortOnPanic {
    /// Guards the task of that name.
    #[must_use]
    pub fn new(task: &'static str) -> Self {
        Self { task }
    }
}

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            error!(task = self.task, "a task panicked that the process cannot do without; it ends");
            std::process::abort();
        }
    }
}
