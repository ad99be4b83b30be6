//! A contract, compiled: what every application of a job is mapped by.

use crate::limits::Limits;
use crate::problem::{ContractErrors, Problems};
use crate::rejection::{Rejection, Stage};
use crate::table::{Application, Table};

/// Where the documents are, as the contract writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The table that holds the XML.
    pub table: String,
    /// The column that holds the XML.
    pub column: String,
    /// The table that tells this product line's applications from others.
    pub application_table: Option<String>,
}

/// A contract, checked and compiled. Made once per job; mapping looks nothing up by name.
#[derive(Debug)]
pub struct Plan {
    hash: String,
    source: Source,
    target_schema: String,
    tables: Vec<Table>,
}

impl Plan {
    /// Reads, checks and compiles a contract.
    ///
    /// # Errors
    ///
    /// Returns every problem of the contract at once.
    pub fn from_json(contract: &str) -> Result<Self, ContractErrors> {
        let _ = contract;
        let mut problems = Problems::default();
        problems.add("$", "not written yet", "wait");
        problems.check()?;
        Ok(Self {
            hash: String::new(),
            source: Source { table: String::new(), column: String::new(), application_table: None },
            target_schema: String::new(),
            tables: Vec::new(),
        })
    }

    /// Returns the SHA-256 of the contract's text in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns where the documents are.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the schema of every target table.
    pub fn target_schema(&self) -> &str {
        &self.target_schema
    }

    /// Lists the tables that rows can go to, in the order of insertion.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Maps one document under the default limits.
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn map(&self, xml: &str, expected: Option<i64>) -> Result<Application, Rejection> {
        self.map_with(xml, expected, &Limits::default())
    }

    /// Maps one document. `expected` is the id of the source row, which the document must carry, too.
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn map_with(&self, xml: &str, expected: Option<i64>, limits: &Limits) -> Result<Application, Rejection> {
        let _ = (xml, limits);
        Err(Rejection { stage: Stage::Parsing, reason: String::new(), app_id: expected })
    }
}
