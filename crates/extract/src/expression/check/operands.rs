//! Parts as what is due where they stand.

use super::super::fault::Fault;
use super::super::literal;
use super::super::node::{Conversion, Node};
use super::super::syntax::{Failure, Operator, Syntax};
use super::super::types::{Family, Type};
use super::super::{Datum, Span};
use super::{Checker, Typed};

impl Checker<'_, '_> {
    /// Types a part that has to be a text; whatever is none becomes one.
    pub(in super::super) fn text(&mut self, syntax: &Syntax) -> Option<Typed> {
        let typed = self.value(syntax)?;
        self.as_text(typed)
    }

    pub(super) fn as_text(&mut self, typed: Typed) -> Option<Typed> {
        // A text of the document is one already.
        if matches!(typed.data_type, Type::Text | Type::Null | Type::Untyped) {
            return Some(Typed { data_type: Type::Text, ..typed });
        }
        self.converted(typed, Type::Text)
    }

    /// Types a part that has to be a number. Of what type the numbers of a document are nothing says.
    pub(in super::super) fn number(&mut self, syntax: &Syntax) -> Option<Typed> {
        let typed = self.value(syntax)?;
        self.as_number(typed, "a number")
    }

    /// An operand of an operation.
    pub(super) fn operand(&mut self, typed: Typed, operator: Operator) -> Option<Typed> {
        let is_date = matches!(typed.data_type.family(), Family::Date | Family::Time);
        if is_date {
            return self.flaw(
                &typed.span,
                format!("{} stands where `{}` takes a number", typed.data_type, operator.symbol()),
                "use DATEADD(day, n, date) to move a date, DATEDIFF(day, from, to) for days between",
            );
        }
        // What a text in quotes is read as depends on what is beside it.
        if typed.data_type == Type::Text && is_text_constant(&typed.node) {
            return Some(typed);
        }
        self.as_number(typed, "a number")
    }

    /// Reads a text in quotes as a number of the type of the other operand.
    pub(super) fn beside(&mut self, typed: Typed, other: &Typed) -> Option<Typed> {
        if typed.data_type.family() == Family::Number || typed.data_type == Type::Null {
            return Some(typed);
        }
        let data_type =
            if other.data_type.family() == Family::Number { other.data_type } else { Type::Number };
        self.converted(typed, data_type)
    }

    pub(in super::super) fn as_number(&mut self, typed: Typed, what: &str) -> Option<Typed> {
        match typed.data_type.family() {
            Family::Number => Some(typed),
            Family::Any => self.converted(typed, Type::Number),
            Family::Text if is_text_constant(&typed.node) => self.converted(typed, Type::Number),
            Family::Text | Family::Date | Family::Time => self.flaw(
                &typed.span,
                format!("{} stands where {what} is due", typed.data_type),
                "write CAST(.. AS decimal(18,2)) or CAST(.. AS int) around it",
            ),
        }
    }

    /// Types a part that has to be a whole number, such as a length.
    pub(in super::super) fn whole(&mut self, syntax: &Syntax) -> Option<Typed> {
        let typed = self.value(syntax)?;
        match typed.data_type.family() {
            Family::Any => self.converted(typed, Type::BigInt),
            Family::Number if typed.data_type.range().is_some() && typed.data_type != Type::Bit => {
                Some(typed)
            }
            Family::Number => self.converted(typed, Type::BigInt),
            Family::Text if is_text_constant(&typed.node) => self.converted(typed, Type::BigInt),
            Family::Text | Family::Date | Family::Time => self.flaw(
                &typed.span,
                format!("{} stands where a whole number is due", typed.data_type),
                "write CAST(.. AS int) around it",
            ),
        }
    }

    /// Types a part that has to be a date or a time. A text in quotes becomes `of_text`.
    pub(in super::super) fn date(&mut self, syntax: &Syntax, of_text: Type) -> Option<Typed> {
        let typed = self.value(syntax)?;
        match typed.data_type.family() {
            Family::Date | Family::Time => Some(typed),
            Family::Any => self.converted(typed, Type::DateTime2 { scale: 7 }),
            Family::Text if is_text_constant(&typed.node) => self.converted(typed, of_text),
            Family::Text | Family::Number => self.flaw(
                &typed.span,
                format!("{} stands where a date is due", typed.data_type),
                "write CAST(.. AS date) or CAST(.. AS datetime2) around it",
            ),
        }
    }

    /// Converts a part of a type to another that goes with it.
    pub(in super::super) fn converted(&mut self, typed: Typed, to: Type) -> Option<Typed> {
        let from = typed.data_type;
        if from == to || from == Type::Null {
            return Some(Typed { data_type: to, ..typed });
        }
        if let Node::Constant(Datum::Text(text)) = &typed.node
            && to != Type::Text
            // T-SQL takes an empty text for 0 and for 1900-01-01, which nobody means who has not written a CAST.
            && let Err(fault) = literal::read(text, to)
                .and_then(|_| if text.trim().is_empty() { Err(Fault::Unreadable(to)) } else { Ok(()) })
        {
            let suggestion = format!("write a value of {to}, without quotes if it is a number");
            return self.flaw(&typed.span, fault.to_string(), suggestion);
        }
        let conversion = Conversion { from, to: to.into(), failure: Failure::Raised };
        let node = Node::Convert(Box::new(typed.node), conversion);
        self.folded(Typed { node, data_type: to, span: typed.span })
    }

    /// Brings parts to one type, as the branches of a CASE. The error names the first that does not fit.
    pub(in super::super) fn alike(
        &mut self,
        parts: Vec<Typed>,
        what: &str,
    ) -> Option<(Vec<Typed>, Type)> {
        let mut common: Option<(Type, Span)> = None;
        // Texts in quotes last: they can be read as what the others are.
        let (texts, others): (Vec<&Typed>, Vec<&Typed>) =
            parts.iter().partition(|part| is_text_constant(&part.node));
        for part in others.iter().chain(&texts) {
            let Some((before, place)) = &common else {
                common = Some((part.data_type, part.span.clone()));
                continue;
            };
            match before.common(part.data_type) {
                Some(both) => common = Some((both, place.clone())),
                None if is_text_constant(&part.node) => {}
                None => {
                    let reason = format!(
                        "{what} do not fit together: {before} (at {}) and {}",
                        place.start + 1,
                        part.data_type
                    );
                    let span = part.span.clone();
                    let suggestion =
                        "write CAST(.. AS ..) around one of them, or NULL for no value";
                    return self.flaw(&span, reason, suggestion);
                }
            }
        }
        let (common, _) = common?;
        let parts: Option<Vec<Typed>> = parts
            .into_iter()
            .map(|part| match (part.data_type, common) {
                (Type::Untyped | Type::Null, Type::Untyped | Type::Text) => Some(part),
                (own, _) if own == common => Some(part),
                _ => self.converted(part, common),
            })
            .collect();
        Some((parts?, common))
    }
}

pub(in super::super) fn is_text_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(Datum::Text(_)))
}
