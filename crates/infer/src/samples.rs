//! Documents in, a draft out.

use crate::draft::{LeftOut, Table, tables};
use crate::observe::{ReadError, observe};
use crate::shape::{NodeId, Shape};
use crate::write::{Frame, contract, ddl};
use crate::xsd::{Schema, SchemaError, expand};

/// Files that are named one by one among what was left out; more are counted.
const UNREADABLE_LISTED: usize = 20;

/// What a draft needs to know beside the documents.
#[derive(Debug, Clone)]
pub struct Options {
    /// The table that holds the documents, such as `dbo.order_xml`.
    pub source_table: String,
    /// The schema of the tables of the draft; the name of the root element where there is none.
    pub schema: Option<String>,
    /// The root element, where there are several.
    pub root: Option<String>,
}

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// No document could be read.
    #[error("there is no document that could be read")]
    NoDocument,
    /// A schema has several, and no sample says which.
    #[error("the schema has several elements that a document may begin with: {found}; name one")]
    SeveralRoots {
        /// The elements.
        found: String,
    },
    /// There is no such root element.
    #[error("no document begins with `{wanted}`; there are {found}")]
    NoSuchRoot {
        /// The root element that was asked for.
        wanted: String,
        /// Those that there are.
        found: String,
    },
}

/// A first contract and its tables.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The contract, format 2, in TOML.
    pub contract: String,
    /// The T-SQL of the tables.
    pub ddl: String,
    /// The tables, in the order of insertion.
    pub tables: Vec<Table>,
    /// What the contract does not take, each with its reason.
    pub left_out: Vec<LeftOut>,
}

/// What documents have in common. Memory does not grow with their number.
#[derive(Debug, Default)]
pub struct Samples {
    pub(crate) shape: Shape,
    schema: Schema,
    n_documents: u64,
    n_unreadable: u64,
    unreadable: Vec<LeftOut>,
}

impl Samples {
    /// Starts without any document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document.
    ///
    /// ```
    /// use xmlx_infer::{Options, Samples};
    ///
    /// let mut samples = Samples::new();
    /// samples.add("1.xml", "<Order no='7'><Line sku='a'/><Line sku='b'/></Order>").unwrap();
    /// let options = Options { source_table: "dbo.order_xml".into(), schema: None, root: None };
    /// let draft = samples.draft(&options).unwrap();
    /// assert_eq!(draft.tables[1].rows, ["/Order/Line"]);
    /// ```
    ///
    /// # Errors
    ///
    /// Returns why it cannot be read. It is listed among what was left out, and nothing of it counts.
    pub fn add(&mut self, name: &str, xml: &str) -> Result<(), ReadError> {
        match observe(&mut self.shape, xml) {
            Ok(()) => {
                self.n_documents += 1;
                Ok(())
            }
            Err(err) => {
                self.leave_out(name, err.to_string());
                Err(err)
            }
        }
    }

    /// Counts a document that is not even text.
    pub fn leave_out(&mut self, name: &str, reason: String) {
        self.n_unreadable += 1;
        if self.unreadable.len() < UNREADABLE_LISTED {
            self.unreadable.push(LeftOut { path: name.to_owned(), reason });
        }
    }

    /// Adds a file of a schema; files that it includes or imports are added in the same way. With samples it says more
    /// about what they have: how often, which types. Without any, all that it allows is drafted.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be used.
    pub fn add_schema(&mut self, text: &str) -> Result<(), SchemaError> {
        self.schema.add(text)
    }

    /// Makes a draft of what the documents have in common.
    ///
    /// # Errors
    ///
    /// Returns why there is none.
    pub fn draft(mut self, options: &Options) -> Result<Draft, DraftError> {
        let wanted = options.root.as_deref();
        let from_schema = self.expand_schema(wanted)?;
        self.shape.fold_recursion();
        let root = self.root(wanted)?;
        let mut made = tables(&self.shape, root);
        made.left_out.extend(from_schema);
        self.leave_out_roots(root, &mut made.left_out);
        let origin = self.origin();
        let root_name = &self.shape.nodes[root].name;
        let schema = options.schema.clone().unwrap_or_else(|| crate::names::snake(root_name));
        let frame = Frame {
            source_table: &options.source_table,
            schema: &schema,
            namespaces: &self.shape.prefixes,
            origin: &origin,
        };
        Ok(Draft {
            contract: contract(&frame, &made.tables, &made.left_out),
            ddl: ddl(&frame, &made.tables),
            tables: made.tables,
            left_out: made.left_out,
        })
    }

    /// What the schema says of the root element of the samples, or of its own.
    fn expand_schema(&mut self, wanted: Option<&str>) -> Result<Vec<LeftOut>, DraftError> {
        if self.schema.is_empty() {
            return Ok(Vec::new());
        }
        let sampled = if self.n_documents > 0 { Some(self.root(wanted)?) } else { None };
        let sampled = sampled.map(|id| self.shape.nodes[id].name.clone());
        let name = |id: &usize| self.schema.items[*id].get("name").unwrap_or_default();
        let roots = self.schema.roots();
        let listed = |roots: &[usize]| {
            roots.iter().map(|id| format!("`{}`", name(id))).collect::<Vec<_>>().join(", ")
        };
        let root = match wanted.or(sampled.as_deref()) {
            Some(wanted) => {
                let found = self.schema.element(wanted);
                found.ok_or_else(|| DraftError::NoSuchRoot {
                    wanted: wanted.to_owned(),
                    found: listed(&roots),
                })?
            }
            None => match roots[..] {
                [root] => root,
                [] => return Err(DraftError::NoDocument),
                _ => return Err(DraftError::SeveralRoots { found: listed(&roots) }),
            },
        };
        Ok(expand(&self.schema, &mut self.shape, root))
    }

    /// The root element that was asked for, else that of most documents.
    fn root(&self, wanted: Option<&str>) -> Result<NodeId, DraftError> {
        let roots = &self.shape.nodes[Shape::DOCUMENT].order;
        let name = |id: &NodeId| self.shape.nodes[*id].name.as_str();
        match wanted {
            Some(wanted) => roots.iter().copied().find(|id| name(id) == wanted).ok_or_else(|| {
                let found: Vec<String> = roots.iter().map(|id| format!("`{}`", name(id))).collect();
                DraftError::NoSuchRoot { wanted: wanted.to_owned(), found: found.join(", ") }
            }),
            // Of several with as many documents the first.
            None => {
                let most = roots.iter().rev().copied().max_by_key(|id| self.shape.nodes[*id].n);
                most.ok_or(DraftError::NoDocument)
            }
        }
    }

    fn leave_out_roots(&mut self, root: NodeId, left_out: &mut Vec<LeftOut>) {
        for &id in &self.shape.nodes[Shape::DOCUMENT].order {
            let other = &self.shape.nodes[id];
            if id != root {
                let reason = format!("{} documents that begin with this element", other.n);
                left_out.push(LeftOut { path: self.shape.path(id), reason });
            }
        }
        if self.shape.n_over > 0 {
            let reason = "elements and attributes for which there was no room, since the samples have too many different ones";
            left_out
                .push(LeftOut { path: self.shape.n_over.to_string(), reason: reason.to_owned() });
        }
        let n_more = self.n_unreadable - self.unreadable.len() as u64;
        left_out.append(&mut self.unreadable);
        if n_more > 0 {
            let path = format!("{n_more} more documents");
            left_out.push(LeftOut { path, reason: "they could not be read either".to_owned() });
        }
    }

    fn origin(&self) -> Vec<String> {
        let source = match (self.n_documents, self.schema.is_empty()) {
            (0, _) => "a schema".to_owned(),
            (n, true) => format!("{n} documents"),
            (n, false) => format!("{n} documents and a schema"),
        };
        vec![
            format!("A first contract, made from {source}. Read it before it is used:"),
            "what never repeated in them is taken as single, and types and lengths are guesses with some room."
                .to_owned(),
        ]
    }
}
