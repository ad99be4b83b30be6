//! Parses the text of a path or of an expression over paths.

use std::ops::Range;

use super::lex::{Placed, Token, lex};
use super::path::{self, Refusal};
use super::{Expr, Function, Kind, Names, Operation, Path, PathProblem, Start};
use crate::comparison::Comparison;

/// Brackets and names of `[let]` inside each other.
const DEPTH_MAX: usize = 32;

/// Parses the text of a path, a condition or another expression.
pub(crate) fn parse(text: &str, names: &mut Names) -> Result<Expr, PathProblem> {
    parse_at_depth(text, names, 0)
}

fn parse_at_depth(text: &str, names: &mut Names, depth: usize) -> Result<Expr, PathProblem> {
    let tokens = lex(text)?;
    if tokens.is_empty() {
        return Err(refuse(
            0..text.len(),
            "there is no path",
            "write one, or `.` for the row itself",
        ));
    }
    let mut parser = Parser { tokens: &tokens, place: 0, end: text.len(), names, depth };
    let expr = parser.or()?;
    match parser.tokens.get(parser.place) {
        None => Ok(expr),
        Some((token, span)) => Err(unexpected(token, span.clone())),
    }
}

pub(super) fn refuse(span: Range<usize>, reason: &str, suggestion: &str) -> PathProblem {
    PathProblem { span, reason: reason.to_owned(), suggestion: suggestion.to_owned() }
}

fn unexpected(token: &Token, span: Range<usize>) -> PathProblem {
    match token {
        Token::Sign("::") => {
            refuse(span, "`::` without an axis before it", "write it like `ancestor::name`")
        }
        Token::Sign("[") => refuse(
            span,
            "a condition that belongs to no step of a path",
            "put it behind the name that it is about, `a[1]`, or behind paths in brackets, `(a | b)[1]`",
        ),
        Token::Sign("/" | "//") => refuse(
            span,
            "a path cannot go on here",
            "a path goes on behind a name; write `a/c | b/c` and not `(a | b)/c`",
        ),
        Token::Sign("]" | ")") => {
            refuse(span, "a bracket that nothing has opened", "leave it out, or open it before")
        }
        Token::Name { .. }
        | Token::Axis(_)
        | Token::Variable(_)
        | Token::Text(_)
        | Token::Number(_)
        | Token::Sign(_) => refuse(
            span,
            "nothing can follow here without an operator",
            "put `/`, `|`, `and`, `or` or a comparison before it",
        ),
    }
}

/// What stands between brackets, and the place in it.
pub(super) struct Parser<'t, 'n> {
    tokens: &'t [Placed],
    place: usize,
    end: usize,
    pub(super) names: &'n mut Names,
    depth: usize,
}

impl<'t> Parser<'t, '_> {
    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.place).map(|(token, _)| token)
    }

    fn peek_second(&self) -> Option<&'t Token> {
        self.tokens.get(self.place + 1).map(|(token, _)| token)
    }

    /// Where the token in hand is.
    pub(super) fn span(&self) -> Range<usize> {
        self.tokens.get(self.place).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    pub(super) fn advance(&mut self) {
        self.place += 1;
    }

    /// Takes a sign if it comes next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.place += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), PathProblem> {
        if self.take(sign) {
            return Ok(());
        }
        let reason = format!("`{sign}` is missing here");
        Err(refuse(self.span(), &reason, "close what has been opened"))
    }

    /// Parses what is within brackets.
    pub(super) fn inner(&mut self) -> Result<Expr, PathProblem> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let reason = format!("more than {DEPTH_MAX} brackets inside each other");
            return Err(refuse(self.span(), &reason, "split it with `[let]`"));
        }
        let expr = self.or();
        self.depth -= 1;
        expr
    }

    fn or(&mut self) -> Result<Expr, PathProblem> {
        let mut left = self.and()?;
        while self.take("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, PathProblem> {
        let mut left = self.equality()?;
        while self.take("and") {
            left = Expr::And(Box::new(left), Box::new(self.equality()?));
        }
        Ok(left)
    }

    fn equality(&mut self) -> Result<Expr, PathProblem> {
        let mut left = self.relation()?;
        loop {
            let comparison = match self.peek() {
                Some(Token::Sign("=")) => Comparison::Equal,
                Some(Token::Sign("!=")) => Comparison::NotEqual,
                Some(_) | None => return Ok(left),
            };
            self.advance();
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.relation()?));
        }
    }

    fn relation(&mut self) -> Result<Expr, PathProblem> {
        let mut left = self.sum()?;
        loop {
            let comparison = match self.peek() {
                Some(Token::Sign("<")) => Comparison::Less,
                Some(Token::Sign("<=")) => Comparison::LessOrEqual,
                Some(Token::Sign(">")) => Comparison::Greater,
                Some(Token::Sign(">=")) => Comparison::GreaterOrEqual,
                Some(_) | None => return Ok(left),
            };
            self.advance();
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.sum()?));
        }
    }

    fn sum(&mut self) -> Result<Expr, PathProblem> {
        let mut left = self.product()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Sign("+")) => Operation::Add,
                Some(Token::Sign("-")) => Operation::Subtract,
                Some(_) | None => return Ok(left),
            };
            self.advance();
            left = Expr::Calculate(operation, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, PathProblem> {
        let mut left = self.negation()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Sign("times")) => Operation::Multiply,
                Some(Token::Sign("div")) => Operation::Divide,
                Some(Token::Sign("mod")) => Operation::Modulo,
                Some(_) | None => return Ok(left),
            };
            self.advance();
            left = Expr::Calculate(operation, Box::new(left), Box::new(self.negation()?));
        }
    }

    fn negation(&mut self) -> Result<Expr, PathProblem> {
        let mut n_signs = 0_usize;
        while self.take("-") {
            n_signs += 1;
        }
        let inner = self.union()?;
        Ok(match n_signs {
            0 => inner,
            // Two of them make a number of a text, and nothing else.
            n_signs if n_signs % 2 == 0 => Expr::Negate(Box::new(Expr::Negate(Box::new(inner)))),
            _ => Expr::Negate(Box::new(inner)),
        })
    }

    fn union(&mut self) -> Result<Expr, PathProblem> {
        let start = self.span();
        let first = self.operand()?;
        if !matches!(self.peek(), Some(Token::Sign("|"))) {
            return Ok(first);
        }
        let Expr::Paths(mut paths) = first else { return Err(no_nodes(start)) };
        while self.take("|") {
            let start = self.span();
            let Expr::Paths(more) = self.operand()? else { return Err(no_nodes(start)) };
            paths.extend(more);
        }
        Ok(Expr::Paths(paths))
    }

    fn operand(&mut self) -> Result<Expr, PathProblem> {
        let span = self.span();
        match self.peek() {
            Some(Token::Text(text)) => {
                self.advance();
                Ok(Expr::Text(text.clone()))
            }
            Some(Token::Number(number)) => {
                self.advance();
                Ok(Expr::Number(*number))
            }
            Some(Token::Sign("(")) => {
                self.advance();
                let inner = self.inner()?;
                self.expect(")")?;
                match self.peek() {
                    Some(Token::Sign("[")) => self.group(inner, span),
                    Some(_) | None => Ok(inner),
                }
            }
            Some(Token::Variable(name)) => {
                self.advance();
                self.variable(name, span)
            }
            Some(Token::Name { prefix, local })
                if matches!(self.peek_second(), Some(Token::Sign("("))) =>
            {
                self.call_or_node(prefix, local, span)
            }
            Some(_) => self.path(),
            None => Err(refuse(span, "the text ends where a path is due", "complete it")),
        }
    }

    /// Parses what follows paths in brackets: conditions on all of their nodes, and how the path goes on from there.
    fn group(&mut self, inner: Expr, span: Range<usize>) -> Result<Expr, PathProblem> {
        let Expr::Paths(paths) = inner else { return Err(no_nodes(span)) };
        let is_of_document = paths.iter().all(|path| path.start == Start::Root);
        let start = if is_of_document { Start::Root } else { Start::Context };
        let predicates = self.predicates()?;
        let test = super::Test::Group(paths);
        let mut steps = vec![super::Step { axis: super::Axis::Group, test, predicates }];
        steps.extend(self.rest_of_path()?);
        let path = Path { start, steps, id: self.names.next_path(), at: span.start };
        self.check(&path, &span)?;
        Ok(Expr::Paths(vec![path]))
    }

    /// Takes the place of a name of `[let]`; where it is a path it may go on.
    fn variable(&mut self, name: &str, span: Range<usize>) -> Result<Expr, PathProblem> {
        let Some(text) = self.names.lets.get(name).cloned() else {
            let known: Vec<&str> = self.names.lets().collect();
            let reason = format!("`${name}` is not defined");
            return Err(refuse(span, &reason, &crate::meant::suggest(name, &known, "[let]")));
        };
        if self.depth >= DEPTH_MAX {
            let reason = format!("`${name}` goes round in circles, or too deep");
            return Err(refuse(span, &reason, "define it without itself"));
        }
        let expr = parse_at_depth(&text, self.names, self.depth + 1).map_err(|inner| {
            let reason = format!("`${name}` is wrong itself: {}", inner.reason);
            refuse(span.clone(), &reason, &inner.suggestion)
        })?;
        if !matches!(self.peek(), Some(Token::Sign("/" | "//" | "["))) {
            return Ok(expr);
        }
        let Expr::Paths(mut paths) = expr else { return Err(no_nodes(span)) };
        for predicate in self.predicates()? {
            paths.iter_mut().for_each(|path| path.add(predicate.clone()));
        }
        let rest = self.rest_of_path()?;
        let whole = paths.into_iter().map(|mut path| {
            path.steps.extend(rest.iter().cloned());
            path.at = span.start;
            path
        });
        let whole: Vec<Path> = whole.collect();
        whole.iter().try_for_each(|path| self.check(path, &span))?;
        Ok(Expr::Paths(whole))
    }

    /// The steps of a name of `[let]` in the middle of a path.
    fn steps_of(
        &mut self,
        name: &str,
        span: Range<usize>,
    ) -> Result<Vec<super::Step>, PathProblem> {
        let tokens = std::mem::take(&mut self.tokens);
        let expr = self.variable(name, span.clone());
        self.tokens = tokens;
        if let Expr::Paths(paths) = expr?
            && let [path] = paths.as_slice()
            && path.start == Start::Context
        {
            return Ok(path.steps.clone());
        }
        let reason = format!("`${name}` cannot stand in the middle of a path");
        Err(refuse(span, &reason, "only one path that does not begin with `/` can"))
    }

    fn call_or_node(
        &mut self,
        prefix: &str,
        local: &str,
        span: Range<usize>,
    ) -> Result<Expr, PathProblem> {
        if prefix.is_empty() && matches!(local, "text" | "node") {
            return self.path();
        }
        let Some((function, n_min, n_max)) = Function::find(local).filter(|_| prefix.is_empty())
        else {
            return Err(unknown_function(prefix, local, span));
        };
        self.advance();
        self.advance();
        let mut arguments = Vec::new();
        let mut spans = Vec::new();
        if !self.take(")") {
            loop {
                spans.push(self.span());
                arguments.push(self.inner()?);
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        if arguments.len() < n_min || arguments.len() > n_max {
            let takes =
                if n_min == n_max { n_min.to_string() } else { format!("{n_min} to {n_max}") };
            let reason = format!("`{local}` takes {takes} values, not {}", arguments.len());
            return Err(refuse(span, &reason, "write as many as it takes"));
        }
        let wants_nodes = matches!(function, Function::Count | Function::Sum | Function::LocalName);
        if wants_nodes && let Some(place) = arguments.iter().position(|it| it.kind() != Kind::Nodes)
        {
            return Err(no_nodes(spans[place].clone()));
        }
        if arguments.is_empty() && n_max > 0 {
            // The node itself is meant.
            arguments.push(Expr::Paths(vec![path::itself(self.names, span.start)]));
        }
        path::check_arguments(function, &arguments).map_err(|refusal| refusal.at(span))?;
        Ok(Expr::Call(function, arguments))
    }

    fn path(&mut self) -> Result<Expr, PathProblem> {
        let span = self.span();
        let start = match self.peek() {
            Some(Token::Sign("/" | "//")) => Start::Root,
            Some(_) | None => Start::Context,
        };
        let mut steps = Vec::new();
        if start == Start::Context {
            steps = self.step()?;
        } else if self.take("/") {
            if self.begins_step() {
                steps = self.step()?;
            }
        } else {
            self.advance();
            steps = self.steps_anywhere()?;
        }
        if !steps.is_empty() {
            steps.extend(self.rest_of_path()?);
        }
        let path = Path { start, steps, id: self.names.next_path(), at: span.start };
        self.check(&path, &span)?;
        Ok(Expr::Paths(vec![path]))
    }

    /// Parses what follows the first step. A name of `[let]` stands for the path that it is.
    fn rest_of_path(&mut self) -> Result<Vec<super::Step>, PathProblem> {
        let mut steps = Vec::new();
        loop {
            if self.take("//") {
                steps.extend(self.steps_anywhere()?);
            } else if self.take("/") {
                let span = self.span();
                if let Some(Token::Variable(name)) = self.peek() {
                    self.advance();
                    steps.extend(self.steps_of(name, span)?);
                } else {
                    steps.extend(self.step()?);
                }
            } else {
                return Ok(steps);
            }
        }
    }

    fn check(&self, path: &Path, span: &Range<usize>) -> Result<(), PathProblem> {
        path::check(path, self.names).map_err(|refusal: Refusal| refusal.at(span.clone()))
    }

    fn begins_step(&self) -> bool {
        match self.peek() {
            Some(Token::Name { .. } | Token::Axis(_)) => true,
            Some(Token::Sign(sign)) => matches!(*sign, "." | ".." | "@" | "*" | "times"),
            Some(Token::Variable(_) | Token::Text(_) | Token::Number(_)) | None => false,
        }
    }
}

fn no_nodes(span: Range<usize>) -> PathProblem {
    refuse(span, "a path is due here", "write a path; texts, numbers and conditions have no nodes")
}

fn unknown_function(prefix: &str, local: &str, span: Range<usize>) -> PathProblem {
    let suggestion = match local {
        "comment" | "processing-instruction" => {
            "comments and processing instructions are not read; write the path of an element".to_owned()
        }
        "id" | "key" => "write a condition: `//name[@id = 'x']`".to_owned(),
        "name" => "use `local-name()`, or compare with a name: `self::prefix:name`".to_owned(),
        "lang" => "write a condition: `[@xml:lang = 'en']`".to_owned(),
        "namespace-uri" => "use a prefix that stands for the namespace".to_owned(),
        "current" => "a condition begins at the node that it tests; what is the row's own cannot be used in it"
            .to_owned(),
        _ => crate::meant::suggest(local, &Function::names().collect::<Vec<_>>(), "the functions"),
    };
    let name = if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") };
    refuse(span, &format!("there is no function `{name}` for paths"), &suggestion)
}
