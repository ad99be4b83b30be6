//! What is wrong with a contract, all of it at once.

use std::fmt;

/// One thing that is wrong with a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the file: `mappings[12].expression` of JSON, `line 12, column 5: table.po_line.sku` of TOML.
    pub path: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub suggestion: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.path, self.reason, self.suggestion)
    }
}

/// Everything that is wrong with a contract; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractErrors {
    problems: Vec<Problem>,
}

impl ContractErrors {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        assert!(!problems.is_empty(), "a contract without problems is no error");
        Self { problems }
    }

    /// Lists the problems in the order of the contract.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ContractErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_problems = self.problems.len();
        write!(
            f,
            "the contract has {n_problems} problem{}",
            if n_problems == 1 { "" } else { "s" }
        )?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ContractErrors {}

/// Collects problems while a contract is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    pub(crate) fn add(
        &mut self,
        path: impl Into<String>,
        reason: impl Into<String>,
        suggestion: impl Into<String>,
    ) {
        self.found.push(Problem {
            path: path.into(),
            reason: reason.into(),
            suggestion: suggestion.into(),
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Takes further problems of the same contract.
    pub(crate) fn take(&mut self, others: Self) {
        self.found.extend(others.found);
    }

    /// Takes the problems of a part, whose paths begin at `at`.
    pub(crate) fn take_from(&mut self, part: Self, at: &str) {
        self.found.extend(part.found.into_iter().map(|problem| {
            let path =
                if problem.path == "$" { at.to_owned() } else { format!("{at}.{}", problem.path) };
            Problem { path, ..problem }
        }));
    }

    /// Fails with all that was found so far, if anything was.
    pub(crate) fn check(self) -> Result<(), ContractErrors> {
        if self.found.is_empty() { Ok(()) } else { Err(ContractErrors::new(self.found)) }
    }
}
