//! The README lists what is understood: its statements parse, and its lists are those of the code.

use std::collections::BTreeSet;

use crate::catalog::system;
use crate::sql::{expr, params, parse};
use crate::value::sqltype::SqlType;

const PAGE: &str = include_str!("../../README.md");

/// The lines of all blocks of a kind.
fn lines(kind: &str) -> Vec<&'static str> {
    let blocks = PAGE.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(kind)).flat_map(str::lines).collect()
}

/// The words of the list that begins so.
fn list(beginning: &str) -> BTreeSet<&'static str> {
    let line = PAGE.lines().find(|line| line.starts_with(beginning));
    let line = line.unwrap_or_else(|| panic!("no line begins with `{beginning}`"));
    line[beginning.len()..].split('`').skip(1).step_by(2).collect()
}

#[test]
fn statements_of_the_page_are_understood() {
    let declared = "@n int, @json nvarchar(max), @b int, @id bigint";
    let declared = params::parse(declared).expect("a declaration");
    let statements: Vec<&str> = lines("sql\n");
    assert!(statements.len() > 20, "only {} statements", statements.len());
    for statement in statements {
        if let Err(err) = parse(statement, declared.clone()) {
            panic!("{statement}: {err:?}");
        }
    }
}

#[test]
fn what_the_page_refuses_is_refused() {
    for statement in lines("refused\n") {
        let err = parse(statement, Vec::new()).expect_err(statement);
        assert_eq!(err.number, 102, "{statement}: {err:?}");
    }
}

#[test]
fn lists_of_the_page_are_those_of_the_code() {
    assert_eq!(list("Functions: "), expr::names().collect());
    assert_eq!(list("Views of `sys`: "), system::names().collect());
    for name in list("Types: ") {
        assert!(SqlType::named(name, None, None).is_some(), "{name}");
    }
}
