//! The databases of a server: the one that is always there, and those that clients create. The latter are gone
//! when the server stops. Logins are the whole server's, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::catalog::DATABASE;
use crate::catalog::principals::{not_allowed, unknown};
use crate::error::{SqlError, SqlResult};
use crate::exec::engine::Engine;
use crate::exec::logins;
use crate::exec::session::Session;
use crate::locks::Locked;
use crate::sync;

pub(crate) struct Databases {
    main: Arc<Engine>,
    user: String,
    made: Mutex<BTreeMap<String, Arc<Engine>>>,
}

/// A statement about the server: a whole database or a login, with its name.
enum Order<'t> {
    Create(&'t str),
    Drop(&'t str),
    /// Who connects is not thrown out here, so there is nothing to do.
    Isolate(&'t str),
    CreateLogin {
        name: &'t str,
        password: String,
    },
    DropLogin(&'t str),
}

impl Databases {
    /// `user` is the name of the configured user.
    pub(crate) fn new(main: Engine, user: &str) -> Self {
        Self { main: Arc::new(main), user: user.to_owned(), made: Mutex::new(BTreeMap::new()) }
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

    /// How often statements in the database that is always there were answered with this error.
    pub(crate) fn n_errors(&self, number: i32) -> u64 {
        self.main.n_errors(number)
    }

    /// Ends all waits.
    pub(crate) fn stop(&self) {
        self.main.stop();
        for engine in sync::lock(&self.made).values() {
            engine.stop();
        }
    }

    /// Whether a login besides the configured user gets in.
    pub(crate) fn lets_in(&self, login: &str, password: &str) -> bool {
        self.main.logins.lets_in(login, password)
    }

    /// Carries out a batch that is one statement about the server; `None` for every other batch.
    pub(crate) fn execute(&self, session: &Session, batch: &str) -> Option<SqlResult<()>> {
        let order = order(batch)?;
        Some(may_order(session, &order).and_then(|()| self.carry_out(order)))
    }

    fn carry_out(&self, order: Order<'_>) -> SqlResult<()> {
        let mut made = sync::lock(&self.made);
        match order {
            Order::Create(name) if made.contains_key(&name.to_lowercase()) => {
                let text =
                    format!("Database '{name}' already exists. Choose a different database name.");
                Err(SqlError::new(1801, text).with_state(3))
            }
            Order::Create(name) => self
                .main
                .beside()
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
            Order::CreateLogin { name, .. } if name.eq_ignore_ascii_case(&self.user) => {
                Err(logins::taken(name))
            }
            Order::CreateLogin { name, password } => {
                self.change_logins(|db| logins::create(db, name, &password))
            }
            Order::DropLogin(name) => self.change_logins(|db| logins::drop(db, name)),
        }
    }

    fn change_logins(&self, change: impl FnOnce(&Connection) -> SqlResult<()>) -> SqlResult<()> {
        let owner = (DATABASE.to_owned(), None);
        let mut session = Session::new(Arc::clone(&self.main), owner, Box::new(|| false));
        session.write(|_, db| change(db))?;
        session.read(|db| self.main.logins.renew(db))
    }
}

/// The configured user alone may. Logins are not changed within a transaction here: it may hold the one writer.
fn may_order(session: &Session, order: &Order<'_>) -> SqlResult<()> {
    let is_about_login = matches!(order, Order::CreateLogin { .. } | Order::DropLogin(_));
    if is_about_login && session.tran_count > 0 {
        let text = "Incorrect syntax near 'LOGIN'. (devdb: not within a transaction.)";
        return Err(SqlError::new(102, text).with_class(15));
    }
    if session.login.is_none() {
        return Ok(());
    }
    Err(match order {
        Order::Create(_) => {
            let text = "CREATE DATABASE permission denied in database 'master'.";
            SqlError::new(262, text).with_class(14)
        }
        Order::Drop(name) => missing(name, "drop"),
        Order::Isolate(name) => missing(name, "alter"),
        Order::CreateLogin { .. } => not_allowed(),
        Order::DropLogin(name) => unknown("drop", "login", name),
    })
}

fn missing(name: &str, verb: &str) -> SqlError {
    let text = format!(
        "Cannot {verb} the database '{name}', because it does not exist or you do not have permission."
    );
    SqlError::new(3701, text).with_class(11)
}

/// Reads the forms that are understood: `CREATE DATABASE [x]`, `DROP DATABASE [x]`,
/// `ALTER DATABASE [x] SET SINGLE_USER WITH ROLLBACK IMMEDIATE`, `CREATE LOGIN [x] WITH PASSWORD = N'...'` and
/// `DROP LOGIN [x]`.
fn order(batch: &str) -> Option<Order<'_>> {
    let (head, rest) = batch.trim().trim_end_matches(';').split_once('[')?;
    let (name, tail) = rest.split_once(']')?;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    match (words(head).as_str(), words(tail).as_str()) {
        ("CREATE DATABASE", "") => Some(Order::Create(name)),
        ("DROP DATABASE", "") => Some(Order::Drop(name)),
        ("ALTER DATABASE", "SET SINGLE_USER WITH ROLLBACK IMMEDIATE") => Some(Order::Isolate(name)),
        ("CREATE LOGIN", _) => {
            let (with, literal) = tail.split_once('=')?;
            let password = password(literal.trim()).filter(|_| words(with) == "WITH PASSWORD")?;
            Some(Order::CreateLogin { name, password })
        }
        ("DROP LOGIN", "") => Some(Order::DropLogin(name)),
        _ => None,
    }
}

/// The text of `N'...'`, in which a quotation mark stands doubled for itself.
fn password(literal: &str) -> Option<String> {
    let quoted = literal.strip_prefix("N'")?.strip_suffix('\'')?;
    let is_one = !quoted.replace("''", "").contains('\'');
    is_one.then(|| quoted.replace("''", "'"))
}
