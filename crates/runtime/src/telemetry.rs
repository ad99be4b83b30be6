//! Logs: to standard error, filtered by `RUST_LOG`, as text or JSON.

use std::fmt::{self, Debug};
use std::io::{self, IsTerminal as _};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{FormatFields, layer};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::printable;

/// The database driver logs messages of the server, with values of applications in them, and rows.
const NEVER_LOGGED: &str = "tiberius";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// Starts logging. `default_level` holds where `RUST_LOG` says nothing. Only the first call of a process counts.
pub fn init(format: LogFormat, default_level: &str) {
    let filter = levels(std::env::var("RUST_LOG").ok().as_deref(), default_level)
        .and(filter_fn(|it| !it.target().starts_with(NEVER_LOGGED)));
    let started = match format {
        LogFormat::Text => {
            let layer = layer().with_writer(io::stderr).with_ansi(takes_colours());
            let layer = layer.with_target(false).fmt_fields(fields());
            registry().with(layer.with_filter(filter)).try_init()
        }
        LogFormat::Json => {
            let layer = layer().with_writer(|| PrintableLines(io::stderr())).with_ansi(false);
            registry().with(layer.json().flatten_event(true).with_filter(filter)).try_init()
        }
    };
    // Already started: an all-in-one process calls this once per role.
    drop(started);
}

/// Levels as `RUST_LOG` has them: `debug`, or `warn,xmlx_worker=debug` by module. Filters by span or field would bring
/// two engines for regular expressions into every program.
fn levels(rust_log: Option<&str>, default_level: &str) -> Targets {
    let wanted = rust_log.filter(|text| !text.is_empty()).and_then(|text| text.parse().ok());
    wanted.unwrap_or_else(|| default_level.parse().expect("the default is a level"))
}

/// Files and the journal do not, nor does who says so (<https://no-color.org>).
fn takes_colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

/// Message and fields of a line. This is where text from outside enters the log: reasons that workers send, messages
/// of the database, names.
fn fields() -> impl for<'w> FormatFields<'w> + 'static {
    debug_fn(|writer: &mut Writer<'_>, field: &Field, value: &dyn Debug| {
        // What libraries that log in another way say of themselves.
        if field.name().starts_with("log.") {
            return Ok(());
        }
        name(writer, field)?;
        writer.write_str(&printable(&format!("{value:?}")))
    })
    .delimited(" ")
}

fn name(writer: &mut Writer<'_>, field: &Field) -> fmt::Result {
    match (field.name(), writer.has_ansi_escapes()) {
        ("message", _) => Ok(()),
        (name, true) => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m"),
        (name, false) => write!(writer, "{name}="),
    }
}

/// For lines of JSON, which escape all but a few of what a terminal obeys.
struct PrintableLines<W>(W);

impl<W: io::Write> io::Write for PrintableLines<W> {
    /// Takes lines whole: the log writes each in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        for line in text.split_inclusive('\n') {
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
            self.0.write_all(printable(line).as_bytes())?;
            self.0.write_all(end.as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{info, subscriber::with_default};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn add(&self, bytes: &[u8]) -> usize {
            self.0.lock().unwrap().extend_from_slice(bytes);
            bytes.len()
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(self.add(bytes))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn levels_are_those_of_rust_log_or_the_default() {
        let logs_debug = |rust_log, target| {
            levels(rust_log, "info").would_enable(target, &tracing::Level::DEBUG)
        };
        assert!(!logs_debug(None, "xmlx_worker"));
        assert!(!logs_debug(Some(""), "xmlx_worker"));
        assert!(!logs_debug(Some("no=such=level"), "xmlx_worker"));
        assert!(logs_debug(Some("debug"), "xmlx_worker"));
        assert!(logs_debug(Some("warn,xmlx_worker=debug"), "xmlx_worker::session"));
        assert!(!logs_debug(Some("warn,xmlx_worker=debug"), "xmlx_coordinator"));
    }

    const HOSTILE: &str = "w1\n2026-01-01T00:00:00Z ERROR forged\u{9b}2J\u{1b}[31m\u{202e}";

    fn log_hostile() {
        info!(name = %HOSTILE, reason = HOSTILE, debug = ?HOSTILE, "message of {HOSTILE}");
    }

    fn assert_harmless(lines: &Lines) -> String {
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "one event is one line: {text}");
        let rest = text.trim_end_matches('\n');
        assert_eq!(printable(rest), rest);
        text
    }

    #[test]
    fn text_from_outside_forges_no_line_of_text() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = layer().with_writer(move || writer.clone()).with_ansi(false);
        with_default(registry().with(layer.fmt_fields(fields())), log_hostile);
        let text = assert_harmless(&lines);
        assert!(
            text.contains("message of w1\\n2026-01-01T00:00:00Z ERROR forged\\u009b2J"),
            "{text}"
        );
        assert!(text.contains(" name=w1\\n") && text.contains(" reason=\"w1\\n"), "{text}");
    }

    #[test]
    fn text_from_outside_forges_no_line_of_json() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = layer().with_writer(move || PrintableLines(writer.clone())).json();
        with_default(registry().with(layer.flatten_event(true)), log_hostile);
        let text = assert_harmless(&lines);
        assert!(
            text.contains(
                "\"name\":\"w1\\n2026-01-01T00:00:00Z ERROR forged\\u009b2J\\u001b[31m\\u202e\""
            ),
            "{text}"
        );
    }
}
