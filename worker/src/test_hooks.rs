//! What tests make a worker do that nobody else wants.

use std::io::Write as _;
use std::path::PathBuf;

/// Hidden settings.
#[derive(Clone, Debug, Default)]
pub struct TestHooks {
    /// The process aborts when it meets this application.
    pub abort_on_app: Option<i64>,
    /// A file that gets a line with the id of each application that is extracted.
    pub extracted: Option<PathBuf>,
}

impl TestHooks {
    /// Called with each application that is about to be extracted.
    pub(crate) fn before_extraction(&self, app_id: i64) {
        if self.abort_on_app == Some(app_id) {
            std::process::abort();
        }
        if let Some(path) = &self.extracted {
            let file = std::fs::File::options().create(true).append(true).open(path);
            // One write, so that lines of several threads and processes stay whole.
            let written =
                file.and_then(|mut file| file.write_all(format!("{app_id}\n").as_bytes()));
            written.expect("a test gives a file that can be written");
        }
    }
}
