//! From the shape of documents to tables: rows from what repeats, columns from what has values.

use crate::names::Names;
use crate::shape::{Node, NodeId, Scalar, Shape};
use crate::values::{DateOrder, KeyKind, SqlType, Values};

/// The application's id in every table.
pub(crate) const ID_COLUMN: &str = "app_id";
/// Columns of a table at which elements that do not repeat are given tables of their own. A row of SQL Server has 8,060
/// bytes, and each long text that is moved out of it leaves 24.
const COLUMNS_WIDE: usize = 250;
/// An element with fewer columns than this is no table of its own, however wide the table around it is.
const COLUMNS_OWN_TABLE: usize = 20;
/// A table of SQL Server has 1,024 columns at most; the rest is for keys.
const COLUMNS_MAX: usize = 1_000;
/// Elements with so many attributes need not stand before their names in those of columns.
const ATTRIBUTES_NAMED: usize = 6;
/// Tables in each other. Each has one more column in its key, of which SQL Server takes 16.
const TABLE_DEPTH_MAX: usize = 12;
/// Rows that samples must have before a value that is different in all of them is taken for the key: in a few, anything
/// is.
const ROWS_FOR_KEY: u64 = 20;
/// Ends of names that keys have.
const KEY_ENDS: [&str; 12] = [
    "id",
    "no",
    "nr",
    "number",
    "num",
    "code",
    "key",
    "ref",
    "reference",
    "seq",
    "sequence",
    "uuid",
];
/// Rows that samples must have before a column that always has a value may not be NULL: a handful show little.
const ROWS_FOR_NOT_NULL: u64 = 10;

/// A table of the draft.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name, without a schema.
    pub name: String,
    /// The paths of the elements that are its rows.
    pub rows: Vec<String>,
    /// The place of the table that its rows hang off, in the list of tables; `None` for the first table.
    pub parent: Option<usize>,
    /// The column that tells the rows of one parent row apart, where there may be several.
    pub key: Option<String>,
    /// The column with the number of the row that the key stands for, where the samples showed a better one.
    pub number: Option<String>,
    /// The columns but for those that come from the parent.
    pub columns: Vec<Column>,
    depth: usize,
}

/// A column of the draft.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What fills it.
    pub source: Source,
    /// The paths of the document that it takes, from the root: one for each path of the rows.
    pub paths: Vec<String>,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// The order of day and month of dates that are not written as ISO 8601 does.
    pub date_order: Option<DateOrder>,
    /// Something that whoever reads the draft should look at.
    pub remark: Option<&'static str>,
}

/// What fills a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A path from the row.
    Path(String),
    /// The number of the row in the document.
    Position,
    /// The number of the row among those with the same element at a path.
    PositionWithin(String),
    /// A column of the row around this one.
    Enclosing(String),
}

/// Something of the documents that no column takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it is, or was.
    pub path: String,
    /// Why it was left out.
    pub reason: String,
}

/// The tables, and what they do not take.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) tables: Vec<Table>,
    pub(crate) left_out: Vec<LeftOut>,
}

pub(crate) fn tables(shape: &Shape, root: NodeId) -> Tables {
    let names = Names::new("_table", ["processing_log"]);
    let mut builder = Builder { shape, names, made: Tables::default() };
    let rows = vec![shape.path(root)];
    builder.table(root, rows, None, None);
    builder.made
}

struct Builder<'s> {
    shape: &'s Shape,
    names: Names,
    made: Tables,
}

/// A table whose columns are being collected.
struct Rows {
    /// Its place in the list of tables.
    at: usize,
    /// Its element.
    node: NodeId,
    paths: Vec<String>,
    is_wide: bool,
    columns: Names,
    /// Tables below it, made when its own columns are known: parents come first.
    waiting: Vec<Waiting>,
    /// The best column that is different in all rows of one parent, and how good it is.
    natural: Option<(u8, String)>,
    /// Whether rows beside each other are all rows of one parent.
    may_have_key: bool,
}

impl Rows {
    /// Takes a column that is different in all rows of one parent for the key, if it looks more like one than others.
    fn propose_key(&mut self, name: &str, values: &Values) {
        let snake = crate::names::snake(name);
        let end = snake.rsplit('_').next().unwrap_or_default();
        let rank = match (values.may_be_key(), KEY_ENDS.contains(&end)) {
            (Some(_), true) => 0,
            (Some(KeyKind::Text), false) => 1,
            // A number that happens to be different may be an amount.
            (Some(KeyKind::Number), false) | (None, _) => return,
        };
        if self.natural.as_ref().is_none_or(|(known, _)| rank < *known) {
            self.natural = Some((rank, name.to_owned()));
        }
    }
}

struct Waiting {
    node: NodeId,
    rows: Vec<String>,
    /// Steps from the row of this table down to the row of that one; `None` where there is one at most.
    n_steps: Option<usize>,
}

/// An element below a row, on the way down.
#[derive(Clone)]
struct Place<'p> {
    node: NodeId,
    /// The names of the elements from the row, without the row itself.
    steps: Vec<&'p str>,
    required: bool,
}

impl<'s> Builder<'s> {
    fn table(
        &mut self,
        node: NodeId,
        rows: Vec<String>,
        parent: Option<usize>,
        n_steps: Option<usize>,
    ) {
        let shape = self.shape;
        let element = &shape.nodes[node];
        let depth = parent.map_or(0, |parent| self.made.tables[parent].depth + 1);
        if depth > TABLE_DEPTH_MAX {
            let reason = format!("it would be a table below {TABLE_DEPTH_MAX} others");
            self.leave_out(&rows[0], reason);
            return;
        }
        let outer = element.parent.map_or("", |outer| shape.nodes[outer].name.as_str());
        let name = self.names.take(&[outer, &element.name]);
        // In rows that stand in each other the number within the parent would repeat.
        let number = n_steps.map(|n_steps| match (parent, element.is_recursive) {
            (Some(0) | None, _) | (_, true) => Source::Position,
            (Some(_), false) => Source::PositionWithin(vec![".."; n_steps].join("/")),
        });
        let mut columns =
            Names::new("_value", self.inherited_key(parent).iter().map(String::as_str));
        let mut own = Vec::new();
        let mut key = None;
        if let Some(source) = number {
            let column = columns.take(&[&format!("{name}_no")]);
            if element.is_recursive {
                let outer = columns.take(&[&format!("parent_{name}_no")]);
                own.push(numbered(outer, Source::Enclosing(format!("{name}.{column}")), true));
            }
            own.insert(0, numbered(column.clone(), source, false));
            key = Some(column);
        }
        let at = self.made.tables.len();
        let table =
            Table { name, rows: rows.clone(), parent, key, number: None, columns: own, depth };
        self.made.tables.push(table);
        let is_wide = self.n_columns(node) > COLUMNS_WIDE;
        let mut rows = Rows {
            at,
            node,
            paths: rows,
            is_wide,
            columns,
            waiting: Vec::new(),
            natural: None,
            may_have_key: n_steps == Some(1) || n_steps.is_some_and(|n| self.is_alone(node, n)),
        };
        self.element(&mut rows, &Place { node, steps: Vec::new(), required: true });
        self.take_natural_key(&rows);
        for below in rows.waiting {
            self.table(below.node, below.rows, Some(at), below.n_steps);
        }
    }

    /// Whether none of the elements between a row and the row around it repeats, so that the rows beside each other are
    /// all rows of that one.
    fn is_alone(&self, node: NodeId, n_steps: usize) -> bool {
        let mut at = self.shape.nodes[node].parent;
        for _ in 1..n_steps {
            let Some(id) = at else { return false };
            if self.shape.nodes[id].repeats() {
                return false;
            }
            at = self.shape.nodes[id].parent;
        }
        true
    }

    /// Takes the column that tells rows apart in all samples for the key, instead of a number.
    fn take_natural_key(&mut self, rows: &Rows) {
        let node = &self.shape.nodes[rows.node];
        let has_key = rows.may_have_key && !node.is_recursive && node.n >= ROWS_FOR_KEY;
        let Some((_, name)) = rows.natural.as_ref().filter(|_| has_key) else { return };
        let table = &mut self.made.tables[rows.at];
        let Some(number) = table.key.replace(name.clone()) else {
            table.key = None;
            return;
        };
        table.number = Some(number.clone());
        table.columns.retain(|column| column.name != number);
        for column in &mut table.columns {
            if column.name == *name {
                column.nullable = false;
            }
        }
    }

    /// The key columns that the rows of a table below this one begin with.
    fn inherited_key(&self, parent: Option<usize>) -> Vec<String> {
        let mut key = vec![ID_COLUMN.to_owned()];
        let mut at = parent;
        while let Some(table) = at.map(|at| &self.made.tables[at]) {
            key.extend(table.key.clone());
            at = table.parent;
        }
        key
    }

    /// Columns that an element and what does not repeat in it would have.
    fn n_columns(&self, id: NodeId) -> usize {
        let node = &self.shape.nodes[id];
        let own = node.attributes.len() + usize::from(node.has_text());
        let inner = if node.is_mixed { &[][..] } else { &node.order[..] };
        let singles = inner.iter().filter(|id| !self.shape.nodes[**id].repeats());
        own + singles.map(|id| self.n_columns(*id)).sum::<usize>()
    }

    /// Attributes and text of an element become columns, what is in it follows.
    fn element(&mut self, rows: &mut Rows, place: &Place<'s>) {
        let shape = self.shape;
        let node = &shape.nodes[place.node];
        for (name, scalar) in &node.attributes {
            self.column(rows, place, Some(name), scalar);
        }
        if node.has_text() {
            self.column(rows, place, None, &node.text);
        }
        if node.is_mixed {
            if !node.order.is_empty() {
                let path = shape.path(place.node);
                self.leave_out(
                    &path,
                    "the elements in this text; the text in them is taken".to_owned(),
                );
            }
            return;
        }
        let has_nothing = node.attributes.is_empty() && !node.has_text() && node.order.is_empty();
        if has_nothing && !node.holds_folded {
            let path = shape.path(place.node);
            self.leave_out(&path, "it never has text, attributes or elements".to_owned());
        }
        for &id in &node.order {
            let inner = &shape.nodes[id];
            let mut steps = place.steps.clone();
            steps.push(&inner.name);
            let required = place.required && inner.required;
            let place = Place { node: id, steps, required };
            if inner.repeats() {
                self.repeated(rows, &place);
            } else if rows.is_wide && self.n_columns(id) >= COLUMNS_OWN_TABLE {
                rows.waiting.push(Waiting {
                    node: id,
                    rows: below(&rows.paths, &place.steps),
                    n_steps: None,
                });
            } else {
                self.element(rows, &place);
            }
        }
    }

    /// An element that repeats: a table, or, where it has no values itself, what is in it repeats.
    fn repeated(&mut self, rows: &mut Rows, place: &Place<'s>) {
        let node = &self.shape.nodes[place.node];
        if self.n_columns(place.node) > 0 || node.is_recursive {
            let mut paths = below(&rows.paths, &place.steps);
            if node.is_recursive {
                let inner: Vec<String> =
                    paths.iter().map(|path| format!("{path}//{}", node.name)).collect();
                paths.extend(inner);
            }
            let n_steps = Some(place.steps.len());
            rows.waiting.push(Waiting { node: place.node, rows: paths, n_steps });
            return;
        }
        if node.order.is_empty() && !node.holds_folded {
            let path = self.shape.path(place.node);
            self.leave_out(&path, "it never has text, attributes or elements".to_owned());
        }
        for &id in &node.order {
            let mut steps = place.steps.clone();
            steps.push(&self.shape.nodes[id].name);
            self.repeated(rows, &Place { node: id, steps, required: false });
        }
    }

    fn column(
        &mut self,
        rows: &mut Rows,
        place: &Place<'s>,
        attribute: Option<&'s str>,
        scalar: &Scalar,
    ) {
        let node: &'s Node = &self.shape.nodes[place.node];
        let mut steps = place.steps.clone();
        let written = attribute.map(|name| format!("@{name}"));
        steps.extend(written.as_deref());
        let path = if steps.is_empty() { ".".to_owned() } else { steps.join("/") };
        let table = &self.made.tables[rows.at];
        if table.columns.len() >= COLUMNS_MAX {
            let reason = format!("the table `{}` has {COLUMNS_MAX} columns already", table.name);
            self.leave_out(&format!("{}/{path}", rows.paths[0]), reason);
            return;
        }
        // `Amt/@Ccy` and `effectiveTime/@value` say little without their element; the attributes of an element with many
        // say enough.
        let mut parts = place.steps.clone();
        let joined;
        match attribute {
            Some(name)
                if !place.steps.is_empty()
                    && (node.has_text() || node.attributes.len() < ATTRIBUTES_NAMED) =>
            {
                let is_same = node.name.eq_ignore_ascii_case(name);
                joined = format!("{}_{name}", node.name);
                parts.pop();
                parts.push(if is_same { name } else { &joined });
            }
            // The prefix of a namespace only where the name is taken without it.
            Some(name) => parts.extend(name.split(':')),
            None if place.steps.is_empty() => parts.push("text_value"),
            None => {}
        }
        let name = rows.columns.take(&parts);
        let is_mixed_text = attribute.is_none() && node.is_mixed;
        let declared = scalar.declared;
        let values = &scalar.values;
        let sql_type = match declared {
            _ if is_mixed_text => SqlType::Text(None),
            Some(declared) => declared,
            None => values.sql_type(attribute.unwrap_or(&node.name)),
        };
        let remark = if values.n == 0 && declared.is_none() && !is_mixed_text {
            Some("never had a value in the samples")
        } else if declared.is_none() && values.is_unclear_date() {
            Some("dates of which none shows whether the day or the month comes first: kept as text")
        } else {
            None
        };
        let n_rows = self.shape.nodes[rows.node].n;
        let is_required = place.required && scalar.required;
        let is_always = n_rows >= ROWS_FOR_NOT_NULL && values.n == n_rows && !self.shape.has_schema;
        // Of the row's own attributes and of the elements right in it.
        let is_own = steps.len() == 1 && (place.steps.len() <= usize::from(attribute.is_none()));
        if is_own && values.n == n_rows && !scalar.is_repeated && !node.is_mixed {
            rows.propose_key(&name, values);
        }
        let column = Column {
            name,
            source: Source::Path(path),
            paths: below(&rows.paths, &steps),
            sql_type,
            nullable: !(is_required || is_always) || is_mixed_text,
            date_order: if declared.is_none() { values.date_order() } else { None },
            remark,
        };
        self.made.tables[rows.at].columns.push(column);
    }

    fn leave_out(&mut self, path: &str, reason: String) {
        self.made.left_out.push(LeftOut { path: path.to_owned(), reason });
    }
}

fn below(paths: &[String], steps: &[&str]) -> Vec<String> {
    paths.iter().map(|path| [&[path.as_str()], steps].concat().join("/")).collect()
}

fn numbered(name: String, source: Source, nullable: bool) -> Column {
    Column {
        name,
        source,
        paths: Vec::new(),
        sql_type: SqlType::Int,
        nullable,
        date_order: None,
        remark: None,
    }
}
