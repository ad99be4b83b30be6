//! The tree of a batch.

use std::sync::Arc;

use crate::faults::Target;
use crate::sql::permission::Permission;
use crate::value::sqltype::SqlType;

/// A parsed batch; kept and shared between the sessions that send the same text.
#[derive(Debug)]
pub(crate) struct Batch {
    /// What a plan of faults may call it.
    pub(crate) kind: Option<Target>,
    pub(crate) params: Vec<Declared>,
    /// The parameters, and behind them the variables that the batch declares.
    pub(crate) variables: Vec<Declared>,
    pub(crate) body: Vec<Node>,
}

/// A statement and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) stmt: Stmt,
    /// Counts the statements of a batch, those within others included.
    pub(crate) number: usize,
}

/// A parameter as declared; the name is in lower case, without `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
}

/// The name of a table, with its schema where one was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectName {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) enum Stmt {
    Block(Vec<Node>),
    If {
        condition: Pred,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    While {
        condition: Pred,
        body: Box<Node>,
    },
    Try {
        body: Vec<Node>,
        handler: Vec<Node>,
    },
    /// A variable, by its index, and its value.
    Assign {
        variable: usize,
        value: Expr,
    },
    Begin,
    Commit,
    Rollback,
    Save(String),
    RollbackTo(String),
    Throw {
        number: Expr,
        message: Expr,
        state: Expr,
    },
    Set(Setting),
    CreateSchema(String),
    CreateTable(Box<TableDef>),
    CreateIndex(Box<IndexDef>),
    DropTable {
        name: ObjectName,
        if_exists: bool,
    },
    DropSchema(String),
    Principal(Box<PrincipalStmt>),
    Insert(Box<Insert>),
    Update(Box<Update>),
    Delete(Box<Delete>),
    Select(Box<Query>),
}

impl Stmt {
    /// Whether it is refused in a transaction that can only be rolled back.
    pub(crate) fn needs_sound_transaction(&self) -> bool {
        match self {
            Self::Insert(_) | Self::Update(_) | Self::Delete(_) | Self::Commit => true,
            Self::Save(_) | Self::RollbackTo(_) | Self::Principal(_) => true,
            Self::CreateSchema(_) | Self::CreateTable(_) | Self::CreateIndex(_) => true,
            Self::DropTable { .. } | Self::DropSchema(_) => true,
            Self::Block(_) | Self::If { .. } | Self::While { .. } | Self::Try { .. } => false,
            Self::Assign { .. } | Self::Begin | Self::Rollback | Self::Throw { .. } => false,
            Self::Set(_) | Self::Select(_) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    XactAbort(bool),
    NoCount(bool),
    /// Milliseconds, -1 for as long as it takes.
    LockTimeout(i64),
    IdentityInsert {
        table: ObjectName,
        is_on: bool,
    },
    /// Understood, and of no consequence here.
    Ignored,
}

#[derive(Debug)]
pub(crate) struct TableDef {
    pub(crate) name: ObjectName,
    pub(crate) columns: Vec<ColumnDef>,
    pub(crate) constraints: Vec<Constraint>,
    /// The statement as written, from which the catalog is read again.
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct ColumnDef {
    pub(crate) name: String,
    pub(crate) ty: Option<SqlType>,
    /// The name behind `COLLATE`.
    pub(crate) collation: Option<String>,
    pub(crate) computed: Option<(Expr, String)>,
    pub(crate) identity: Option<(i64, i64)>,
    pub(crate) is_nullable: Option<bool>,
    pub(crate) default: Option<DefaultDef>,
}

#[derive(Debug)]
pub(crate) struct DefaultDef {
    pub(crate) name: Option<String>,
    pub(crate) expr: Arc<Expr>,
}

#[derive(Debug)]
pub(crate) struct Constraint {
    pub(crate) name: Option<String>,
    pub(crate) rule: Rule,
}

#[derive(Debug)]
pub(crate) enum Rule {
    Primary(Vec<String>),
    Unique(Vec<String>),
    Foreign {
        columns: Vec<String>,
        parent: ObjectName,
        parent_columns: Vec<String>,
        cascades: bool,
    },
    Check(Pred),
}

#[derive(Debug)]
pub(crate) struct IndexDef {
    pub(crate) name: String,
    pub(crate) table: ObjectName,
    pub(crate) is_unique: bool,
    /// Columns, and whether each goes downwards.
    pub(crate) columns: Vec<(String, bool)>,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) table: ObjectName,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) output: Vec<Item>,
    pub(crate) rows: Rows,
}

#[derive(Debug)]
pub(crate) enum Rows {
    /// `None` stands for `DEFAULT`.
    Values(Vec<Vec<Option<Expr>>>),
    Query(Box<Query>),
    Defaults,
}

#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) table: ObjectName,
    pub(crate) assignments: Vec<(String, Expr)>,
    pub(crate) output: Vec<Item>,
    /// Other sources whose rows it reads.
    pub(crate) from: Option<From>,
    pub(crate) filter: Option<Pred>,
}

#[derive(Debug)]
pub(crate) struct Delete {
    /// A table, or, where there are sources, what one of them is called.
    pub(crate) table: ObjectName,
    /// Sources that name the rows to go.
    pub(crate) from: Option<From>,
    pub(crate) filter: Option<Pred>,
}

#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) top: Option<Expr>,
    pub(crate) is_distinct: bool,
    pub(crate) items: Vec<Item>,
    pub(crate) from: Option<From>,
    pub(crate) filter: Option<Pred>,
    pub(crate) group: Vec<Expr>,
    pub(crate) having: Option<Pred>,
    pub(crate) order: Vec<(Expr, bool)>,
}

#[derive(Debug)]
pub(crate) enum Item {
    Star(Option<String>),
    Expr { expr: Expr, alias: Option<String> },
}

#[derive(Debug)]
pub(crate) struct From {
    pub(crate) first: Source,
    pub(crate) joins: Vec<Join>,
}

#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) is_left: bool,
    pub(crate) source: Source,
    pub(crate) on: Pred,
}

#[derive(Debug)]
pub(crate) enum Source {
    Table { name: ObjectName, alias: Option<String> },
    Derived { query: Box<Query>, alias: String },
    Json { document: Expr, path: Vec<Step>, columns: Arc<Vec<JsonColumn>>, alias: String },
}

/// A column of `OPENJSON ... WITH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JsonColumn {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
    pub(crate) path: Vec<Step>,
}

/// A step of a JSON path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Index(usize),
    Key(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arith {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    CountBig,
    Sum,
    Min,
    Max,
    Avg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Func {
    Coalesce,
    /// `CAST(.. AS xml)`.
    Xml,
    IsNull,
    NullIf,
    Left,
    Right,
    Len,
    CharIndex,
    DataLength,
    Upper,
    Lower,
    Substring,
    Replace,
    ObjectId,
    SchemaId,
    DatabasePrincipalId,
    HasPermsByName,
    DbName,
    DbId,
    ServerProperty,
    SysUtcDateTime,
    GetUtcDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatePart {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Null,
    Number(String),
    Text {
        text: String,
        is_national: bool,
    },
    /// The index of a declared parameter.
    Param(usize),
    RowCount,
    TranCount,
    /// 1 in a transaction, -1 in one that can only be rolled back, else 0.
    XactState,
    /// Of the error at hand in a CATCH block.
    ErrorNumber,
    ErrorMessage,
    Version,
    Column {
        qualifier: Option<String>,
        name: String,
        line: u32,
    },
    Negate(Box<Self>),
    Arith {
        op: Arith,
        left: Box<Self>,
        right: Box<Self>,
    },
    Case {
        whens: Vec<(Pred, Self)>,
        otherwise: Option<Box<Self>>,
    },
    /// `COLLATE`, with the name behind it.
    Collate {
        expr: Box<Self>,
        name: String,
    },
    Cast {
        expr: Box<Self>,
        ty: SqlType,
    },
    /// `CONVERT` with style 126, ISO 8601.
    Convert {
        expr: Box<Self>,
        ty: SqlType,
    },
    Call {
        func: Func,
        args: Vec<Self>,
    },
    DateAdd {
        part: DatePart,
        n: Box<Self>,
        moment: Box<Self>,
    },
    DateDiff {
        part: DatePart,
        from: Box<Self>,
        to: Box<Self>,
    },
    Aggregate {
        func: Aggregate,
        is_distinct: bool,
        arg: Option<Box<Self>>,
    },
    Subquery(Box<Query>),
}

#[derive(Debug)]
pub(crate) enum Pred {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare { op: Compare, left: Expr, right: Expr },
    IsNull { expr: Expr, is_negated: bool },
    InList { expr: Expr, list: Vec<Expr>, is_negated: bool },
    InQuery { expr: Expr, query: Box<Query>, is_negated: bool },
    Between { expr: Expr, low: Expr, high: Expr, is_negated: bool },
    Like { expr: Expr, pattern: Expr, is_negated: bool },
    Exists(Box<Query>),
}

/// A statement about principals.
#[derive(Debug)]
pub(crate) enum PrincipalStmt {
    CreateUser { name: String, login: String },
    DropUser(String),
    CreateRole(String),
    DropRole(String),
    AddMember { role: String, member: String },
    DropMember { role: String, member: String },
    Permit(Permit),
}

/// `GRANT` or `DENY`.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(crate) verdict: Verdict,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) on: On,
    pub(crate) to: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Grant,
    Deny,
}

/// What permissions are granted on, by name.
#[derive(Debug)]
pub(crate) enum On {
    Database,
    Schema(String),
    Object(ObjectName),
}
