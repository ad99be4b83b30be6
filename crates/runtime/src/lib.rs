//! What every program of the project needs: telemetry, shutdown, the clock, secrets, units.

mod abort;
mod clock;
mod database;
mod refused;
mod secret;
mod settings;
mod shutdown;
mod telemetry;
mod units;

pub use abort::AbortOnPanic;
pub use clock::Clock;
pub use database::{Given, connection_setting, public_warning};
pub use refused::Refused;
pub use secret::Secret;
pub use settings::{duration_setting, read_settings};
pub use shutdown::Shutdown;
pub use telemetry::{LogFormat, init as init_telemetry};
pub use units::{parse_duration, parse_size};
