//! The lists of the page `docs/expressions.md`, which come from the table of functions, and a test that holds them.

use std::fmt::Write as _;

use super::functions::GROUPS;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/expressions.md");

const BEGIN: &str =
    "<!-- functions: from the table in crates/extract/src/expression/functions -->\n";
const END: &str = "<!-- end of functions -->\n";

/// Writes the lists.
fn lists() -> String {
    let mut lists = String::new();
    for group in &GROUPS {
        let heading = "| function | gives | result | example |\n|---|---|---|---|";
        writeln!(lists, "\n### {}\n\n{heading}", group.title).expect("a text takes all");
        for function in group.functions {
            let (example, result) = function.example;
            writeln!(
                lists,
                "| `{}({})` | {} | {} | `{example}` is `{result}` |",
                function.name, function.arguments, function.gives, function.result
            )
            .expect("a text takes all");
        }
    }
    lists.push('\n');
    lists
}

/// With `XMLX_TEST_BLESS=1` the page is written anew.
#[test]
fn the_page_lists_the_functions() {
    let page = std::fs::read_to_string(PAGE).expect("docs/expressions.md is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the lists begin");
    let (_, after) = rest.split_once(END).expect("the page says where the lists end");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", lists());
    if std::env::var_os("XMLX_TEST_BLESS").is_some() {
        std::fs::write(PAGE, &wanted).expect("the page can be written");
    }
    assert!(
        page == wanted,
        "the lists are of another table: run this test once with XMLX_TEST_BLESS=1"
    );
}

#[test]
fn the_examples_are_right() {
    for function in GROUPS.iter().flat_map(|group| group.functions) {
        let (example, result) = function.example;
        assert_eq!(super::tests::shown(example), result, "{example}");
        assert!(!function.gives.contains('|'), "{} breaks its list", function.name);
    }
}
