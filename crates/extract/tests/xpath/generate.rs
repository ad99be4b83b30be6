//! Random documents and random paths that have a chance to meet.

use std::fmt::Write as _;

use fastrand::Rng;

/// Few names, so that paths find something and the same name stands at many places.
const NAMES: [&str; 3] = ["a", "b", "c"];
/// As documents and paths write them: without a namespace (then all are without), or with a prefix.
const PREFIXES: [&str; 2] = ["p:", "q:"];
const ATTRIBUTES: [&str; 4] = ["x", "y", "z", "p:x"];
/// Numbers, words, blanks and what is nearly a number: comparisons treat them differently.
const VALUES: [&str; 10] = ["1", "2", "3", "2.0", "a", "b", "ab", "", " 2 ", "-1"];
const DEPTH_MAX: usize = 5;
/// Stands before a name without a prefix until the path is written for one of the engines.
const ANY: char = '\u{a7}';
/// Stands around a comparison with a path. XPath asks whether it holds for one of the nodes; sxd-xpath takes `!=` for the
/// contrary of `=` and looks at the first node for `<`, so that it is given each node by itself.
const COMPARED: char = '\u{a6}';

/// What a run must have tried.
pub(crate) const PARTS: [&str; 33] = [
    "//",
    "..",
    "*",
    "@",
    "ancestor::",
    "ancestor-or-self::",
    "parent::",
    "self::",
    "descendant::",
    "descendant-or-self::",
    "child::",
    "attribute::",
    "text()",
    "last()",
    "position()",
    "[1]",
    " and ",
    " or ",
    "not(",
    "count(",
    "contains(",
    "starts-with(",
    "substring-after(",
    "substring-before(",
    "normalize-space(",
    "string-length(",
    "translate(",
    "concat(",
    " mod ",
    " != ",
    " < ",
    " | ",
    "sum(",
];

/// A document of three to a hundred elements. Each element begins with a text of its own, so that different elements
/// have different string values.
pub(crate) fn document(random: &mut Rng) -> String {
    let mut xml = String::new();
    let mut n = 0;
    let has_prefixes = random.bool();
    let declared = r#" xmlns:p="urn:one" xmlns:q="urn:two""#;
    element(random, &mut xml, &mut n, 0, has_prefixes, declared);
    xml
}

fn element(
    random: &mut Rng,
    xml: &mut String,
    n: &mut usize,
    depth: usize,
    has_prefixes: bool,
    declared: &str,
) {
    let name = if has_prefixes {
        format!("{}{}", PREFIXES[random.usize(..2)], NAMES[random.usize(..3)])
    } else {
        NAMES[random.usize(..3)].to_owned()
    };
    write!(xml, "<{name}{declared}").unwrap();
    for attribute in ATTRIBUTES {
        if random.u8(..10) < 4 {
            write!(xml, " {attribute}=\"{}\"", VALUES[random.usize(..10)]).unwrap();
        }
    }
    xml.push('>');
    // Some are a value and nothing else, for comparisons.
    if depth > 1 && random.u8(..10) < 4 {
        xml.push_str(VALUES[random.usize(..10)]);
    } else {
        *n += 1;
        write!(xml, "t{n}").unwrap();
        let n_children = if depth >= DEPTH_MAX || *n > 80 { 0 } else { random.usize(1..6) };
        for _ in 0..n_children {
            element(random, xml, n, depth + 1, has_prefixes, "");
            if random.u8(..10) < 2 {
                write!(xml, "m{n}").unwrap();
            }
        }
    }
    write!(xml, "</{name}>").unwrap();
}

/// A path as contracts write it, and as XPath does: a name without a prefix is in any namespace there, in none here.
pub(crate) struct Path {
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

/// An absolute path; sometimes two of them.
pub(crate) fn path(random: &mut Rng) -> Path {
    loop {
        let path = any_path(random);
        if !goes_up_from_texts(&path.ours) {
            return path;
        }
    }
}

/// `//..` also goes from the texts of a document to their elements, which a contract does not: of the texts only those
/// are kept that a path asks for. For the same reason contracts refuse `node()` downwards.
fn goes_up_from_texts(path: &str) -> bool {
    ["//..", "//parent::", "//ancestor::", "//ancestor-or-self::"]
        .iter()
        .any(|part| path.contains(part))
}

fn any_path(random: &mut Rng) -> Path {
    let one = absolute(random);
    let path = if random.u8(..10) == 0 { format!("{one} | {}", absolute(random)) } else { one };
    let path = if random.u8(..8) == 0 { grouped(random, path) } else { path };
    let mut theirs = path.clone();
    for name in NAMES {
        theirs = theirs.replace(&format!("{ANY}{name}"), &format!("*[local-name() = '{name}']"));
    }
    // sxd-xpath takes a star behind a comma for a product.
    let theirs = compared(&theirs.replace(", *", ", child::*"), ("/self::node()[.", "]"));
    Path { ours: compared(&path.replace(ANY, ""), ("", "")), theirs }
}

/// A condition on all nodes of a path, and how it goes on from there. Attributes have no order of their own, so that the
/// second one of several means nothing.
fn grouped(random: &mut Rng, path: String) -> String {
    if path.contains('@') || path.contains("attribute::") {
        return path;
    }
    let condition = ["1", "2", "last()", "position() < 3", "last() - 1"][random.usize(..5)];
    let rest = match random.u8(..6) {
        0 => "/..".to_owned(),
        1 => format!("/@{}", attribute(random)),
        2 => format!("/{}", name(random)),
        3 => format!("//{}", name(random)),
        _ => String::new(),
    };
    format!("({path})[{condition}]{rest}")
}

/// Writes the comparisons between two marks: what stands before and behind them.
fn compared(path: &str, (before, behind): (&str, &str)) -> String {
    let mut parts = path.split(COMPARED);
    let mut written = parts.next().unwrap_or_default().to_owned();
    while let (Some(comparison), Some(rest)) = (parts.next(), parts.next()) {
        written.extend([before, comparison, behind, rest]);
    }
    written
}

fn absolute(random: &mut Rng) -> String {
    let n_steps = random.usize(1..5);
    let first = if random.u8(..10) < 8 { "//" } else { "/" };
    format!("{first}{}", steps(random, n_steps, 2))
}

/// Steps after each other; an attribute or a text can only be the last.
fn steps(random: &mut Rng, n_steps: usize, depth: usize) -> String {
    let mut path = String::new();
    for at in 0..n_steps {
        if at > 0 {
            path.push_str(if random.u8(..10) < 3 { "//" } else { "/" });
        }
        let is_last = at + 1 == n_steps;
        path.push_str(&step(random, is_last, depth));
    }
    path
}

fn step(random: &mut Rng, is_last: bool, depth: usize) -> String {
    if is_last {
        match random.u8(..20) {
            0 | 1 => return format!("@{}", attribute(random)),
            2 => return "attribute::*".to_owned(),
            3 => return "@*".to_owned(),
            4 => return "text()".to_owned(),
            _ => {}
        }
    }
    let name = name(random);
    let mut step = match random.u8(..40) {
        0..=19 => name,
        20..=23 => "*".to_owned(),
        24..=26 => return "..".to_owned(),
        27 => return ".".to_owned(),
        28 => format!("child::{name}"),
        29 | 30 => format!("ancestor::{name}"),
        31 => "ancestor::*".to_owned(),
        32 => format!("ancestor-or-self::{name}"),
        33 => format!("parent::{name}"),
        34 => "parent::*".to_owned(),
        35 => format!("self::{name}"),
        36 => format!("descendant::{name}"),
        37 => "descendant::*".to_owned(),
        38 => format!("descendant-or-self::{name}"),
        _ => "descendant-or-self::*".to_owned(),
    };
    let n_predicates = if depth == 0 { 0 } else { [0, 0, 0, 0, 0, 1, 1, 2][random.usize(..8)] };
    for _ in 0..n_predicates {
        write!(step, "[{}]", condition(random, depth - 1)).unwrap();
    }
    step
}

/// A name in any namespace, or one with a prefix, or any name of a namespace.
fn name(random: &mut Rng) -> String {
    let name = NAMES[random.usize(..3)];
    match random.u8(..14) {
        0..=9 => format!("{ANY}{name}"),
        10 => format!("{}*", PREFIXES[random.usize(..2)]),
        _ => format!("{}{name}", PREFIXES[random.usize(..2)]),
    }
}

fn attribute(random: &mut Rng) -> &'static str {
    ATTRIBUTES[random.usize(..4)]
}

fn condition(random: &mut Rng, depth: usize) -> String {
    let value = VALUES[random.usize(..10)];
    let relative = relative(random, depth);
    let number = random.u8(1..4);
    match random.u8(..22) {
        0..=2 => number.to_string(),
        3 => "last()".to_owned(),
        4 => format!("position() < {number}"),
        5 => format!("position() mod 2 = {}", random.u8(..2)),
        6..=8 => format!("{relative} = '{value}'"),
        9 => format!("{relative}{COMPARED} != '{value}'{COMPARED}"),
        10 => format!("{relative}{COMPARED} < {number}{COMPARED}"),
        11 => format!("count({relative}) > {number}"),
        12 => format!("not({relative})"),
        13 => format!("contains({relative}, '{}')", random.choice(["a", "1", "t"]).unwrap()),
        14 => format!("starts-with({relative}, '{}')", random.choice(["a", "1", "t1"]).unwrap()),
        15 => format!("normalize-space({relative}) = '2'"),
        16 => format!("string-length({relative}) >= {number}"),
        17 => format!("{} and {}", condition_below(random, depth), condition_below(random, depth)),
        18 => format!("{} or {}", condition_below(random, depth), condition_below(random, depth)),
        19 => text_function(random, &relative),
        20 => format!("sum({relative}) * 2 - 1 >= {number}"),
        _ => relative,
    }
}

/// A part of an `and` or `or`: a bare number would be true there, and not a position.
fn condition_below(random: &mut Rng, depth: usize) -> String {
    let relative = relative(random, depth);
    let value = VALUES[random.usize(..10)];
    match random.u8(..4) {
        0 => format!("{relative} = '{value}'"),
        1 => format!("position() <= {}", random.u8(1..4)),
        2 => format!("not({relative})"),
        _ => relative,
    }
}

fn text_function(random: &mut Rng, relative: &str) -> String {
    match random.u8(..4) {
        0 => format!("substring-after({relative}, 'a') = 'b'"),
        1 => format!("substring-before({relative}, 'b') = 'a'"),
        2 => format!("translate({relative}, 'ab', 'x') = 'x'"),
        _ => format!("concat({relative}, '-', {relative}) = '2-2'"),
    }
}

fn relative(random: &mut Rng, depth: usize) -> String {
    match random.u8(..10) {
        0..=4 => format!("@{}", attribute(random)),
        5 => ".".to_owned(),
        6 => format!("../@{}", attribute(random)),
        _ => {
            let n_steps = random.usize(1..3);
            // The first of several attributes is any of them.
            steps(random, n_steps, depth).replace("attribute::*", "@x").replace("@*", "@y")
        }
    }
}
