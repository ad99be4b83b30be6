//! What every program of the project needs: telemetry, shutdown, the clock, secrets, units.

mod abort;
mod clock;
mod coordinators;
mod database;
mod ending;
mod names;
mod open_files;
mod printable;
mod secret;
mod settings;
mod shutdown;
mod telemetry;
mod units;
mod usage;

pub use abort::AbortOnPanic;
pub use clock::Clock;
pub use coordinators::{coordinator_url, coordinator_urls, listen_address};
pub use database::{Found, Given, connection_setting};
pub use ending::{Refused, exit};
pub use names::{NAME_UNITS_MAX, host_name, name_problem};
pub use open_files::raise_open_files;
pub use printable::{printable, printable_lines};
pub use secret::Secret;
pub use settings::{duration_setting, read_settings};
pub use shutdown::Shutdown;
pub use telemetry::{LogFormat, init as init_telemetry};
pub use units::{parse_duration, parse_size};
pub use usage::{EXIT_USAGE, command_line, usable};
