//! Parses expressions, with SQL's precedence: OR, AND, NOT, comparisons, `+ -`, `* / // %`, sign, `**`.

use std::fmt;

use super::lex::{Token, lex};
use super::like::Pattern;
use super::{Condition, DateUnit, Expr, FieldIx, Literal, Operator, Parsed};
use crate::comparison::Comparison;
use crate::limits::Over;

/// Words that cannot name a field.
const KEYWORDS: [&str; 14] = [
    "CASE", "WHEN", "THEN", "ELSE", "END", "AND", "OR", "NOT", "LIKE", "IS", "NULL", "EMPTY", "IN",
    "BETWEEN",
];

/// Why an expression cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Byte offset in the expression.
    at: usize,
    reason: String,
}

impl SyntaxError {
    pub(super) fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.at + 1, self.reason)
    }
}

/// Parses an expression that has a value, with at most so many brackets, NOTs and CASEs inside each other.
pub(crate) fn parse(text: &str, depth_max: usize) -> Result<Parsed, SyntaxError> {
    let mut parser =
        Parser { tokens: lex(text)?, next: 0, fields: Vec::new(), depth: 0, depth_max };
    let expr = parser.any()?.value()?;
    parser.expect_end()?;
    Ok(Parsed { expr, fields: parser.fields })
}

/// What was parsed, before it is known what is wanted.
enum Typed {
    Value(Expr, usize),
    Condition(Condition, usize),
}

impl Typed {
    fn value(self) -> Result<Expr, SyntaxError> {
        match self {
            Self::Value(expr, _) => Ok(expr),
            Self::Condition(_, at) => {
                Err(SyntaxError::new(at, "expected a value, found a condition"))
            }
        }
    }

    fn condition(self) -> Result<Condition, SyntaxError> {
        match self {
            Self::Condition(condition, _) => Ok(condition),
            Self::Value(_, at) => Err(SyntaxError::new(at, "expected a condition, found a value")),
        }
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    fields: Vec<String>,
    depth: usize,
    depth_max: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn at(&self) -> usize {
        self.tokens[self.next].1
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.next += 1;
        }
        token
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        SyntaxError::new(self.at(), format!("expected {wanted}, found {}", self.peek().describe()))
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), SyntaxError> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        self.next += usize::from(found);
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), SyntaxError> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn expect_end(&self) -> Result<(), SyntaxError> {
        if *self.peek() == Token::End {
            Ok(())
        } else {
            Err(self.unexpected("an operator or the end"))
        }
    }

    /// Parses inside one more bracket, CASE or NOT.
    fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth == self.depth_max {
            let over = Over { limit: "expression_depth", max: self.depth_max };
            return Err(SyntaxError::new(self.at(), over.to_string()));
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    fn any(&mut self) -> Result<Typed, SyntaxError> {
        let at = self.at();
        let first = self.all()?;
        if !self.is_keyword("OR") {
            return Ok(first);
        }
        let mut conditions = vec![first.condition()?];
        while self.take_keyword("OR") {
            conditions.push(self.all()?.condition()?);
        }
        Ok(Typed::Condition(Condition::Any(conditions), at))
    }

    fn all(&mut self) -> Result<Typed, SyntaxError> {
        let at = self.at();
        let first = self.not()?;
        if !self.is_keyword("AND") {
            return Ok(first);
        }
        let mut conditions = vec![first.condition()?];
        while self.take_keyword("AND") {
            conditions.push(self.not()?.condition()?);
        }
        Ok(Typed::Condition(Condition::All(conditions), at))
    }

    fn not(&mut self) -> Result<Typed, SyntaxError> {
        let at = self.at();
        if !self.take_keyword("NOT") {
            return self.predicate();
        }
        let inner = self.nested(Self::not)?.condition()?;
        Ok(Typed::Condition(Condition::Not(Box::new(inner)), at))
    }

    fn predicate(&mut self) -> Result<Typed, SyntaxError> {
        let at = self.at();
        let left = self.sum()?;
        if self.take_keyword("IS") {
            let negated = self.take_keyword("NOT");
            let value = left.value()?;
            let condition = if self.take_keyword("NULL") {
                Condition::IsNull(value)
            } else if self.take_keyword("EMPTY") {
                Condition::IsEmpty(value)
            } else {
                return Err(self.unexpected("NULL or EMPTY"));
            };
            return Ok(Typed::Condition(negate_if(negated, condition), at));
        }
        let negated = self.take_keyword("NOT");
        if self.take_keyword("LIKE") {
            let value = left.value()?;
            let Token::Text(pattern) = self.peek().clone() else {
                return Err(self.unexpected("a pattern in quotes"));
            };
            self.advance();
            return Ok(Typed::Condition(
                negate_if(negated, Condition::Like(value, Pattern::new(&pattern))),
                at,
            ));
        }
        if negated {
            return Err(self.unexpected("LIKE"));
        }
        let Some(comparison) = self.take_comparison() else { return Ok(left) };
        let right = self.sum()?.value()?;
        Ok(Typed::Condition(Condition::Compare(comparison, left.value()?, right), at))
    }

    fn take_comparison(&mut self) -> Option<Comparison> {
        let Token::Symbol(symbol) = self.peek() else { return None };
        let comparison = match *symbol {
            "=" | "==" => Comparison::Equal,
            "!=" | "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.advance();
        Some(comparison)
    }

    fn sum(&mut self) -> Result<Typed, SyntaxError> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Typed, SyntaxError> {
        let operators = [
            ("*", Operator::Multiply),
            ("/", Operator::Divide),
            ("//", Operator::FloorDivide),
            ("%", Operator::Remainder),
        ];
        self.chain(&operators, Self::signed)
    }

    fn chain(
        &mut self,
        operators: &[(&str, Operator)],
        operand: impl Fn(&mut Self) -> Result<Typed, SyntaxError>,
    ) -> Result<Typed, SyntaxError> {
        let at = self.at();
        let first = operand(self)?;
        let mut chain = Vec::new();
        while let Some(&(_, operator)) =
            operators.iter().find(|(symbol, _)| self.take_symbol(symbol))
        {
            chain.push((operator, operand(self)?.value()?));
        }
        if chain.is_empty() {
            return Ok(first);
        }
        Ok(Typed::Value(Expr::Arithmetic(Box::new(first.value()?), chain), at))
    }

    fn signed(&mut self) -> Result<Typed, SyntaxError> {
        let at = self.at();
        if self.take_symbol("-") {
            let inner = self.nested(Self::signed)?.value()?;
            return Ok(Typed::Value(Expr::Negative(Box::new(inner)), at));
        }
        if self.take_symbol("+") {
            return self.nested(Self::signed);
        }
        let base = self.primary()?;
        if !self.take_symbol("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::signed)?.value()?;
        Ok(Typed::Value(
            Expr::Arithmetic(Box::new(base.value()?), vec![(Operator::Power, exponent)]),
            at,
        ))
    }

    fn primary(&mut self) -> Result<Typed, SyntaxError> {
        let at = self.at();
        let expr = match self.peek().clone() {
            Token::Symbol("(") => {
                self.advance();
                let inner = self.nested(Self::any)?;
                self.expect_symbol(")")?;
                return Ok(inner);
            }
            Token::Number(number) => {
                self.advance();
                Expr::Number(number)
            }
            Token::Text(text) => {
                self.advance();
                Expr::Text(Literal::new(&text))
            }
            Token::Word(word) => {
                let upper = word.to_ascii_uppercase();
                let called =
                    matches!(self.tokens.get(self.next + 1), Some((Token::Symbol("("), _)));
                if KEYWORDS.contains(&upper.as_str()) && upper != "CASE" && upper != "NULL" {
                    return Err(self.unexpected("a value"));
                }
                self.advance();
                match upper.as_str() {
                    "CASE" => self.nested(Self::case)?,
                    "NULL" => Expr::Null,
                    "DATE" if called => self.nested(Self::date)?,
                    "DATEADD" if called => self.nested(Self::date_add)?,
                    _ if called => {
                        return Err(SyntaxError::new(at, format!("there is no function `{word}`")));
                    }
                    _ => Expr::Field(self.field(word)),
                }
            }
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a value")),
        };
        Ok(Typed::Value(expr, at))
    }

    fn field(&mut self, name: String) -> FieldIx {
        self.fields.iter().position(|field| *field == name).unwrap_or_else(|| {
            self.fields.push(name);
            self.fields.len() - 1
        })
    }

    fn case(&mut self) -> Result<Expr, SyntaxError> {
        let mut branches = Vec::new();
        while self.take_keyword("WHEN") {
            let condition = self.any()?.condition()?;
            self.expect_keyword("THEN")?;
            branches.push((condition, self.any()?.value()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("WHEN"));
        }
        let otherwise = if self.take_keyword("ELSE") { self.any()?.value()? } else { Expr::Null };
        self.expect_keyword("END")?;
        Ok(Expr::Case(branches, Box::new(otherwise)))
    }

    fn date(&mut self) -> Result<Expr, SyntaxError> {
        self.expect_symbol("(")?;
        let at = self.at();
        let inner = self.any()?.value()?;
        self.expect_symbol(")")?;
        Ok(date_literal(&inner, at)?.unwrap_or_else(|| Expr::ToDate(Box::new(inner))))
    }

    fn date_add(&mut self) -> Result<Expr, SyntaxError> {
        self.expect_symbol("(")?;
        let unit = match self.peek() {
            Token::Word(word) | Token::Text(word) => match word.to_ascii_lowercase().as_str() {
                "day" | "dd" | "d" => DateUnit::Day,
                "week" | "wk" | "ww" => DateUnit::Week,
                "month" | "mm" | "m" => DateUnit::Month,
                "year" | "yyyy" | "yy" => DateUnit::Year,
                _ => return Err(self.unexpected("day, week, month or year")),
            },
            Token::Number(_) | Token::Symbol(_) | Token::End => {
                return Err(self.unexpected("day, week, month or year"));
            }
        };
        self.advance();
        self.expect_symbol(",")?;
        let count = self.any()?.value()?;
        self.expect_symbol(",")?;
        let at = self.at();
        let start = self.any()?.value()?;
        let start = date_literal(&start, at)?.unwrap_or(start);
        self.expect_symbol(")")?;
        Ok(Expr::DateAdd(unit, Box::new(count), Box::new(start)))
    }
}

/// Reads text in quotes that has to be a date; `None` if it is something else.
fn date_literal(expr: &Expr, at: usize) -> Result<Option<Expr>, SyntaxError> {
    let Expr::Text(literal) = expr else { return Ok(None) };
    let date = literal.date.ok_or_else(|| SyntaxError::new(at, "this is no date"))?;
    Ok(Some(Expr::Date(date)))
}

fn negate_if(negated: bool, condition: Condition) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}
