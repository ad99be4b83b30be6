//! What every program of the project needs: telemetry, shutdown, the clock, secrets, units.

mod abort;
mod clock;
mod coordinators;
mod core_files;
mod ending;
mod manuals;
mod names;
mod open_files;
mod printable;
mod recurring;
mod secret;
mod service;
mod settings;
mod shutdown;
mod telemetry;
mod units;
mod usage;

pub use abort::AbortOnPanic;
pub use clock::{Clock, since_1970};
pub use coordinators::{coordinator_url, is_loopback_url, listen_address};
pub use core_files::no_core_files;
pub use ending::{Refused, exit};
pub use manuals::write_manuals;
pub use names::{NAME_UNITS_MAX, host_name, name_problem};
pub use open_files::raise_open_files;
pub use printable::{printable, printable_lines};
pub use recurring::Recurring;
pub use secret::Secret;
pub use service::{Pulse, ServiceManager};
pub use settings::{
    Checks, ConfigFlags, Connection, DatabaseSettings, DocumentSettings, Environment, Failure,
    Invalid, Loaded, Origin, Origins, Problem, Program, Setting, Settings, is_public,
    load as load_settings, load_from as load_settings_from, sample_file, settings_of,
    settings_page, variables as setting_names,
};
pub use shutdown::Shutdown;
pub use telemetry::{LogFormat, init as init_telemetry};
pub use units::{parse_duration, parse_size, positive_duration};
pub use usage::{EXIT_USAGE, command_line};
