//! A contract, compiled: what every application of a job is mapped by.

use sha2::{Digest, Sha256};

use crate::limits::Limits;
use crate::problem::{ContractErrors, Problems};
use crate::program::Program;
use crate::rejection::Rejection;
use crate::table::{Application, Table};
use crate::{compile, contract, evaluate};

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
    program: Program,
}

impl Plan {
    /// Reads, checks and compiles a contract.
    ///
    /// # Errors
    ///
    /// Returns every problem of the contract at once.
    pub fn from_json(contract: &str) -> Result<Self, ContractErrors> {
        let mut problems = Problems::default();
        let read = contract::read(contract, &mut problems);
        let compiled = read.and_then(|contract| {
            contract::check(&contract, &mut problems);
            let (program, tables) = compile::compile(&contract, &mut problems)?;
            Some((contract, program, tables))
        });
        problems.check()?;
        let (read, program, tables) = compiled.expect("a contract without problems compiles");
        Ok(Self {
            hash: hash(contract),
            source: read.source,
            target_schema: read.target_schema,
            tables,
            program,
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
    pub fn map_with(
        &self,
        xml: &str,
        expected: Option<i64>,
        limits: &Limits,
    ) -> Result<Application, Rejection> {
        evaluate::evaluate(&self.program, &self.tables, xml, expected, limits)
    }
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_shared_between_threads() {
        fn is_shared<T: Send + Sync + std::fmt::Debug>() {}
        is_shared::<Plan>();
    }

    #[test]
    fn hashes_are_of_the_text() {
        assert_eq!(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
