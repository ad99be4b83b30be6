//! The steps of a path: parsed, and checked for what can never be.

use std::ops::Range;

use super::lex::Token;
use super::parse::{Parser, refuse};
use super::{Axis, Expr, Function, Kind, Names, Path, PathProblem, Predicate, Start, Step, Test};
use crate::comparison::Comparison;

/// Why a path is none, without its place.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: String,
    suggestion: &'static str,
}

impl Refusal {
    fn new(reason: impl Into<String>, suggestion: &'static str) -> Self {
        Self { reason: reason.into(), suggestion }
    }

    pub(super) fn at(self, span: Range<usize>) -> PathProblem {
        PathProblem { span, reason: self.reason, suggestion: self.suggestion.to_owned() }
    }
}

/// The path of the node itself.
pub(super) fn itself(names: &mut Names, at: usize) -> Path {
    let step = Step { axis: Axis::Itself, test: Test::Node, predicates: Vec::new() };
    Path { start: Start::Context, steps: vec![step], id: names.next_path(), at }
}

impl Path {
    /// Adds a condition to the last step.
    pub(super) fn add(&mut self, predicate: Predicate) {
        let Some(last) = self.steps.last_mut() else { return };
        last.predicates.push(predicate);
        if last.axis == Axis::Descendant && last.predicates.iter().any(|it| it.is_positional) {
            // `//name[1]` counts the children of each element.
            last.axis = Axis::Child;
            let place = self.steps.len() - 1;
            self.steps.insert(place, any_depth());
        }
    }
}

fn any_depth() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() }
}

impl Parser<'_, '_> {
    /// Parses what follows `//`.
    pub(super) fn steps_anywhere(&mut self) -> Result<Vec<Step>, PathProblem> {
        let mut steps = self.step()?;
        let first = &mut steps[0];
        if first.axis == Axis::Child && first.predicates.iter().all(|it| !it.is_positional) {
            // The same nodes, found in one walk.
            first.axis = Axis::Descendant;
        } else {
            steps.insert(0, any_depth());
        }
        Ok(steps)
    }

    pub(super) fn step(&mut self) -> Result<Vec<Step>, PathProblem> {
        let span = self.span();
        let short = match self.peek() {
            Some(Token::Sign(".")) => Some(Axis::Itself),
            Some(Token::Sign("..")) => Some(Axis::Parent),
            Some(_) | None => None,
        };
        let (axis, test) = match (short, self.peek()) {
            (Some(axis), _) => {
                self.advance();
                (axis, Test::Node)
            }
            (None, Some(Token::Sign("@"))) => {
                self.advance();
                (Axis::Attribute, self.test(Axis::Attribute)?)
            }
            (None, Some(Token::Axis(name))) => {
                self.advance();
                let axis = axis(name, span)?;
                (axis, self.test(axis)?)
            }
            (None, _) => (Axis::Child, self.test(Axis::Child)?),
        };
        Ok(vec![Step { axis, test, predicates: self.predicates()? }])
    }

    /// Parses the conditions behind a step, or behind a name of `[let]`, whose last step they are about.
    pub(super) fn predicates(&mut self) -> Result<Vec<Predicate>, PathProblem> {
        let mut predicates = Vec::new();
        loop {
            let span = self.span();
            if !self.take("[") {
                return Ok(predicates);
            }
            let condition = self.inner()?;
            self.expect("]")?;
            check_condition(&condition)
                .map_err(|refusal| refusal.at(span.start..self.span().start))?;
            predicates.push(Predicate::new(condition));
        }
    }

    fn test(&mut self, axis: Axis) -> Result<Test, PathProblem> {
        let span = self.span();
        match self.peek() {
            Some(Token::Sign("*" | "times")) => {
                self.advance();
                Ok(Test::Any)
            }
            Some(Token::Name { prefix, local }) => {
                let (prefix, local) = (prefix.clone(), local.clone());
                self.advance();
                if prefix.is_empty() && self.take("(") {
                    return self.node_type(&local, axis, span);
                }
                self.name_test(axis, &prefix, &local, span)
            }
            Some(Token::Variable(_)) => Err(refuse(
                span,
                "`$name` cannot stand here",
                "a path begins with it, or goes on with it behind a `/`",
            )),
            Some(Token::Number(_)) => Err(refuse(
                span,
                "a name cannot begin with a digit",
                "XML names begin with a letter or `_`",
            )),
            Some(_) => Err(refuse(span, "a name is due here", "write a name, `*`, `.` or `..`")),
            None => Err(refuse(
                span,
                "the path ends where a name is due",
                "complete it, or leave the `/` at its end out",
            )),
        }
    }

    fn node_type(
        &mut self,
        name: &str,
        axis: Axis,
        span: Range<usize>,
    ) -> Result<Test, PathProblem> {
        self.expect(")")?;
        let goes_down = matches!(axis, Axis::Child | Axis::Descendant | Axis::DescendantOrSelf);
        match name {
            "text" => Ok(Test::Text),
            // In XPath it finds texts, too, of which only those are kept that a path asks for.
            "node" if goes_down => Err(refuse(
                span,
                "`node()` cannot be looked for downwards",
                "write `*` for elements, `text()` for texts, or `//` for any depth",
            )),
            "node" => Ok(Test::Node),
            _ => Err(refuse(
                span,
                &format!("`{name}()` is no part of a path"),
                "write the path of an element, of an attribute, or `text()`",
            )),
        }
    }

    fn name_test(
        &mut self,
        axis: Axis,
        prefix: &str,
        local: &str,
        span: Range<usize>,
    ) -> Result<Test, PathProblem> {
        if prefix == "xmlns" || (prefix.is_empty() && local == "xmlns") {
            let suggestion =
                "declarations of namespaces are no attributes; use a prefix of `[namespaces]`";
            return Err(refuse(span, "`xmlns` is no name of an attribute", suggestion));
        }
        let space = match prefix {
            "" if axis == Axis::Attribute => super::Space::Nowhere,
            "" => super::Space::Any,
            prefix => match self.names.space(prefix) {
                Some(space) => space.clone(),
                None => {
                    let known: Vec<&str> = self.names.prefixes().collect();
                    let suggestion = crate::meant::suggest(prefix, &known, "[namespaces]");
                    let reason = format!("the prefix `{prefix}` stands for nothing");
                    return Err(refuse(span, &reason, &suggestion));
                }
            },
        };
        if local == "*" {
            return Ok(Test::AnyIn(space));
        }
        Ok(Test::Name { local: self.names.local(local), space })
    }
}

fn axis(name: &str, span: Range<usize>) -> Result<Axis, PathProblem> {
    let suggestion = match name {
        "child" => return Ok(Axis::Child),
        "attribute" => return Ok(Axis::Attribute),
        "self" => return Ok(Axis::Itself),
        "parent" => return Ok(Axis::Parent),
        "ancestor" => return Ok(Axis::Ancestor),
        "ancestor-or-self" => return Ok(Axis::AncestorOrSelf),
        "descendant" => return Ok(Axis::Descendant),
        "descendant-or-self" => return Ok(Axis::DescendantOrSelf),
        "following-sibling" | "preceding-sibling" => {
            "go up and down again with a condition: `../name[..]`"
        }
        "following" | "preceding" => "write the path from the document: `/root/..`, or `../name`",
        "namespace" => "use a prefix of `[namespaces]`",
        _ => {
            "the axes are child, attribute, self, parent, ancestor, ancestor-or-self, descendant, descendant-or-self"
        }
    };
    Err(refuse(span, &format!("paths have no axis `{name}` here"), suggestion))
}

/// Refuses steps that can find nothing.
pub(super) fn check(path: &Path, names: &Names) -> Result<(), Refusal> {
    // How many elements there are around, as far as that is known.
    let mut depth = (path.start == Start::Root).then_some(0_usize);
    let mut is_leaf = false;
    let mut name: Option<&Step> = None;
    let mut is_any_node = false;
    for step in &path.steps {
        let is_element = matches!(step.test, Test::Name { .. } | Test::AnyIn(_) | Test::Any);
        if let Test::Group(paths) = &step.test {
            (depth, name, is_any_node) = (None, None, false);
            is_leaf = paths.iter().any(Path::ends_in_leaf);
            continue;
        }
        if step.axis.goes_up() && is_any_node {
            // In XPath that goes up from texts, too, which a tree of what is needed does not have.
            return Err(Refusal::new(
                "the path goes up right behind `//` or `node()`",
                "name the element from which it goes up: `//name/..`",
            ));
        }
        is_any_node = finds_any_node(step, is_any_node);
        if is_leaf && !(step.axis.goes_up() || step.axis == Axis::Itself) {
            return Err(Refusal::new(
                "nothing is within an attribute or a text",
                "end the path there, or write the element's path",
            ));
        }
        match step.axis {
            Axis::Child | Axis::Descendant => {
                depth = if step.axis == Axis::Child { depth.map(|depth| depth + 1) } else { None };
            }
            Axis::Attribute if step.test == Test::Text => {
                return Err(Refusal::new("attributes have no `text()`", "write `@name` alone"));
            }
            Axis::Attribute if depth == Some(0) => {
                return Err(Refusal::new(
                    "the document itself has no attributes",
                    "begin with its root element: `/root/@name`",
                ));
            }
            Axis::Parent | Axis::Ancestor if depth == Some(0) || depth == Some(1) && is_element => {
                return Err(Refusal::new("the path leaves the document", "take a `..` out"));
            }
            Axis::Parent => depth = depth.map(|depth| depth - usize::from(!is_leaf)),
            Axis::Itself => {
                if let Some(before) = name.filter(|before| excludes(&before.test, &step.test)) {
                    let Test::Name { local, .. } = before.test else { continue };
                    let reason = format!(
                        "`self::` of another name than `{}` finds nothing",
                        names.text(local)
                    );
                    return Err(Refusal::new(reason, "take one of them"));
                }
            }
            Axis::Attribute
            | Axis::DescendantOrSelf
            | Axis::Ancestor
            | Axis::AncestorOrSelf
            | Axis::Group => {
                depth = None;
            }
        }
        if step.axis != Axis::Itself {
            is_leaf = step.axis == Axis::Attribute || step.test == Test::Text;
            name = matches!(step.axis, Axis::Child | Axis::Descendant).then_some(step);
        }
    }
    Ok(())
}

/// Says whether a step finds nodes of all kinds, where the one before it does or does not.
fn finds_any_node(step: &Step, before: bool) -> bool {
    step.test == Test::Node
        && match step.axis {
            Axis::Child | Axis::Descendant | Axis::DescendantOrSelf => true,
            Axis::Itself => before,
            Axis::Attribute
            | Axis::Parent
            | Axis::Ancestor
            | Axis::AncestorOrSelf
            | Axis::Group => false,
        }
}

/// Says whether no element passes both tests.
pub(crate) fn excludes(left: &Test, right: &Test) -> bool {
    let (Test::Name { local, space }, Test::Name { local: other, space: other_space }) =
        (left, right)
    else {
        return false;
    };
    local != other || !space.meets(other_space)
}

/// Refuses values that a function cannot take.
pub(super) fn check_arguments(function: Function, arguments: &[Expr]) -> Result<(), Refusal> {
    if function != Function::LocalName {
        return Ok(());
    }
    let Some(Expr::Paths(paths)) = arguments.first() else { return Ok(()) };
    if paths.iter().any(Path::ends_in_leaf) {
        let reason = format!("`{}` is of elements", function.name());
        return Err(Refusal::new(reason, "write the path of an element"));
    }
    Ok(())
}

/// Refuses a condition that never holds, whatever the document has.
#[expect(clippy::float_cmp, reason = "a position is a whole number or none")]
pub(super) fn check_condition(condition: &Expr) -> Result<(), Refusal> {
    let reason = match condition {
        Expr::Number(number) if *number < 1.0 || *number != number.trunc() => {
            "no node has this position; the first is `[1]`"
        }
        Expr::Text(text) if text.is_empty() => "the empty text never holds as a condition",
        Expr::Call(Function::False, _) => "the condition never holds",
        Expr::Compare(comparison, left, right) if never_compares(*comparison, left, right) => {
            "the condition compares two constants and never holds"
        }
        Expr::And(left, right) => {
            check_condition(left)?;
            check_condition(right)?;
            if !wants_two_values(condition) {
                return Ok(());
            }
            "one attribute cannot be equal to two texts; `or` may be meant"
        }
        Expr::Or(..)
        | Expr::Compare(..)
        | Expr::Calculate(..)
        | Expr::Negate(_)
        | Expr::Paths(_)
        | Expr::Text(_)
        | Expr::Number(_)
        | Expr::Call(..) => return Ok(()),
    };
    Err(Refusal::new(reason, "correct the condition"))
}

/// Says whether a condition wants one attribute to be equal to two texts.
fn wants_two_values(condition: &Expr) -> bool {
    let mut needed = Vec::new();
    equal_to(condition, &mut needed);
    let differs = |place: usize| {
        let (step, text) = needed[place];
        needed[..place].iter().any(|(other, before)| *other == step && *before != text)
    };
    (0..needed.len()).any(differs)
}

/// Collects the attributes of the node itself that a condition wants to be equal to a text: there is one of a name.
fn equal_to<'e>(condition: &'e Expr, found: &mut Vec<(&'e Step, &'e str)>) {
    if let Expr::And(left, right) = condition {
        equal_to(left, found);
        equal_to(right, found);
    }
    let Expr::Compare(Comparison::Equal, left, right) = condition else { return };
    let ((Expr::Paths(paths), Expr::Text(text)) | (Expr::Text(text), Expr::Paths(paths))) =
        (&**left, &**right)
    else {
        return;
    };
    if let [Path { start: Start::Context, steps, .. }] = paths.as_slice()
        && let [step] = steps.as_slice()
        && step.axis == Axis::Attribute
        && matches!(step.test, Test::Name { .. })
    {
        found.push((step, text));
    }
}

fn never_compares(comparison: Comparison, left: &Expr, right: &Expr) -> bool {
    match (constant(left), constant(right)) {
        (Some(left), Some(right)) => !holds(comparison, left, right),
        _ => false,
    }
}

fn constant(expr: &Expr) -> Option<&Expr> {
    matches!(expr.kind(), Kind::Text | Kind::Number)
        .then_some(expr)
        .filter(|expr| matches!(expr, Expr::Text(_) | Expr::Number(_)))
}

fn holds(comparison: Comparison, left: &Expr, right: &Expr) -> bool {
    if let (Expr::Text(left), Expr::Text(right)) = (left, right) {
        match comparison {
            Comparison::Equal => return left == right,
            Comparison::NotEqual => return left != right,
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => {}
        }
    }
    let number = |expr: &Expr| {
        if let Expr::Number(number) = expr {
            return *number;
        }
        let Expr::Text(text) = expr else { return f64::NAN };
        text.trim().parse().unwrap_or(f64::NAN)
    };
    comparison.holds(number(left), number(right))
}
