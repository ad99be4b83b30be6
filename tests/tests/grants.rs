//! Least privilege: what the statements touch is what `grants` grants, no less and no more.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;

use xmlx_devdb::Tls;
use xmlx_extract::Plan;
use xmlx_samples::Line;
use xmlx_store::Role;
use xmlx_tests::{Cluster, Database, Setup, Statement, statements};

/// Who sends which statement: names, or how they begin.
const SENDERS: &[(&str, &[Role])] = &[
    // What these may do is granted where it is asked for.
    ("replace_commit", &[]),
    ("replace_find_refused", &[]),
    // The coordinator, if it may: no contract names these tables.
    ("rows_of_others_", &[]),
    // The client, for changed documents.
    ("replace_documents", &[]),
    ("decided_documents", &[]),
    ("replaced_contracts", &[Role::Coordinator, Role::Worker]),
    ("catalog_", &[Role::Coordinator, Role::Worker]),
    ("audit_", &[Role::Coordinator]),
    ("token", &[Role::Coordinator]),
    ("job_contract", &[Role::Coordinator, Role::Worker]),
    ("job_selections", &[Role::Coordinator, Role::Worker]),
    ("job", &[Role::Coordinator]),
    ("leader_", &[Role::Coordinator]),
    // `check` asks.
    ("permissions", &[]),
    ("range_change", &[Role::Coordinator]),
    ("range_history", &[Role::Coordinator]),
    ("range_reopen", &[Role::Coordinator]),
    ("run", &[Role::Coordinator]),
    ("range_reports", &[Role::Coordinator]),
    ("range_", &[Role::Worker]),
    ("ranges", &[Role::Coordinator]),
    ("schema_", &[Role::Coordinator, Role::Worker]),
    ("session", &[Role::Coordinator]),
    ("warnings", &[Role::Coordinator]),
    ("suspect_note", &[Role::Worker]),
    ("trial", &[Role::Worker]),
    ("commit", &[Role::Worker]),
    ("reading_commit", &[Role::Worker]),
    ("reconcile", &[Role::Worker]),
    ("find_refused", &[Role::Worker]),
    ("findings_count", &[Role::Worker]),
    ("findings", &[Role::Coordinator]),
    ("rehearsed_keys", &[Role::Coordinator]),
    // The worker, if it may: no contract names these tables.
    ("lookup_", &[]),
    // The client, for trials.
    ("load", &[]),
    // The coordinator, if it may: no contract names these tables.
    ("reference", &[]),
    ("database", &[Role::Coordinator, Role::Worker]),
    ("document_column", &[Role::Coordinator, Role::Worker]),
    ("documents", &[Role::Worker]),
    ("repeated_id", &[Role::Coordinator]),
    ("sizes_", &[Role::Worker]),
    ("versions", &[Role::Worker]),
    ("fetch_", &[Role::Worker]),
    ("decided", &[Role::Worker]),
    ("verify_", &[Role::Coordinator]),
    ("among", &[Role::Coordinator]),
    ("boundary_", &[Role::Coordinator]),
    ("waiting_", &[Role::Coordinator]),
    ("passed_", &[Role::Coordinator]),
    ("submitted_", &[Role::Coordinator]),
    ("bounds_", &[Role::Coordinator]),
    ("rows_up_", &[Role::Coordinator]),
    ("rows_down_", &[Role::Coordinator]),
    ("follow_", &[Role::Coordinator]),
    ("prune_", &[Role::Coordinator]),
    ("probe", &[Role::Worker]),
    // The client, in a schema of its own.
    ("doctor_", &[]),
    ("versions", &[Role::Worker]),
    ("source_column_", &[Role::Coordinator]),
    ("left_out_", &[Role::Coordinator]),
    ("newest_log_id_", &[Role::Coordinator]),
];

fn senders(name: &str) -> &'static [Role] {
    let found = SENDERS.iter().find(|(prefix, _)| name.starts_with(prefix));
    found.unwrap_or_else(|| panic!("who sends `{name}`? add it to the list")).1
}

/// The tables that a statement touches, with the permission that each needs.
fn touched(text: &str) -> BTreeSet<(String, &'static str)> {
    let text: String = text.lines().filter(|it| !it.trim_start().starts_with("--")).fold(
        String::new(),
        |mut all, line| {
            all.push_str(line);
            all.push(' ');
            all
        },
    );
    let mut found = BTreeSet::new();
    let verbs: &[(&str, &[&'static str])] = &[
        ("FROM ", &["SELECT"]),
        ("JOIN ", &["SELECT"]),
        ("UPDATE ", &["UPDATE", "SELECT"]),
        ("INSERT INTO ", &["INSERT"]),
        ("DELETE FROM ", &["DELETE"]),
        ("IDENTITY_INSERT ", &["ALTER"]),
    ];
    for (verb, permissions) in verbs {
        for (at, _) in text.match_indices(verb) {
            let Some(table) = table(&text[at + verb.len()..]) else { continue };
            found.extend(permissions.iter().map(|it| (table.clone(), *it)));
        }
    }
    // What a join finds is deleted from the table that is called so.
    for (at, _) in text.match_indices("DELETE t0 FROM ") {
        let joins = text[at..].split(';').next().unwrap_or_default();
        let target = joins.split("INNER LOOP JOIN ").find(|join| join.contains("] AS t0 ON "));
        found.extend(target.and_then(table).map(|table| (table, "DELETE")));
    }
    found
}

/// `[schema].[table]` at the beginning, but for the catalog's views, which show what one may see.
fn table(text: &str) -> Option<String> {
    let rest = text.strip_prefix('[')?;
    let (schema, rest) = rest.split_once("].[")?;
    let (table, _) = rest.split_once(']')?;
    (!schema.contains(' ') && schema != "sys").then(|| format!("[{schema}].[{table}]"))
}

#[test]
fn the_scanner_sees_what_is_touched() {
    let text = "-- FROM [no].[no]\nUPDATE [x].[a] SET [b] = 1;\nIF EXISTS (SELECT 1 FROM [x].[c] AS c JOIN [x].[d] AS d ON 1 = 1) DELETE FROM [x].[e]; SET IDENTITY_INSERT [x].[f] ON; INSERT INTO [x].[f] SELECT 1 FROM OPENJSON(@P1) AS j, FROM [sys].[tables]";
    let found: Vec<String> =
        touched(text).into_iter().map(|(table, it)| format!("{table} {it}")).collect();
    assert_eq!(
        found,
        [
            "[x].[a] SELECT",
            "[x].[a] UPDATE",
            "[x].[c] SELECT",
            "[x].[d] SELECT",
            "[x].[e] DELETE",
            "[x].[e] SELECT",
            "[x].[f] ALTER",
            "[x].[f] INSERT"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_may_do_what_they_do_and_no_more() {
    let db = Database::start(Tls::Off).await;
    let all: Vec<Statement> = statements(&db).await;
    for (line, contract) in xmlx_samples::contracts() {
        let plan = Plan::from_json(contract).unwrap();
        for role in [Role::Coordinator, Role::Worker] {
            let of_line =
                all.iter().filter(|statement| statement.line.is_none_or(|own| own == line.name()));
            let mut needed: BTreeSet<(String, &str)> = BTreeSet::new();
            for statement in of_line.filter(|statement| senders(&statement.name).contains(&role)) {
                needed.extend(touched(&statement.text));
            }
            let grants = role.grants(Some(&plan));
            let granted: BTreeSet<(String, &str)> = grants
                .iter()
                .filter(|permission| permission.class == "OBJECT")
                .map(|permission| (permission.securable.clone(), permission.permission))
                .collect();
            assert_eq!(granted, needed, "{role:?} of {}", line.name());
        }
    }
}

/// A commit that replaces applications needs what `grants --replace` grants in addition, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn replacing_needs_what_is_granted_for_it() {
    let db = Database::start(Tls::Off).await;
    let all: Vec<Statement> = statements(&db).await;
    for (line, contract) in xmlx_samples::contracts() {
        let plan = Plan::from_json(contract).unwrap();
        let replacing = all.iter().filter(|statement| {
            statement.line == Some(line.name())
                && ["replace_commit", "replace_find_refused"]
                    .iter()
                    .any(|name| statement.name.starts_with(name))
        });
        let needed: BTreeSet<(String, &str)> =
            replacing.flat_map(|statement| touched(&statement.text)).collect();
        let usual = Role::Worker.grants(Some(&plan));
        let more = Role::Worker.grants_to_replace(&plan);
        let pair = |grant: &xmlx_store::Grant| (grant.securable.clone(), grant.permission);
        let usual: BTreeSet<(String, &str)> = usual.iter().map(pair).collect();
        let more: BTreeSet<(String, &str)> = more.iter().map(pair).collect();
        let lacking: BTreeSet<(String, &str)> = needed.difference(&usual).cloned().collect();
        assert_eq!(lacking, more, "{}", line.name());
        assert!(Role::Coordinator.grants_to_replace(&plan).is_empty());
    }
}

/// `check --role` names what is missing, `grants` prints what mends it.
#[tokio::test(flavor = "multi_thread")]
async fn check_names_what_a_role_lacks() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    for role in ["coordinator", "worker", "reader"] {
        let _ = cluster.client(&["check", "card.json", "--role", role]).expect(0);
    }
    cluster.db.run("DROP TABLE [xmlx].[suspect]").await;
    let lacking = cluster.client(&["check", "card.json", "--role", "worker"]).expect(1);
    for permission in ["SELECT", "INSERT", "UPDATE"] {
        let problem = format!("no permission {permission}");
        assert!(lacking.stdout.contains(&problem), "{permission}: {lacking:?}");
    }
    assert!(lacking.stdout.contains("[xmlx].[suspect]"), "{lacking:?}");
    let printed = cluster.client(&["grants", "--contract", "card.json"]).expect(0).stdout;
    let plan = Plan::from_json(xmlx_samples::contract(Line::Card)).unwrap();
    for role in Role::ALL {
        for it in role.grants(Some(&plan)) {
            let line = printed
                .lines()
                .find(|line| line.contains(&format!("::{} TO [{}]", it.securable, role.name())));
            assert!(line.is_some_and(|line| line.contains(it.permission)), "{it:?}");
        }
    }
    assert!(!cluster.client(&["grants"]).expect(0).stdout.contains("[sample]"));
}
