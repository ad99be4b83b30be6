//! What is counted of documents.

use super::*;

/// Each path with documents, times and times with a value.
pub(super) fn paths(inventory: &Inventory) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut paths = Vec::new();
    for place in &inventory.places()[1..] {
        let name = match place.namespace.place_declared() {
            Some(number) => format!("{{{}}}{}", inventory.uris()[number], place.name),
            None => place.name.to_string(),
        };
        let path = format!("{}/{name}", names[place.parent as usize]);
        let count = |path: &str, tally: &Tally| {
            format!("{path} {} {} {}", tally.documents, tally.times, tally.filled)
        };
        if place.tally.times > 0 {
            paths.push(count(&path, &place.tally));
        }
        for attribute in place.attributes.iter().filter(|attribute| attribute.tally.times > 0) {
            paths.push(count(&format!("{path}/@{}", attribute.name), &attribute.tally));
        }
        names.push(path);
    }
    paths.sort();
    paths
}

pub(super) fn inventory(documents: &[&str]) -> Inventory {
    let mut inventory = Inventory::new();
    for document in documents {
        inventory.add(document, &Limits::default()).expect("a document");
    }
    inventory
}

#[test]
fn elements_attributes_and_texts_are_counted() {
    let inventory = inventory(&[
        "<a x='1'><b/> <b y=' '>text<c>t</c>more</b><d/><b y='2'/></a>",
        "<a><d/><b><![CDATA[t]]></b>  \n</a>",
    ]);
    assert_eq!(
        paths(&inventory),
        ["/a 2 2 0", "/a/@x 1 1 1", "/a/b 2 4 2", "/a/b/@y 1 2 1", "/a/b/c 1 1 1", "/a/d 2 2 0",]
    );
    assert_eq!((inventory.n_documents(), inventory.n_unlisted()), (2, 0));
}

#[test]
fn a_document_that_is_none_counts_for_nothing() {
    let mut inventory = inventory(&["<a x='1'/>"]);
    for document in ["<a x='1'><b>", "<a x='1'></b>", "", "<n y='1'/><n/>"] {
        assert!(inventory.add(document, &Limits::default()).is_err(), "{document}");
    }
    assert_eq!(paths(&inventory), ["/a 1 1 0", "/a/@x 1 1 1"]);
    assert_eq!(inventory.n_documents(), 1);
}

#[test]
fn namespaces_are_told_apart_whatever_the_prefixes() {
    let inventory = inventory(&[
        "<a xmlns='urn:1' xmlns:p='urn:2' q='0' p:q='1'><p:b/><b/></a>",
        "<z:a xmlns:z='urn:1' xmlns='urn:2' q='0' z:q='1'><b/><b xmlns=''/></z:a>",
    ]);
    assert_eq!(
        paths(&inventory),
        [
            "/{urn:1}a 2 2 0",
            "/{urn:1}a/@q 1 1 1",
            "/{urn:1}a/@q 1 1 1",
            "/{urn:1}a/@q 2 2 2",
            "/{urn:1}a/b 1 1 0",
            "/{urn:1}a/{urn:1}b 1 1 0",
            "/{urn:1}a/{urn:2}b 2 2 0",
        ]
    );
}

#[test]
fn inventories_add_up_whatever_the_order() {
    let documents = [
        "<a xmlns='urn:1'><b i='1'/></a>",
        "<a xmlns='urn:2'><b i='1' j=''/></a>",
        "<a><b/><c xmlns='urn:1'>t</c></a>",
    ];
    let all = paths(&inventory(&documents));
    for [first, second, third] in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut merged = inventory(&[documents[first]]);
        merged.merge(&inventory(&[documents[second]]));
        merged.merge(&inventory(&[documents[third]]));
        assert_eq!(paths(&merged), all);
        assert_eq!(merged.n_documents(), 3);
    }
}

#[test]
fn generated_names_do_not_fill_the_memory() {
    let mut text = String::from("<a>");
    let n_more = 100;
    for number in 0..PATHS_MAX + n_more {
        text.push_str(&format!("<n{number}/>"));
    }
    text.push_str("</a>");
    let mut inventory = Inventory::new();
    inventory.add(&text, &Limits::default()).expect("a document");
    // The root is a path, too.
    assert_eq!(inventory.n_unlisted(), u64::try_from(n_more + 1).expect("a few"));
    assert_eq!(inventory.places().len(), PATHS_MAX + 1);
}
