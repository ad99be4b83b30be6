//! Parses expressions by T-SQL's grammar and precedence ("Operator Precedence").

use super::Flaw;
use super::lex::{Span, Token, lex};
use super::syntax::{Failure, Kind, Operator, Sign, Syntax};
use super::types::{Target, target};
use crate::comparison::Comparison;

/// Bytes of an expression; longer ones are better written as several columns.
const BYTES_MAX: usize = 64 << 10;

/// Parts of an expression that are within each other. Chains such as `a + b + c` count, too: each operator takes what is
/// before it as a part. What is deeper would exhaust the stack.
const PARTS_DEPTH_MAX: usize = 256;

/// Words that are no names, so that a forgotten operator does not become a path.
const RESERVED: [&str; 18] = [
    "AND", "AS", "BETWEEN", "CASE", "CAST", "ELSE", "END", "ESCAPE", "EXISTS", "FROM", "IN", "IS",
    "LIKE", "NOT", "NULL", "OR", "THEN", "WHEN",
];

/// Parses a whole expression. `nesting_max` bounds brackets, calls and CASEs within each other.
pub(super) fn parse(text: &str, nesting_max: usize) -> Result<Syntax, Flaw> {
    if text.len() > BYTES_MAX {
        let reason = format!("the expression has more than {BYTES_MAX} bytes");
        return Err(Flaw::new(0..text.len(), reason, "make several columns of it".to_owned()));
    }
    let mut parser = Parser { tokens: lex(text)?, at: 0, nesting: 0, nesting_max };
    let syntax = parser.any()?;
    if *parser.peek() == Token::End {
        return Ok(syntax);
    }
    Err(parser.unexpected("an operator or the end"))
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    nesting: usize,
    nesting_max: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Span {
        self.tokens[self.at].1.clone()
    }

    /// From a place on to the end of what was taken last.
    fn since(&self, start: usize) -> Span {
        start..self.at.checked_sub(1).map_or(start, |last| self.tokens[last].1.end).max(start)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.at += 1;
        }
        token
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        self.at += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), Flaw> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Flaw> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Flaw {
        let found = self.peek();
        let is_reserved = matches!(found, Token::Word(word) if is_reserved(word));
        let hint = if is_reserved && wanted == "a value" {
            "; a path of that name is written in brackets"
        } else {
            ""
        };
        Flaw::new(
            self.span(),
            format!("{} stands where {wanted} is due", found.describe()),
            format!("write {wanted} there{hint}"),
        )
    }

    /// Gives a part its place, unless it is too deep.
    fn made(&self, kind: Kind, start: usize) -> Result<Syntax, Flaw> {
        let syntax = kind.at(self.since(start));
        if syntax.depth > PARTS_DEPTH_MAX {
            return Err(Flaw::new(
                syntax.span,
                format!("more than {PARTS_DEPTH_MAX} operators or calls are within each other"),
                "use CONCAT for many texts, or make several columns of it".to_owned(),
            ));
        }
        Ok(syntax)
    }

    /// Parses what is in brackets or the like, one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Flaw>) -> Result<T, Flaw> {
        if self.nesting == self.nesting_max {
            return Err(Flaw::new(
                self.span(),
                format!(
                    "more than {} brackets, calls or CASEs are within each other",
                    self.nesting_max
                ),
                "make several columns of it, or raise the limit `expression_depth`".to_owned(),
            ));
        }
        self.nesting += 1;
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }

    /// OR, and whatever binds tighter.
    fn any(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        let first = self.all()?;
        let mut parts = vec![first];
        while self.take_keyword("OR") {
            parts.push(self.all()?);
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => self.made(Kind::Any(parts), start),
        }
    }

    fn all(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        let mut parts = vec![self.negation()?];
        while self.take_keyword("AND") {
            parts.push(self.negation()?);
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => self.made(Kind::All(parts), start),
        }
    }

    fn negation(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        if !self.take_keyword("NOT") {
            return self.predicate();
        }
        let inner = self.nested(Self::negation)?;
        self.made(Kind::Not(Box::new(inner)), start)
    }

    /// A value, or a condition on values.
    fn predicate(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        let left = self.sum()?;
        if let Some(comparison) = self.comparison() {
            let right = self.sum()?;
            return self.made(Kind::Compare(comparison, Box::new(left), Box::new(right)), start);
        }
        if self.take_keyword("IS") {
            let negated = self.take_keyword("NOT");
            self.expect_keyword("NULL")?;
            let condition = self.made(Kind::IsNull(Box::new(left)), start)?;
            return if negated { self.negated(condition, start) } else { Ok(condition) };
        }
        let negated = self.is_keyword("NOT");
        self.at += usize::from(negated);
        let kind = if self.take_keyword("LIKE") {
            self.like(left)?
        } else if self.take_keyword("IN") {
            self.expect("(")?;
            let list = self.nested(|parser| parser.list(Self::sum))?;
            Kind::In { value: Box::new(left), list }
        } else if self.take_keyword("BETWEEN") {
            let from = Box::new(self.sum()?);
            self.expect_keyword("AND")?;
            Kind::Between { value: Box::new(left), from, to: Box::new(self.sum()?) }
        } else if negated {
            return Err(self.unexpected("LIKE, IN or BETWEEN"));
        } else {
            return Ok(left);
        };
        let condition = self.made(kind, start)?;
        if negated { self.negated(condition, start) } else { Ok(condition) }
    }

    /// Puts a NOT around a condition that has one in it, as in `NOT IN`.
    fn negated(&self, condition: Syntax, start: usize) -> Result<Syntax, Flaw> {
        self.made(Kind::Not(Box::new(condition)), start)
    }

    fn like(&mut self, value: Syntax) -> Result<Kind, Flaw> {
        let pattern = Box::new(self.sum()?);
        let escape = if self.take_keyword("ESCAPE") { Some(Box::new(self.sum()?)) } else { None };
        Ok(Kind::Like { value: Box::new(value), pattern, escape })
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let Token::Symbol(symbol) = self.peek() else { return None };
        let comparison = match *symbol {
            "=" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" | "!>" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" | "!<" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.at += 1;
        Some(comparison)
    }

    fn sum(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        let mut left = self.product()?;
        loop {
            let operator = if self.take("+") {
                Operator::Add
            } else if self.take("-") {
                Operator::Subtract
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.made(Kind::Arithmetic(operator, Box::new(left), Box::new(right)), start)?;
        }
    }

    fn product(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        let mut left = self.signed()?;
        loop {
            let operator = if self.take("*") {
                Operator::Multiply
            } else if self.take("/") {
                Operator::Divide
            } else if self.take("%") {
                Operator::Remainder
            } else {
                return Ok(left);
            };
            let right = self.signed()?;
            left = self.made(Kind::Arithmetic(operator, Box::new(left), Box::new(right)), start)?;
        }
    }

    fn signed(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        let sign = if self.take("-") {
            Sign::Minus
        } else if self.take("+") {
            Sign::Plus
        } else {
            return self.primary();
        };
        let inner = self.nested(Self::signed)?;
        self.made(Kind::Sign(sign, Box::new(inner)), start)
    }

    fn primary(&mut self) -> Result<Syntax, Flaw> {
        let start = self.span().start;
        if self.take("(") {
            let inner = self.nested(Self::any)?;
            self.expect(")")?;
            return Ok(Syntax { span: self.since(start), ..inner });
        }
        if self.is_keyword("CASE") {
            self.at += 1;
            let case = self.nested(Self::case)?;
            return self.made(case, start);
        }
        if self.is_keyword("NULL") {
            self.at += 1;
            return self.made(Kind::Null, start);
        }
        let opens = matches!(self.tokens.get(self.at + 1), Some((Token::Symbol("("), _)));
        let kind = match self.peek() {
            Token::Word(word) if opens && (!is_reserved(word) || is_call(word)) => {
                let name = word.to_uppercase();
                self.at += 2;
                let call = self.nested(|parser| parser.call(name))?;
                return self.made(call, start);
            }
            Token::Word(word) if is_reserved(word) => return Err(self.unexpected("a value")),
            Token::Word(path) | Token::Path(path) => Kind::Path(path.clone()),
            Token::Text(text) => Kind::Text(text.clone()),
            Token::Int(int) => Kind::Int(*int),
            Token::Decimal { number, precision } => {
                Kind::Decimal { number: *number, precision: *precision }
            }
            Token::Float(float) => Kind::Float(*float),
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.next();
        self.made(kind, start)
    }

    fn case(&mut self) -> Result<Kind, Flaw> {
        let subject = if self.is_keyword("WHEN") { None } else { Some(Box::new(self.sum()?)) };
        let mut branches = Vec::new();
        while self.take_keyword("WHEN") {
            let when = if subject.is_some() { self.sum()? } else { self.any()? };
            self.expect_keyword("THEN")?;
            branches.push((when, self.any()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("WHEN"));
        }
        let otherwise = if self.take_keyword("ELSE") { Some(Box::new(self.any()?)) } else { None };
        self.expect_keyword("END")?;
        Ok(Kind::Case { subject, branches, otherwise })
    }

    /// Parses the arguments of a function behind its bracket, some of which have words between them.
    fn call(&mut self, name: String) -> Result<Kind, Flaw> {
        match name.as_str() {
            "CAST" | "TRY_CAST" => {
                self.cast(if name == "CAST" { Failure::Raised } else { Failure::Null })
            }
            "EXISTS" => {
                let inner = Box::new(self.any()?);
                self.expect(")")?;
                Ok(Kind::Exists(inner))
            }
            "TRIM" => self.trim(name),
            _ if self.take(")") => Ok(Kind::Call { name, arguments: Vec::new() }),
            _ => Ok(Kind::Call { arguments: self.list(Self::any)?, name }),
        }
    }

    /// `TRIM(characters FROM text)`: the text comes first among the arguments, as in `LTRIM(text, characters)`.
    fn trim(&mut self, name: String) -> Result<Kind, Flaw> {
        let first = self.any()?;
        let arguments =
            if self.take_keyword("FROM") { vec![self.any()?, first] } else { vec![first] };
        self.expect(")")?;
        Ok(Kind::Call { name, arguments })
    }

    fn cast(&mut self, failure: Failure) -> Result<Kind, Flaw> {
        let value = Box::new(self.any()?);
        self.expect_keyword("AS")?;
        let target = self.target()?;
        self.expect(")")?;
        Ok(Kind::Cast { value, target, failure })
    }

    fn target(&mut self) -> Result<Target, Flaw> {
        let start = self.span().start;
        let Token::Word(name) = self.peek().clone() else { return Err(self.unexpected("a type")) };
        self.at += 1;
        let mut sizes = Vec::new();
        if self.take("(") {
            loop {
                if let Token::Int(size) = *self.peek() {
                    sizes.push(Some(u32::try_from(size).unwrap_or(u32::MAX)));
                    self.at += 1;
                } else if self.take_keyword("max") {
                    sizes.push(None);
                } else {
                    return Err(self.unexpected("a size"));
                }
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        target(&name, &sizes).map_err(|suggestion| {
            let reason = format!("`{name}` as it is written here is no type of CAST");
            Flaw::new(self.since(start), reason, suggestion)
        })
    }

    /// Parses what stands between commas, up to the bracket.
    fn list(&mut self, part: fn(&mut Self) -> Result<Syntax, Flaw>) -> Result<Vec<Syntax>, Flaw> {
        let mut parts = vec![part(self)?];
        while self.take(",") {
            parts.push(part(self)?);
        }
        self.expect(")")?;
        Ok(parts)
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// Says whether a reserved word is written like a function.
fn is_call(word: &str) -> bool {
    ["CAST", "EXISTS"].iter().any(|call| word.eq_ignore_ascii_case(call))
}
