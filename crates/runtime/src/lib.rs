//! What every program of the project needs: telemetry, shutdown, the clock, secrets, units.

mod abort;
mod clock;
mod secret;
mod settings;
mod shutdown;
mod telemetry;
mod units;

pub use abort::AbortOnPanic;
pub use clock::Clock;
pub use secret::Secret;
pub use settings::{duration_setting, read_settings};
pub use shutdown::Shutdown;
pub use telemetry::{LogFormat, init as init_telemetry};
pub use units::{parse_duration, parse_size};
