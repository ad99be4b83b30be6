//! Which rows are deleted, in which order, and what is refused.

use xmlx_extract::Plan;

use super::*;

/// The example of docs/contract-1.md whose rows are nested two deep, tied by `vin` alone.
fn plan() -> Plan {
    let text = include_str!("../../../../docs/contract-1.md");
    let start = text.rfind("```json\n").expect("an example") + "```json\n".len();
    let contract = &text[start..start + text[start..].find("\n```").expect("its end")];
    let tied = contract.replace("[\"order_no\", \"vehicle_no\"]", "\"vin\"");
    Plan::from_json(&tied).unwrap_or_else(|err| panic!("{err}"))
}

const FLEET: (&str, &[&str]) = ("fleet", &["order_no"]);
const VEHICLE: (&str, &[&str]) = ("vehicle", &["order_no", "vin"]);
const OPTION: (&str, &[&str]) = ("vehicle_option", &["vin"]);

fn found(catalog: &Catalog, old: &[Plan]) -> Result<Removals, Vec<(String, String)>> {
    Removals::new(&plan(), old, catalog).map_err(|problems| {
        problems.into_iter().map(|problem| (problem.place, problem.problem)).collect()
    })
}

#[test]
fn children_go_first_and_are_found_from_the_id() {
    let keys = [("vehicle", "fleet"), ("vehicle_option", "vehicle")];
    let catalog = Catalog::of_tables(&[FLEET, VEHICLE, OPTION], &keys, &[]);
    // An earlier job with the same contract adds nothing.
    let removals = found(&catalog, &[plan()]).expect("nothing is in the way");
    let ids = |ty: &str| format!("IDS({ty})");
    let expected = "\
        DELETE t0 FROM IDS(int) AS j INNER LOOP JOIN [fleet].[vehicle] AS t1 ON t1.[order_no] = j.[app_id] \
        INNER LOOP JOIN [fleet].[vehicle_option] AS t0 ON t0.[vin] = t1.[vin] WHERE 1 = 1;\n\
        DELETE t0 FROM IDS(int) AS j INNER LOOP JOIN [fleet].[vehicle] AS t0 ON t0.[order_no] = j.[app_id] WHERE 1 = 1;\n\
        DELETE t0 FROM IDS(int) AS j INNER LOOP JOIN [fleet].[fleet] AS t0 ON t0.[order_no] = j.[app_id] WHERE 1 = 1;\n";
    assert_eq!(removals.deletes(&ids, " WHERE 1 = 1"), expected);
    let grants: Vec<(&str, &str)> = vec![
        ("SELECT", "[fleet].[fleet]"),
        ("SELECT", "[fleet].[vehicle]"),
        ("SELECT", "[fleet].[vehicle_option]"),
        ("DELETE", "[fleet].[fleet]"),
        ("DELETE", "[fleet].[vehicle]"),
        ("DELETE", "[fleet].[vehicle_option]"),
    ];
    let granted = removals.grants();
    let granted: Vec<(&str, &str)> =
        granted.iter().map(|grant| (grant.permission, grant.securable.as_str())).collect();
    assert_eq!(granted, grants);
}

#[test]
fn what_would_stay_behind_is_refused() {
    let places = |catalog: &Catalog| {
        let problems = found(catalog, &[]).expect_err("it is refused");
        problems
            .into_iter()
            .map(|(place, problem)| format!("{place}: {problem}"))
            .collect::<Vec<_>>()
    };
    let without = Catalog::of_tables(&[FLEET, VEHICLE, OPTION], &[], &[("vehicle", "order_no")]);
    let problems = places(&without);
    // The options are found through the vehicles.
    assert!(problems.iter().all(|problem| {
        problem.contains("CREATE INDEX [IX_replace] ON [fleet].[vehicle] ([order_no])")
    }));
    assert!(!problems.is_empty());
    let gone = Catalog::of_tables(&[FLEET, VEHICLE, ("vehicle_option", &["n"])], &[], &[]);
    assert!(places(&gone)[0].starts_with("vehicle_option: an earlier contract tied"));
    let orphans = Catalog::of_tables(&[FLEET, OPTION], &[], &[]);
    assert!(places(&orphans)[0].starts_with("vehicle: is gone"), "{:?}", places(&orphans));
    let circle = [("vehicle", "fleet"), ("fleet", "vehicle_option"), ("vehicle_option", "vehicle")];
    let circle = Catalog::of_tables(&[FLEET, VEHICLE, OPTION], &circle, &[]);
    assert!(places(&circle)[0].contains("in a circle"));
    // A table that was dropped with all that hung on it is not missed.
    let dropped = Catalog::of_tables(&[FLEET], &[], &[]);
    assert!(found(&dropped, &[]).is_ok());
}
