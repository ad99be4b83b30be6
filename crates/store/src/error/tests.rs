//! What numbers and messages mean.

use super::*;

#[test]
fn values_are_cut_off() {
    let check = |number, message: &str, expected: &str| {
        assert_eq!(public_message(number, message), expected);
    };
    check(
        2627,
        "Violation of PRIMARY KEY constraint 'PK_a'. Cannot insert duplicate key in object 's.a'. The duplicate key value is (123456789).",
        "Violation of PRIMARY KEY constraint 'PK_a'. Cannot insert duplicate key in object 's.a'.",
    );
    check(
        2628,
        "String or binary data would be truncated in table 's.a', column 'c'. Truncated value: 'Miller'.",
        "String or binary data would be truncated in table 's.a', column 'c'.",
    );
    check(2627, "Verletzung ... Wert (123)", "a key of the application exists already");
    for message in [
        "duplicate key value violates unique constraint \"PK_a\"",
        "Verletzung der PRIMARY KEY-Einschr\u{e4}nkung 'PK_a'. Der doppelte Wert ist (123).",
    ] {
        check(2627, message, "a key of the application exists already: `PK_a`");
    }
    let foreign = "insert or update on table \"b\" violates foreign key constraint \"FK_b_a\"";
    check(547, &format!("{foreign}\nKey (a)=(123) is not present"), foreign);
    let update = "The UPDATE statement conflicted with the CHECK constraint \"CK_a\".";
    check(547, update, update);
    check(
        245,
        "Conversion failed when converting the varchar value 'Miller' to data type int.",
        "a value cannot be converted to its column's type",
    );
}

#[test]
fn classes_follow_the_number() {
    for (number, class) in [
        (1205, ErrorClass::Transient),
        (1222, ErrorClass::Transient),
        (40613, ErrorClass::Transient),
        (9002, ErrorClass::Capacity),
        (33_557_097, ErrorClass::Unclear),
        (2627, ErrorClass::Data),
        (547, ErrorClass::Data),
        (1101, ErrorClass::Capacity),
        (40544, ErrorClass::Capacity),
        (3609, ErrorClass::Data),
        (50_000, ErrorClass::Data),
        (208, ErrorClass::Fatal),
        (156, ErrorClass::Fatal),
        (3616, ErrorClass::Unclear),
        (9420, ErrorClass::Unclear),
        (18456, ErrorClass::Fatal),
    ] {
        assert_eq!(class_of(number), class, "{number}");
    }
}

/// The numbers of one row of the table in docs/sql-server.md; `a to b` and `a and more` are its bounds.
fn documented(class: &str) -> Vec<(u32, u32)> {
    let page = include_str!("../../../../docs/sql-server.md");
    let row = page.lines().find(|it| it.starts_with(&format!("| {class} |"))).expect("a row");
    let cell = row.split('|').nth(2).expect("the numbers");
    let parts = cell.split([',', ';']).filter_map(|part| {
        let number = |text: &str| text.split_whitespace().next().and_then(|it| it.parse().ok());
        let first = number(part)?;
        let last = part.split(" to ").nth(1).and_then(number);
        Some((first, if part.contains("and more") { u32::MAX } else { last.unwrap_or(first) }))
    });
    parts.collect()
}

#[test]
fn administrators_are_told_every_number() {
    for (name, class, listed) in [
        ("transient", ErrorClass::Transient, &TRANSIENT[..]),
        ("capacity", ErrorClass::Capacity, &CAPACITY),
        ("data", ErrorClass::Data, &DATA),
        ("fatal", ErrorClass::Fatal, &FATAL),
    ] {
        let told = documented(name);
        for (first, last) in &told {
            assert_eq!((class_of(*first), class_of(*last)), (class, class), "{first} to {last}");
        }
        let is_told = |it: &u32| told.iter().any(|(first, last)| (first..=last).contains(&it));
        let missing: Vec<&u32> = listed.iter().filter(|it| !is_told(it)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}
