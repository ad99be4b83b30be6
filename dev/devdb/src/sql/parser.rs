//! The cursor over tokens that every part of the parser shares, and the one way to refuse.

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::Declared;
use crate::sql::ast::ObjectName;
use crate::sql::lexer::{Kind, Token, tokens};
use crate::value::sqltype::{MAX, SqlType};

/// How deep expressions and statements may nest; every level takes stack.
const DEPTH_MAX: usize = 60;
/// Words that begin a statement or continue one, and so cannot be an alias without `AS`.
const RESERVED: [&str; 50] = [
    "select",
    "from",
    "where",
    "group",
    "having",
    "order",
    "on",
    "join",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "outer",
    "union",
    "except",
    "intersect",
    "with",
    "option",
    "insert",
    "update",
    "delete",
    "set",
    "values",
    "output",
    "into",
    "create",
    "drop",
    "alter",
    "begin",
    "end",
    "commit",
    "rollback",
    "if",
    "else",
    "throw",
    "exec",
    "execute",
    "while",
    "return",
    "declare",
    "print",
    "merge",
    "truncate",
    "when",
    "then",
    "for",
    "as",
    "grant",
    "deny",
];

pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// The parameters, and behind them what has been declared so far.
    variables: Vec<Declared>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, params: &[Declared]) -> SqlResult<Self> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, depth: 0, variables: params.to_vec() })
    }

    /// The parameters, and behind them the variables that were declared.
    pub(crate) fn variables(self) -> Vec<Declared> {
        self.variables
    }

    /// Declares a variable; its index.
    pub(crate) fn declare(&mut self, variable: Declared) -> usize {
        self.variables.push(variable);
        self.variables.len() - 1
    }

    pub(crate) fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    pub(crate) fn line(&self) -> u32 {
        self.token().line
    }

    /// The kind of the token `ahead` of the current one.
    pub(crate) fn peek(&self, ahead: usize) -> &Kind {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)].kind
    }

    pub(crate) fn at_end(&self) -> bool {
        self.token().kind == Kind::End
    }

    pub(crate) fn next(&mut self) -> Kind {
        let kind = self.token().kind.clone();
        if !self.at_end() {
            self.at += 1;
        }
        kind
    }

    /// A place to come back to where one reading fails and another is tried.
    pub(crate) fn mark(&self) -> usize {
        self.at
    }

    pub(crate) fn rewind(&mut self, mark: usize) {
        self.at = mark;
    }

    /// The text between the token at `mark` and the current one, without the blanks behind it.
    pub(crate) fn text_since(&self, mark: usize) -> &'a str {
        let end = if self.at == 0 { 0 } else { self.tokens[self.at - 1].span.1 };
        self.text.get(self.tokens[mark].span.0..end).unwrap_or("")
    }

    /// Goes one level deeper.
    pub(crate) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> SqlResult<T>,
    ) -> SqlResult<T> {
        if self.depth >= DEPTH_MAX {
            return Err(SqlError::new(
                191,
                "Some part of your SQL statement is nested too deeply.",
            )
            .with_class(15));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// 102 at the current token.
    pub(crate) fn unexpected(&self) -> SqlError {
        let Token { line, column, span, .. } = *self.token();
        let near =
            self.text.get(span.0..span.1).filter(|near| !near.is_empty()).unwrap_or("end of batch");
        let near: String = near.chars().take(60).collect();
        let text = format!(
            "Incorrect syntax near '{near}'. (devdb: line {line}, column {column}; what it understands ends here.)"
        );
        SqlError::new(102, text).with_class(15).at_line(line)
    }

    pub(crate) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek(ahead), Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub(crate) fn is_symbol(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.peek(ahead), Kind::Symbol(found) if *found == symbol)
    }

    /// The symbol that stands here; empty where there is none.
    pub(crate) fn symbol(&self) -> &'static str {
        if let Kind::Symbol(symbol) = self.peek(0) { symbol } else { "" }
    }

    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(0, symbol);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, symbol: &str) -> SqlResult<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> SqlResult<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A name, quoted or not; bare reserved words are none.
    pub(crate) fn name(&mut self) -> SqlResult<String> {
        match self.peek(0) {
            Kind::Quoted(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            Kind::Word(name) if !is_reserved(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            Kind::Word(_)
            | Kind::Text { .. }
            | Kind::Number(_)
            | Kind::Variable(_)
            | Kind::Symbol(_)
            | Kind::End => Err(self.unexpected()),
        }
    }

    /// Whether a name stands here.
    pub(crate) fn at_name(&self) -> bool {
        match self.peek(0) {
            Kind::Quoted(_) => true,
            Kind::Word(word) => !is_reserved(word),
            Kind::Text { .. }
            | Kind::Number(_)
            | Kind::Variable(_)
            | Kind::Symbol(_)
            | Kind::End => false,
        }
    }

    pub(crate) fn object_name(&mut self) -> SqlResult<ObjectName> {
        let first = self.name()?;
        if !self.eat(".") {
            return Ok(ObjectName { schema: None, name: first });
        }
        Ok(ObjectName { schema: Some(first), name: self.name()? })
    }

    /// Names in parentheses.
    pub(crate) fn name_list(&mut self) -> SqlResult<Vec<String>> {
        self.expect("(")?;
        let mut names = vec![self.name()?];
        while self.eat(",") {
            names.push(self.name()?);
        }
        self.expect(")")?;
        Ok(names)
    }

    pub(crate) fn variable(&mut self) -> SqlResult<String> {
        let Kind::Variable(name) = self.peek(0) else { return Err(self.unexpected()) };
        let name = name.clone();
        self.at += 1;
        Ok(name)
    }

    /// The index of a declared parameter, or 137.
    pub(crate) fn param(&self, name: &str) -> SqlResult<usize> {
        self.variables.iter().position(|declared| declared.name == name).ok_or_else(|| {
            let text = format!("Must declare the scalar variable \"@{name}\".");
            SqlError::new(137, text).with_class(15).with_state(2).at_line(self.line())
        })
    }

    /// An integer literal, with its sign.
    pub(crate) fn integer(&mut self) -> SqlResult<i64> {
        let mark = self.mark();
        let is_negative = self.eat("-");
        if let Kind::Number(digits) = self.peek(0)
            && let Ok(value) = digits.parse::<i64>()
        {
            self.at += 1;
            return Ok(if is_negative { -value } else { value });
        }
        let refused = self.unexpected();
        self.rewind(mark);
        Err(refused)
    }

    /// A type as in `decimal(12, 2)` or `nvarchar(max)`.
    pub(crate) fn data_type(&mut self) -> SqlResult<SqlType> {
        let refused = self.unexpected();
        let name = self.name()?;
        let mut args = [None, None];
        if self.eat("(") {
            for (idx, arg) in args.iter_mut().enumerate() {
                if idx == 1 && !self.eat(",") {
                    break;
                }
                *arg = Some(if self.eat_word("max") { MAX } else { self.type_argument()? });
            }
            self.expect(")")?;
        }
        SqlType::named(&name, args[0], args[1]).ok_or(refused)
    }

    fn type_argument(&mut self) -> SqlResult<u16> {
        let refused = self.unexpected();
        u16::try_from(self.integer()?).ok().filter(|n| *n != MAX).ok_or(refused)
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}
