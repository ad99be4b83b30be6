//! The functions of the path language.

use super::Kind;

/// A function that contracts may use: of XPath 1.0, and two of XPath 2.0 for upper and lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Not,
    Boolean,
    True,
    False,
    Count,
    Position,
    Last,
    Sum,
    Number,
    Floor,
    Ceiling,
    Round,
    Text,
    Concat,
    Contains,
    StartsWith,
    Substring,
    SubstringBefore,
    SubstringAfter,
    StringLength,
    NormalizeSpace,
    Translate,
    LocalName,
    UpperCase,
    LowerCase,
}

/// A function, its name, how many arguments it takes at least and at most, and what it gives.
type Known = (Function, &'static str, usize, usize, Kind);

/// So many arguments `concat` takes.
const MANY: usize = 64;

const KNOWN: [Known; 25] = [
    (Function::Not, "not", 1, 1, Kind::Flag),
    (Function::Boolean, "boolean", 1, 1, Kind::Flag),
    (Function::True, "true", 0, 0, Kind::Flag),
    (Function::False, "false", 0, 0, Kind::Flag),
    (Function::Count, "count", 1, 1, Kind::Number),
    (Function::Position, "position", 0, 0, Kind::Number),
    (Function::Last, "last", 0, 0, Kind::Number),
    (Function::Sum, "sum", 1, 1, Kind::Number),
    (Function::Number, "number", 0, 1, Kind::Number),
    (Function::Floor, "floor", 1, 1, Kind::Number),
    (Function::Ceiling, "ceiling", 1, 1, Kind::Number),
    (Function::Round, "round", 1, 1, Kind::Number),
    (Function::Text, "string", 0, 1, Kind::Text),
    (Function::Concat, "concat", 2, MANY, Kind::Text),
    (Function::Contains, "contains", 2, 2, Kind::Flag),
    (Function::StartsWith, "starts-with", 2, 2, Kind::Flag),
    (Function::Substring, "substring", 2, 3, Kind::Text),
    (Function::SubstringBefore, "substring-before", 2, 2, Kind::Text),
    (Function::SubstringAfter, "substring-after", 2, 2, Kind::Text),
    (Function::StringLength, "string-length", 0, 1, Kind::Number),
    (Function::NormalizeSpace, "normalize-space", 0, 1, Kind::Text),
    (Function::Translate, "translate", 3, 3, Kind::Text),
    (Function::LocalName, "local-name", 0, 1, Kind::Text),
    (Function::UpperCase, "upper-case", 1, 1, Kind::Text),
    (Function::LowerCase, "lower-case", 1, 1, Kind::Text),
];

impl Function {
    /// Finds a function by its name: it, and how many arguments it takes at least and at most.
    pub(crate) fn find(name: &str) -> Option<(Self, usize, usize)> {
        let known = KNOWN.iter().find(|known| known.1 == name)?;
        Some((known.0, known.2, known.3))
    }

    /// Lists the names of all functions.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|known| known.1)
    }

    fn known(self) -> &'static Known {
        KNOWN.iter().find(|known| known.0 == self).expect("every function is in the list")
    }

    /// What the function gives.
    pub(crate) fn kind(self) -> Kind {
        self.known().4
    }

    /// The name of the function.
    pub(crate) fn name(self) -> &'static str {
        self.known().1
    }

    /// Says whether the function takes nodes, and not their texts.
    pub(crate) fn takes_nodes(self) -> bool {
        matches!(self, Self::Not | Self::Boolean | Self::Count | Self::LocalName)
    }
}
