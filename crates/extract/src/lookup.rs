//! Looks for the nodes of one path in one document, for those who want to try a path or compare it with others.

use std::collections::BTreeMap;

use crate::document::{DOCUMENT, NodeNo, Pattern, read_tree};
use crate::limits::Limits;
use crate::search::{Context, Search};
use crate::wanted::{Need, Wishes, want};
use crate::xpath::{self, Expr, Names};

/// Returns the string values of the nodes that a path meets, in document order; of another expression its value.
///
/// # Errors
///
/// Returns what is wrong with the path or with the document.
pub fn look_up(
    xml: &str,
    path: &str,
    namespaces: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<String>, String> {
    let mut names = Names::new();
    for (prefix, uris) in namespaces {
        names.declare(prefix, uris);
    }
    let expr = xpath::parse(path, &mut names)
        .map_err(|err| format!("{}, at {}: {}", err.reason, err.span.start + 1, err.suggestion))?;
    let mut wishes = Wishes::new();
    want(&mut wishes, &vec![Pattern::new()], &expr, Need::Text);
    let mut interest = wishes.interest;
    interest.finish(&names);
    let limits = Limits::default();
    let tree = read_tree(xml, &interest, names.uris(), &limits).map_err(|flaw| flaw.to_string())?;
    let search = Search::new(&tree, limits.value_bytes);
    let context = Context::of(NodeNo::element(DOCUMENT));
    let found = match &expr {
        Expr::Paths(paths) => {
            let nodes = search.nodes(paths, context);
            nodes.into_iter().map(|node| search.string(node).into_owned()).collect()
        }
        Expr::Or(..)
        | Expr::And(..)
        | Expr::Compare(..)
        | Expr::Calculate(..)
        | Expr::Negate(_)
        | Expr::Text(_)
        | Expr::Number(_)
        | Expr::Call(..) => vec![search.text(&expr, context).into_owned()],
    };
    if search.is_over() { Err("the path looks at too much".to_owned()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "<o xmlns='urn:o' xmlns:x='urn:x' n='7'><h><c>EUR</c></h>\
        <l><i x:s='a' s='b'><t>one <b>two</b><!-- no --> three</t></i><i s='c'><t/>\
        <i s='d'><t>4</t></i></i><x:i s='e'>5<![CDATA[&]]>6</x:i></l></o>";

    fn check(path: &str, expected: &[&str]) {
        let namespaces = BTreeMap::from([
            ("o".to_owned(), vec!["urn:o".to_owned()]),
            ("x".to_owned(), vec!["urn:x".to_owned()]),
            ("any".to_owned(), vec!["urn:o".to_owned(), "urn:x".to_owned()]),
        ]);
        match look_up(ORDER, path, &namespaces) {
            Ok(found) => assert_eq!(found, expected, "{path}"),
            Err(err) => assert_eq!([err.as_str()], expected, "{path}"),
        }
    }

    #[test]
    fn paths() {
        check("/o:o/o:h/o:c", &["EUR"]);
        check("/o/h/c", &["EUR"]);
        // A condition behind brackets is about all nodes in them.
        check("(//i)[1]/@s", &["b"]);
        check("(//i)[last()]/@s", &["e"]);
        check("(//i | //c)[position() < 3]", &["EUR", "one two three"]);
        check("(//i/@s)[last()]", &["e"]);
        check("//i[(t | @s)[2]]/@s", &["b", "c", "d"]);
        check("upper-case(//c)", &["EUR"]);
        check("lower-case(//c)", &["eur"]);
        check("/x:o/h/c", &[]);
        check("/o/@n", &["7"]);
        check("/o/l/o:i/@s", &["b", "c"]);
        check("/o/l/x:i/@s", &["e"]);
        check("/o/l/i/@s", &["b", "c", "e"]);
        check("/o/l/any:i/@x:s", &["a"]);
        // Attributes have no order of their own: those with a prefix come last.
        check("/o/l/any:*/@*", &["b", "a", "c", "e"]);
        check("//i/@s", &["b", "c", "d", "e"]);
        check("//i//i/@s", &["d"]);
        check("//i[1]/@s", &["b", "d"]);
        check("//i[last()]/@s", &["d", "e"]);
        check("/o/l/i[2]/i/../@s", &["c"]);
        check("/o/l/i[t]/@s", &["b", "c"]);
        check("/o/l/i[t = 'one two three']/@s", &["b"]);
        check("/o/l/i[not(t)]", &["5&6"]);
        check("/o/l/i[not(t)]/text()", &["5&6"]);
        check("/o/l/i/t/text()", &["one ", " three"]);
        check("/o/l/i/t", &["one two three", ""]);
        check("/o/*/*", &["EUR", "one two three", "4", "5&6"]);
        check("//t[. = '4']/ancestor::i/@s", &["c", "d"]);
        check("//t[. = '4']/ancestor::i[1]/@s", &["d"]);
        check("//t[. = '4']/ancestor::i[last()]/@s", &["c"]);
        check("//t[. = '4']/../../@s", &["c"]);
        check("//i[@s = 'b' or @s = 'd']/@s", &["b", "d"]);
        check("//i[@s != 'b']/@s", &["c", "d", "e"]);
        check("//i[../@s]/@s", &["d"]);
        check("//i[/o/@n = 7]/@s", &["b", "c", "d", "e"]);
        check("//i[/o/@n > 7]/@s", &[]);
        check("//i[t > 3]/@s", &["d"]);
        check("/o/h/c | /o/@n", &["7", "EUR"]);
        check("count(//i)", &["4"]);
        check("substring-after('a:b', ':')", &["b"]);
        check("concat(/o/@n, '-', /o/h/c)", &["7-EUR"]);
        check("normalize-space(//t)", &["one two three"]);
        check("local-name(//i[last()]/..)", &["l"]);
        check("string-length(//t[2])", &["0"]);
        check("//i[position() = 2]/@s", &["c"]);
        check("/o/l/i[@s = 'c'][1]/t", &[""]);
        check("1 + 2 * 3 - 4 div 2", &["5"]);
        check("/o/l/i[self::x:i]/@s", &["e"]);
        check("/", &["EURone two three45&6"]);
    }

    #[test]
    fn what_is_no_path() {
        for (path, expected) in [
            (
                "/o/",
                "the path ends where a name is due, at 4: complete it, or leave the `/` at its end out",
            ),
            ("/o/p:i", "the prefix `p` stands for nothing, at 4: did you mean `o`?"),
            ("/o/../..", "the path leaves the document, at 1: take a `..` out"),
            (
                "//../@a",
                "the path goes up right behind `//` or `node()`, at 1: name the element from which it goes up: `//name/..`",
            ),
            (
                "/o/node()",
                "`node()` cannot be looked for downwards, at 4: write `*` for elements, `text()` for texts, or `//` for any depth",
            ),
            (
                "/o/@a/b",
                "nothing is within an attribute or a text, at 1: end the path there, or write the element's path",
            ),
            (
                "/o/i[0]",
                "no node has this position; the first is `[1]`, at 5: correct the condition",
            ),
            (
                "/o[@a = '1' and @a = '2']",
                "one attribute cannot be equal to two texts; `or` may be meant, at 3: correct the condition",
            ),
            (
                "('a')[1]",
                "a path is due here, at 1: write a path; texts, numbers and conditions have no nodes",
            ),
            (
                "/o/following-sibling::i",
                "paths have no axis `following-sibling` here, at 4: go up and down again with a condition: `../name[..]`",
            ),
            (
                "/o/{urn:o}i",
                "`{` has no meaning in a path, at 4: names in `{namespace}name` are written prefix:name, with the prefix in `[namespaces]`",
            ),
            (
                "/o/1a",
                "a name cannot begin with a digit, at 4: XML names begin with a letter or `_`",
            ),
            (
                "contain(/o, 'a')",
                "there is no function `contain` for paths, at 1: did you mean `contains`?",
            ),
            ("$a/b", "`$a` is not defined, at 1: [let] has none; add it there"),
            ("/o/i[@a = 'x", "a text without an end, at 11: close it with the same quote"),
        ] {
            check(path, &[expected]);
        }
    }
}
