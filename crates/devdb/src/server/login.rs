//! LOGIN7: who the client is, checked against the one user there is.

use std::io;
use std::sync::Arc;

use crate::error::SqlError;
use crate::exec::engine::Engine;
use crate::server::databases::Databases;
use crate::server::{DATABASE, Options};
use crate::wire::buffer::Reader;
use crate::wire::codepage;
use crate::wire::packet::malformed;
use crate::wire::tokens;

const PACKET_SIZE_AT: usize = 8;
const USER_AT: usize = 40;
const PASSWORD_AT: usize = 44;
const APPLICATION_AT: usize = 48;
const DATABASE_AT: usize = 68;
const PACKET_BYTES_MIN: u32 = 512;
const PACKET_BYTES_MAX: u32 = 32_767;

/// What a client logs in with.
pub(crate) struct Login {
    user: String,
    password: String,
    database: String,
    /// What the client calls itself.
    pub(crate) application: String,
    pub(crate) packet_size: usize,
}

/// Reads the message's body.
pub(crate) fn read(body: &[u8]) -> io::Result<Login> {
    let mut at = Reader::new(body.get(PACKET_SIZE_AT..).ok_or_else(|| malformed("LOGIN7"))?);
    let packet_size = at.u32()?.clamp(PACKET_BYTES_MIN, PACKET_BYTES_MAX);
    let scrambled = field(body, PASSWORD_AT)?;
    let password: Vec<u8> = scrambled.iter().map(|byte| (byte ^ 0xA5).rotate_left(4)).collect();
    Ok(Login {
        user: codepage::utf16_to_string(field(body, USER_AT)?),
        password: codepage::utf16_to_string(&password),
        database: codepage::utf16_to_string(field(body, DATABASE_AT)?),
        application: codepage::utf16_to_string(field(body, APPLICATION_AT)?),
        packet_size: usize::try_from(packet_size).map_err(|_| malformed("packet size"))?,
    })
}

/// The bytes of a text whose offset and length (in code units) stand at `at`.
fn field(body: &[u8], at: usize) -> io::Result<&[u8]> {
    let mut reader = Reader::new(body.get(at..).ok_or_else(|| malformed("LOGIN7"))?);
    let (offset, n_units) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
    body.get(offset..offset + n_units * 2).ok_or_else(|| malformed("LOGIN7"))
}

impl Login {
    /// Whether this is the user there is.
    pub(crate) fn check(&self, options: &Options) -> Result<(), SqlError> {
        if self.user.eq_ignore_ascii_case(&options.user) && self.password == options.password {
            return Ok(());
        }
        Err(SqlError::new(18456, format!("Login failed for user '{}'.", self.user)).with_class(14))
    }

    /// The database that is asked for.
    pub(crate) fn open(&self, databases: &Databases) -> Result<Arc<Engine>, SqlError> {
        databases.find(&self.database).ok_or_else(|| {
            let text = format!(
                "Cannot open database \"{}\" requested by the login. The login failed.",
                self.database
            );
            SqlError::new(4060, text).with_class(11)
        })
    }

    /// The answer to a good login; the name of the database the session is in.
    pub(crate) fn put_answer(&self, out: &mut Vec<u8>) -> String {
        let database = if self.database.is_empty() { DATABASE } else { self.database.as_str() };
        tokens::put_database(out, database);
        tokens::put_info(out, 5701, &format!("Changed database context to '{database}'."));
        tokens::put_collation(out);
        tokens::put_login_ack(out);
        tokens::put_packet_size(out, self.packet_size);
        tokens::put_done(out, tokens::Done::Statement, 0, 0);
        database.to_owned()
    }
}
