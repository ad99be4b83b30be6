//! Functions that choose one of their arguments.

use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "COALESCE",
        arguments: "value, value, ..",
        n_arguments: 2..=usize::MAX,
        result: "the type that all of them fit",
        gives: "The first value that is not NULL.",
        example: ("COALESCE(NULL, 'a', 'b')", "a"),
        check: |checker, arguments, span| checker.coalesce(arguments, span),
    },
    Function {
        name: "ISNULL",
        arguments: "value, other",
        n_arguments: 2..=2,
        result: "the type that both fit",
        gives: "The value, or the other one where it is NULL; the same as COALESCE here.",
        example: ("ISNULL(NULL, 7)", "7"),
        check: |checker, arguments, span| checker.coalesce(arguments, span),
    },
    Function {
        name: "NULLIF",
        arguments: "value, other",
        n_arguments: 2..=2,
        result: "the type of the value",
        gives: "NULL if the two are equal, else the value.",
        example: ("NULLIF(4, 5)", "4"),
        check: |checker, arguments, span| checker.null_if(arguments, span),
    },
    Function {
        name: "IIF",
        arguments: "condition, yes, no",
        n_arguments: 3..=3,
        result: "the type that both values fit",
        gives: "The second argument if the condition is true, the third if it is false or unknown.",
        example: ("IIF(45 > 30, 'yes', 'no')", "yes"),
        check: |checker, arguments, span| checker.iif(arguments, span),
    },
];
