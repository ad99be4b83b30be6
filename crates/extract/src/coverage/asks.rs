//! Who reads what, as the contract says it.

use crate::document::Pattern;
use crate::problem::Problems;
use crate::wanted::{Need, Patterns, Wishes, want_path};
use crate::xpath::{self, Axis, Expr, Names, Start, Test};

/// The place of a reader in its list.
pub(crate) type ReaderIx = u32;

/// A part of a contract that reads documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) part: Part,
    /// Where it is in the contract, if columns alone do not say it: `mappings[3]`.
    pub(crate) at: Option<String>,
    /// The paths and expressions, as written.
    pub(crate) reads: Vec<String>,
}

/// What a reader is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Fills a column.
    Column { table: String, column: String },
    /// Says which elements are rows.
    Rows { table: String },
    /// Something else, for people.
    Other(String),
}

impl Reader {
    pub(crate) fn of_column(table: &str, column: &str, reads: Vec<String>) -> Self {
        let part = Part::Column { table: table.to_owned(), column: column.to_owned() };
        Self { part, at: None, reads }
    }

    pub(crate) fn of_rows(table: &str, reads: Vec<String>) -> Self {
        Self { part: Part::Rows { table: table.to_owned() }, at: None, reads }
    }

    pub(crate) fn of_contract(what: &str, reads: &str) -> Self {
        Self { part: Part::Other(what.to_owned()), at: None, reads: vec![reads.to_owned()] }
    }

    /// Names it for people.
    pub(crate) fn name(&self) -> String {
        match &self.part {
            Part::Column { table, column } => format!("{table}.{column}"),
            Part::Rows { table } => format!("rows of {table}"),
            Part::Other(what) => what.clone(),
        }
    }
}

/// What of the elements at a place is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// That they are there.
    Element,
    /// Their text, with that of the elements in them.
    Text,
    /// The text directly in them.
    OwnText,
    Attribute(Test),
}

/// One thing that a contract of format 2 reads.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) reader: ReaderIx,
    pub(crate) places: Patterns,
    pub(crate) leaf: Leaf,
    /// It decides something and is no value itself.
    pub(crate) is_condition: bool,
}

/// What a contract of format 2 reads.
#[derive(Debug)]
pub(crate) struct Asks {
    pub(crate) names: Names,
    pub(crate) readers: Vec<Reader>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) ignored: Vec<Ignored>,
}

/// A path that nobody reads, on purpose.
#[derive(Debug)]
pub(crate) struct Ignored {
    pub(crate) written: String,
    pub(crate) places: Vec<Pattern>,
    /// The attribute that is meant; `None`: the element, with everything in it.
    pub(crate) attribute: Option<Test>,
}

impl Ignored {
    /// Compiles a path, which may have alternatives.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be taken, and what to do about it.
    pub(crate) fn compile(
        written: &str,
        expr: &Expr,
    ) -> Result<Vec<Self>, (&'static str, &'static str)> {
        let way = "write the path of an element or attribute from the document on: `/root/part`, `//part/@name`";
        let Expr::Paths(paths) = expr else { return Err(("this is no path", way)) };
        let mut ignored = Vec::new();
        for path in paths {
            if path.start != Start::Root {
                return Err(("what is ignored is seen from the document", way));
            }
            let mut attribute = None;
            for step in &path.steps {
                if !step.predicates.is_empty() {
                    return Err(("what is ignored cannot depend on conditions", way));
                }
                let is_group = step.axis == Axis::Group;
                if step.axis.goes_up() || is_group || step.test == Test::Text {
                    return Err(("what is ignored is an element or an attribute", way));
                }
                if step.axis == Axis::Attribute {
                    attribute = Some(step.test.clone());
                }
            }
            let document = vec![Vec::new()];
            let places = want_path(&mut Wishes::new(), &document, path, Need::Presence);
            ignored.push(Self { written: written.to_owned(), places, attribute });
        }
        Ok(ignored)
    }
}

/// What a contract of format 1 ignores. Namespaces mean nothing there.
#[derive(Debug)]
pub(crate) struct Ignores {
    pub(crate) names: Names,
    pub(crate) ignored: Vec<Ignored>,
}

impl Ignores {
    /// Compiles paths; what is wrong with them is noted.
    pub(crate) fn of_texts(texts: &[String], problems: &mut Problems) -> Self {
        let mut names = Names::new();
        let mut ignored = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            let at = format!("ignore[{place}]");
            match xpath::parse(text, &mut names) {
                Ok(expr) => match Ignored::compile(text, &expr) {
                    Ok(found) => ignored.extend(found),
                    Err((reason, way)) => problems.add(at, reason, way),
                },
                Err(problem) => problems.add(at, problem.reason, problem.suggestion),
            }
        }
        Self { names, ignored }
    }
}
