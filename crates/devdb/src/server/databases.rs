//! The databases of a server: the one that is always there, and those that clients create. The latter are gone
//! when the server stops.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::error::{SqlError, SqlResult};
use crate::exec::engine::Engine;
use crate::locks::Locked;
use crate::server::{DATABASE, Storage};
use crate::sync;

pub(crate) struct Databases {
    main: Arc<Engine>,
    made: Mutex<BTreeMap<String, Arc<Engine>>>,
}

/// A statement about a whole database, with the database's name.
enum Order<'t> {
    Create(&'t str),
    Drop(&'t str),
    /// Who connects is not thrown out here, so there is nothing to do.
    Isolate(&'t str),
}

impl Databases {
    pub(crate) fn new(main: Engine) -> Self {
        Self { main: Arc::new(main), made: Mutex::new(BTreeMap::new()) }
    }

    /// The database that a login asks for; `master` is the one that is always there.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Engine>> {
        let key = name.to_lowercase();
        if [DATABASE, "master", ""].contains(&key.as_str()) {
            return Some(Arc::clone(&self.main));
        }
        sync::lock(&self.made).get(&key).map(Arc::clone)
    }

    /// What transactions have locked in the database that is always there.
    pub(crate) fn locks(&self) -> Vec<Locked> {
        self.main.locks.all()
    }

    /// Ends all waits.
    pub(crate) fn stop(&self) {
        self.main.stop();
        for engine in sync::lock(&self.made).values() {
            engine.stop();
        }
    }

    /// Carries out a batch that is one statement about a whole database; `None` for every other batch.
    pub(crate) fn obey(&self, batch: &str) -> Option<SqlResult<()>> {
        let mut made = sync::lock(&self.made);
        Some(match order(batch)? {
            Order::Create(name) if made.contains_key(&name.to_lowercase()) => {
                let text =
                    format!("Database '{name}' already exists. Choose a different database name.");
                Err(SqlError::new(1801, text).with_state(3))
            }
            Order::Create(name) => Engine::open(&Storage::Memory)
                .map(|engine| drop(made.insert(name.to_lowercase(), Arc::new(engine))))
                .map_err(|err| SqlError::new(1802, err.to_string())),
            Order::Drop(name) => match made.remove(&name.to_lowercase()) {
                Some(engine) => {
                    engine.stop();
                    Ok(())
                }
                None => Err(missing(name, "drop")),
            },
            Order::Isolate(name) if made.contains_key(&name.to_lowercase()) => Ok(()),
            Order::Isolate(name) => Err(missing(name, "alter")),
        })
    }
}

fn missing(name: &str, verb: &str) -> SqlError {
    let text = format!(
        "Cannot {verb} the database '{name}', because it does not exist or you do not have permission."
    );
    SqlError::new(3701, text).with_class(11)
}

/// Reads the three forms that are understood: `CREATE DATABASE [x]`, `DROP DATABASE [x]` and
/// `ALTER DATABASE [x] SET SINGLE_USER WITH ROLLBACK IMMEDIATE`.
fn order(batch: &str) -> Option<Order<'_>> {
    let (head, rest) = batch.trim().trim_end_matches(';').split_once('[')?;
    let (name, tail) = rest.split_once(']')?;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    match (words(head).as_str(), words(tail).as_str()) {
        ("CREATE DATABASE", "") => Some(Order::Create(name)),
        ("DROP DATABASE", "") => Some(Order::Drop(name)),
        ("ALTER DATABASE", "SET SINGLE_USER WITH ROLLBACK IMMEDIATE") => Some(Order::Isolate(name)),
        _ => None,
    }
}
