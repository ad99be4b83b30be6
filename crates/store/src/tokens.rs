//! Tokens, by the hash of their secret: whoever reads the table can use none of them.

use sha2::{Digest as _, Sha256};
use xmlx_domain::AccessRole;

use crate::audit::{Record, hexadecimal};
use crate::connection::{column, optional, text, word};
use crate::schema::AUDIT_SINCE;
use crate::{Error, Store, statements};

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What tells it from others, and is no secret.
    pub token_id: String,
    /// Whose it is.
    pub name: String,
    /// What its holder may do.
    pub role: AccessRole,
    /// [`token_hash`] of its text.
    pub hash: String,
    /// Who made it.
    pub created_by: String,
    /// How long it is valid, in seconds.
    pub seconds: i32,
}

/// A token as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// What tells it from others.
    pub token_id: String,
    /// Whose it is.
    pub name: String,
    /// What its holder may do.
    pub role: AccessRole,
    /// [`token_hash`] of its text.
    pub hash: String,
    /// Who made it.
    pub created_by: String,
    /// When, UTC, ISO 8601.
    pub created_at: String,
    /// When it ends, UTC, ISO 8601.
    pub expires_at: String,
    /// When it was revoked; empty: it was not.
    pub revoked_at: String,
    /// Whether it is neither revoked nor expired, by the database's clock.
    pub is_valid: bool,
}

/// What is kept of a token. A fast hash will do: a token is made by chance and has 256 bits, so nobody can guess it.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hexadecimal(&Sha256::digest(token.as_bytes()))
}

impl Store {
    /// Whether the control tables have room for tokens and the record.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn has_record(&self) -> Result<bool, Error> {
        self.has_schema(AUDIT_SINCE).await
    }

    /// Makes a token.
    ///
    /// # Errors
    /// 2627 where its id is taken.
    pub async fn insert_token(&self, token: &NewToken, record: &Record) -> Result<(), Error> {
        let role = token.role.as_str();
        let params: [&dyn tiberius::ToSql; 6] =
            [&token.token_id, &token.name, &role, &token.hash, &token.created_by, &token.seconds];
        self.run_recorded(statements::TOKEN_INSERT, &params, Some(record)).await?;
        Ok(())
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there is no such token, or it was revoked before.
    pub async fn revoke_token(&self, token_id: &str, record: &Record) -> Result<(), Error> {
        self.run_recorded(statements::TOKEN_REVOKE, &[&token_id], Some(record)).await?;
        Ok(())
    }

    /// All tokens; none where the control tables have no room for them yet.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, Error> {
        const IT: &str = "tokens";
        if !self.has_schema(AUDIT_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run(statements::TOKENS, &[]).await?;
        let read = |row| {
            let revoked_at: Option<&str> = optional(row, "revoked_at", IT)?;
            Ok(TokenRow {
                token_id: text(row, "token_id", IT)?,
                name: text(row, "name", IT)?,
                role: word(row, "role", IT)?,
                hash: text(row, "hash", IT)?,
                created_by: text(row, "created_by", IT)?,
                created_at: text(row, "created_at", IT)?,
                expires_at: text(row, "expires_at", IT)?,
                revoked_at: revoked_at.unwrap_or_default().to_owned(),
                is_valid: column::<i32>(row, "is_valid", IT)? == 1,
            })
        };
        rows.iter().map(read).collect()
    }
}
