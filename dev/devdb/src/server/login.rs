//! LOGIN7: who the client is, checked against the configured user and the logins that were made.

use std::io;
use std::sync::Arc;

use crate::catalog::DATABASE;
use crate::error::SqlError;
use crate::exec::engine::Engine;
use crate::server::Options;
use crate::server::databases::Databases;
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
    /// The database that is asked for, and the login's name unless it is the configured user. 18456 for who is not
    /// known, 4060 where there is no such database or the login has no user in it.
    pub(crate) fn open(
        &self,
        options: &Options,
        databases: &Databases,
    ) -> Result<(Arc<Engine>, Option<String>), SqlError> {
        let is_configured = self.user.eq_ignore_ascii_case(&options.user);
        let is_known = if is_configured {
            self.password == options.password
        } else {
            databases.lets_in(&self.user, &self.password)
        };
        if !is_known {
            let text = format!("Login failed for user '{}'.", self.user);
            return Err(SqlError::new(18456, text).with_class(14));
        }
        let is_open = |engine: &Arc<Engine>| {
            is_configured || engine.catalog().principals.user_of(&self.user).is_some()
        };
        let engine = databases.find(&self.database).filter(is_open).ok_or_else(|| {
            let text = format!(
                "Cannot open database \"{}\" requested by the login. The login failed.",
                self.database
            );
            SqlError::new(4060, text).with_class(11)
        })?;
        Ok((engine, (!is_configured).then(|| self.user.clone())))
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
