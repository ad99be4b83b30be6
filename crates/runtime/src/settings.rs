//! Settings: one definition of each gives its flag, its environment variable, its key in the settings file, its
//! default, its help text, its entry in `docs/settings.md` and in the sample file, and its line of `--print-config`.
//!
//! The definition is an argument of the program's `clap` command that names a variable (`#[arg(long, env = "XMLX_..")]`):
//! the field's name is the key in the file. A flag wins over the environment, that over the file, and that over the
//! default. Everything that is wrong is reported at once, each with its place.

mod checks;
mod connection;
mod definition;
mod environment;
mod file;
mod load;
mod page;
mod print;
mod problem;
mod shared;

pub use checks::Checks;
pub use connection::{Connection, is_public};
pub use definition::{Setting, settings_of};
pub use environment::Environment;
pub use load::{ConfigFlags, Failure, Loaded, Settings, load, load_from};
pub use page::{Program, sample_file, settings_page, variables};
pub use problem::{Invalid, Origin, Origins, Problem};
pub use shared::{DatabaseSettings, DocumentSettings};
