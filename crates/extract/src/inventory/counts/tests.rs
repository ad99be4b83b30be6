//! Counts add up exactly, whatever the order and however small the room.

use super::super::tests::{inventory, paths};
use super::*;
use crate::Limits;
use crate::inventory::Counting;

const DOCUMENTS: [&str; 4] = [
    "<a xmlns='urn:1' x='1'><b i='1'/><b i='2' j=''>t</b></a>",
    "<a><b i='1'/><c xml:space='preserve'>t<d/></c></a>",
    "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><b i:nil='true'/><c/></a>",
    "<z:a xmlns:z='urn:1' x='2'><z:b><e/></z:b></z:a>",
];

fn counts(documents: &[&str]) -> PathCounts {
    let mut counting = Counting::new();
    for (app_id, document) in (0..).zip(documents) {
        counting.add(app_id, document, &Limits::default()).expect("a document");
    }
    let mut counts = PathCounts::default();
    counts.add(counting.take().iter().map(|(_, counted)| counted));
    counts
}

#[test]
fn counts_are_those_of_an_inventory() {
    let counts = counts(&DOCUMENTS);
    assert_eq!(counts.n_documents(), 4);
    let found = counts.inventory();
    assert_eq!(paths(&found), paths(&inventory(&DOCUMENTS)));
    assert_eq!((found.n_documents(), found.n_unlisted()), (4, 0));
}

#[test]
fn documents_can_be_left_out_after_they_were_counted() {
    let mut counting = Counting::new();
    for (app_id, document) in (0..).zip(DOCUMENTS) {
        counting.add(app_id, document, &Limits::default()).expect("a document");
    }
    assert!(counting.add(9, "<a><b>", &Limits::default()).is_err());
    let counted = counting.take();
    assert_eq!(counted.iter().map(|(app_id, _)| *app_id).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for left_out in 0..4 {
        let mut counts = PathCounts::default();
        let taken = counted.iter().filter(|(app_id, _)| *app_id != left_out);
        counts.add(taken.map(|(_, counted)| counted));
        let left: Vec<&str> = (0..)
            .zip(DOCUMENTS)
            .filter(|(app_id, _)| *app_id != left_out)
            .map(|(_, document)| document)
            .collect();
        assert_eq!(paths(&counts.inventory()), paths(&inventory(&left)), "without {left_out}");
    }
    assert!(counting.take().is_empty());
    // The paths are known by now.
    counting.add(5, DOCUMENTS[0], &Limits::default()).expect("a document");
    let mut counts = PathCounts::default();
    counts.add(counting.take().iter().map(|(_, counted)| counted));
    assert_eq!(paths(&counts.inventory()), paths(&inventory(&DOCUMENTS[..1])));
}

#[test]
fn what_is_written_comes_back_and_adds_up() {
    let all = counts(&DOCUMENTS);
    let json = serde_json::to_string(&all).expect("JSON");
    assert!(json.contains(r#"[2,"@x",0,2,2,2]"#), "{json}");
    let read = |json: &str| serde_json::from_str::<PathCounts>(json);
    assert_eq!(read(&json).expect("our own"), all);
    for order in [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]] {
        let mut merged = PathCounts::default();
        for number in order {
            let one = serde_json::to_string(&counts(&DOCUMENTS[number..=number])).expect("JSON");
            merged.merge(&read(&one).expect("our own"));
        }
        assert_eq!(serde_json::to_string(&merged).expect("JSON"), json, "{order:?}");
    }
    for wrong in [
        r#"{"documents":1,"namespaces":[],"paths":[[1,"a",0,1,1,1]]}"#,
        r#"{"documents":1,"namespaces":[""],"paths":[[2,"a",0,1,1,1]]}"#,
        r#"{"documents":1,"namespaces":[""],"paths":[[0,"a",0,1,1,1]]}"#,
        r#"{"documents":1,"namespaces":[""],"paths":[[1,"@a",0,1,1,1],[2,"b",0,1,1,1]]}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

/// Documents with paths that only they have, at several depths.
fn varied(n: usize) -> Vec<String> {
    let document = |number: usize| {
        let (own, shared) = (number * 7919 % 1000, number % 13);
        format!(
            "<a><s{shared} k='1'><x{own} y{own}='v'><deep/></x{own}></s{shared}><all n='{number}'/></a>"
        )
    };
    (0..n).map(document).collect()
}

/// The paths that a list of so many has, by their whole counts.
fn expected(all: &PathCounts, n_max: usize) -> PathCounts {
    let mut kept = all.clone();
    kept.keep_to_limits(n_max, BYTES_MAX);
    kept
}

#[test]
fn where_there_is_no_room_what_is_listed_is_counted_in_full() {
    const N_MAX: usize = 60;
    let documents = varied(200);
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let all = counts(&documents);
    assert!(all.paths.len() > 10 * N_MAX, "{}", all.paths.len());
    let expected = expected(&all, N_MAX);
    assert!(expected.paths.len() <= N_MAX && expected.paths.len() > N_MAX / 2);
    let total = |counts: &PathCounts| {
        counts.unlisted + counts.paths.iter().map(|path| path.times).sum::<u64>()
    };
    assert_eq!(total(&expected), total(&all), "nothing is lost");
    for n_parts in [1, 3, 17, 200] {
        let mut parts: Vec<PathCounts> = (0..n_parts)
            .map(|part| {
                let own: Vec<&str> =
                    documents.iter().skip(part).step_by(n_parts).copied().collect();
                let mut counts = counts(&own);
                counts.keep_to_limits(N_MAX, BYTES_MAX);
                counts
            })
            .collect();
        for _ in 0..2 {
            parts.reverse();
            let mut merged = PathCounts::default();
            for part in &parts {
                merged.merge(part);
                merged.keep_to_limits(N_MAX, BYTES_MAX);
            }
            assert_eq!(merged, expected, "{n_parts} parts");
        }
    }
    // Everything around a path is listed.
    assert_eq!(paths(&expected.inventory()).len(), expected.paths.len());
}

#[test]
fn long_names_take_no_more_room_than_there_is() {
    let document = format!("<a><{0}/><b/><c {0}='1'/></a>", "n".repeat(BYTES_MAX));
    let counts = counts(&[&document]);
    let listed = paths(&counts.inventory());
    assert!(listed.len() < 5 && listed.iter().all(|path| path.len() < 20), "{}", listed.len());
    assert_eq!(counts.unlisted + u64::try_from(listed.len()).expect("a few"), 5);
}

#[test]
fn what_is_counted_does_not_depend_on_the_documents_before() {
    let mut text = String::from("<a>");
    for number in 0..super::super::PATHS_MAX + 50 {
        text.push_str(&format!("<n{number}/>"));
    }
    text.push_str("</a>");
    let alone = counts(&[&text]);
    let mut counting = Counting::new();
    for document in DOCUMENTS {
        counting.add(1, document, &Limits::default()).expect("a document");
    }
    counting.add(2, &text, &Limits::default()).expect("a document");
    counting.add(3, DOCUMENTS[0], &Limits::default()).expect("a document");
    let counted = counting.take();
    let of = |app_id: i64| {
        let mut counts = PathCounts::default();
        let own = counted.iter().filter(|(counted, _)| *counted == app_id);
        counts.add(own.map(|(_, counted)| counted));
        counts
    };
    assert_eq!(of(1), counts(&DOCUMENTS));
    assert_eq!(of(2), alone);
    assert_eq!(of(3), counts(&DOCUMENTS[..1]));
}
