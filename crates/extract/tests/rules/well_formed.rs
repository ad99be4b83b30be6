//! Texts that are no XML, each with what is said of it.

use crate::contract::{document, plan};

/// Checks what is said of a text after `malformed XML: `.
fn check(xml: &str, expected: &str) {
    let shown = match plan(&[]).map(xml, None) {
        Ok(application) => application.app_id.to_string(),
        Err(rejection) => rejection.to_string(),
    };
    let shown = shown.strip_prefix("validation: malformed XML: ").unwrap_or(&shown);
    assert_eq!(shown, expected, "`{xml}`");
}

#[test]
fn texts_that_are_no_documents() {
    check("", "validation: the document is empty");
    check(" \r\n ", "validation: the document is empty");
    check("hello", "a document begins with `<`, at line 1, column 1");
    check("\n hello", "a document begins with `<`, at line 2, column 2");
    check("<!-- --><?a?>", "the document ends before its root element, at line 1, column 14");
    check(
        "<Msg>\n</Nope></Msg>",
        "an end tag that closes another element than `Msg`, at line 2, column 1",
    );
    check("<Msg/></Msg>", "an end tag without a start tag, at line 1, column 7");
    check("<Msg/><Msg/>", "a second root element, at line 1, column 7");
    check("<Msg/>text<!-- -->", "text outside of the root element, at line 1, column 7");
    check("<Msg/>text", "text outside of the root element, at line 1, column 7");
    check("<Msg/><![CDATA[x]]>", "text outside of the root element, at line 1, column 7");
    check("<Msg a='1' a='2'/>", "an attribute that occurs twice, at line 1, column 17");
    check("<Msg a='<'/>", "`<` in an attribute value, at line 1, column 9");
    check("<Msg>\u{0}</Msg>", "a character that XML 1.0 does not allow, at line 1, column 6");
    check("<Msg>é\u{FFFE}</Msg>", "a character that XML 1.0 does not allow, at line 1, column 7");
    check(&document("a='\u{7F}\u{85}'", "\u{9F}\u{E000}"), "7");
}

/// A place is that of the text as it is stored, with what is before the document.
#[test]
fn places_count_what_is_before_the_document() {
    check(
        "\u{FEFF}\r\n\r\n<Msg>\r</Nope>",
        "an end tag that closes another element than `Msg`, at line 4, column 1",
    );
}

#[test]
fn documents_that_are_cut_off() {
    let whole = "<?xml version='1.0'?>\n<!DOCTYPE Msg [<!ENTITY a 'b'>]>\n<!-- c -->\n<Msg>\n <?p q?><Req ID=\"7\">\n\
        <loan a='1&amp;2' b = 'é'>text &amp; more<![CDATA[ x ]]></loan ></Req></Msg>";
    assert!(plan(&[]).map(whole, None).is_ok());
    let mut reasons = std::collections::BTreeSet::new();
    for (at, _) in whole.char_indices().skip(1) {
        let cut = &whole[..at];
        let rejection = plan(&[]).map(cut, None).expect_err(cut);
        let reason = rejection.reason;
        // White space at the end is taken off.
        let end = cut.trim_end();
        let line = end.lines().count();
        let column = end.lines().last().map_or(0, |line| line.chars().count()) + 1;
        let place = format!(", at line {line}, column {column}");
        assert!(reason.ends_with(&place), "`{cut}`: {reason} {place}");
        let what = reason.split([',', '`']).next().unwrap_or_default();
        let what = what.split(" that begins").next().unwrap_or_default();
        reasons.insert(what.to_owned());
    }
    let expected = [
        "malformed XML: the document ends before its root element",
        "malformed XML: the document is cut off in a CDATA section",
        "malformed XML: the document is cut off in a comment",
        "malformed XML: the document is cut off in a processing instruction",
        "malformed XML: the document is cut off in a tag",
        "malformed XML: the document is cut off in an end tag",
        "malformed XML: the document is cut off in the declaration",
        "malformed XML: the document is cut off in the document type",
        "malformed XML: the document is cut off in the element ",
    ];
    assert_eq!(reasons.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    check(
        "<Msg>\n<Req ID='7'>\n text",
        "the document is cut off in the element `Req` that begins at line 2, column 1, at line 3, column 6",
    );
    check(
        "<Msg>\n<!-- \n</Msg>",
        "the document is cut off in a comment that begins at line 2, column 1, at line 3, column 7",
    );
    // A quote that was forgotten is no end.
    check("<Msg a=\"x><Req/></Msg>", "an attribute value without an end, at line 1, column 8");
}

#[test]
fn references_that_mean_nothing() {
    let character = "a reference to a character that XML 1.0 does not allow";
    let entity = "a reference to an entity that is not known: XML has `&amp;`, `&lt;`, `&gt;`, `&quot;` and `&apos;`, and what a document type declares is not read";
    let sign = "`&` that begins no reference; the sign itself is written `&amp;`";
    for (raw, reason) in [
        ("&#0;", character),
        ("&#x1F;", character),
        ("&#xD83D;&#xDE00;", character),
        ("&#xFFFF;", character),
        ("&nbsp;", entity),
        ("&own;", entity),
        ("& ", sign),
        ("&#;", sign),
        ("&#x;", sign),
    ] {
        check(&format!("<Msg a='{raw}'/>"), &format!("{reason}, at line 1, column 9"));
        check(&format!("<Msg>{raw}</Msg>"), &format!("{reason}, at line 1, column 6"));
    }
}

#[test]
fn names_that_are_none() {
    for name in ["1a", "-a", "×", "a×", "a:b:c", ":a", "a:", "a\u{2028}"] {
        check(&format!("<Msg><{name}/></Msg>"), "this is no element name, at line 1, column 7");
        let column = 7 + name.chars().count();
        check(
            &format!("<Msg {name}='1'/>"),
            &format!("this is no attribute name, at line 1, column {}", column - 1),
        );
    }
    check("<Msg><?1?></Msg>", "this is no name of a processing instruction, at line 1, column 8");
    check(
        "<Msg><?XML a?></Msg>",
        "this is no name of a processing instruction, at line 1, column 8",
    );
    check("<Msg>< a/></Msg>", "this is no element name, at line 1, column 7");
}

#[test]
fn namespaces_that_are_none() {
    let unbound = |column: usize| {
        format!(
            "the prefix `x` stands for no namespace: nothing declares it, at line 1, column {column}"
        )
    };
    check("<Msg><x:a/></Msg>", &unbound(7));
    check("<Msg x:a='1'/>", &unbound(6));
    check("<Msg><b xmlns:x='u'/><x:a/></Msg>", &unbound(23));
    check("<Msg><b xmlns:x='u'></b><b x:a=''/></Msg>", &unbound(28));
    check(
        "<Msg xmlns:x='u' xmlns:y='u' x:a='1' y:a='2'/>",
        "an attribute that occurs twice, by two prefixes of one namespace, at line 1, column 38",
    );
    for (declaration, what) in [
        ("xmlns:x=''", "a prefix that stands for nothing"),
        ("xmlns:xmlns='u'", "the prefix `xmlns` or of what it stands for"),
        ("xmlns:x='http://www.w3.org/2000/xmlns/'", "the prefix `xmlns` or of what it stands for"),
        ("xmlns:xml='u'", "the prefix `xml` or of what it stands for"),
    ] {
        check(
            &format!("<Msg {declaration}/>"),
            &format!("a declaration of {what}, at line 1, column 6"),
        );
    }
    check(&document("xml:lang='de' xmlns:xml='http://www.w3.org/XML/1998/namespace'", ""), "7");
    check(&document("", "<b y:a='1' xmlns:y='u' a='2'><y:c/></b>"), "7");
}

#[test]
fn the_end_of_a_cdata_section_in_text() {
    let reason = "`]]>` in text, which ends a CDATA section; it is written `]]&gt;`";
    check("<Msg>a]]>b</Msg>", &format!("{reason}, at line 1, column 7"));
    check("<Msg>]]]></Msg>", &format!("{reason}, at line 1, column 7"));
    check(&document("a=']]>'", "a > b ]> ]] > ]]&gt; <![CDATA[]]]]><![CDATA[>]]>"), "7");
}

#[test]
fn declarations() {
    let check = |declaration: &str, expected: &str| {
        check(&format!("<?xml {declaration}?>{}", document("", "")), expected);
    };
    check("version='1.0'", "7");
    check("version=\"1.0\" encoding='utf-8' standalone='yes' ", "7");
    check("version='1.7'", "7");
    check(
        "version='1.1'",
        "the document declares XML 1.1, which neither SQL Server nor this program reads; write it as XML 1.0, at line 1, column 1",
    );
    check(
        "version='2.0'",
        "the document declares a version of XML that there is not, at line 1, column 1",
    );
    check("encoding='utf-8'", "a declaration without a version, at line 1, column 1");
}

#[test]
fn what_comes_twice_or_too_late() {
    check(
        "<!-- --><?xml version='1.0'?><Msg/>",
        "a declaration that is not at the start, at line 1, column 9",
    );
    check("<!DOCTYPE a><!DOCTYPE b><Msg/>", "a second document type, at line 1, column 13");
    check("<Msg><!DOCTYPE a></Msg>", "a document type after the root element, at line 1, column 6");
    check("<Msg><!-- -- --></Msg>", "`--` in a comment, at line 1, column 11");
    check(
        "<Msg><!x></Msg>",
        "`<!` that begins neither a comment nor a CDATA section, at line 1, column 6",
    );
}
