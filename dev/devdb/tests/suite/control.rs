//! Every statement of the store, in the order a job goes through them.

use crate::support::{Db, code, number, prepared, query, run, run_script, script};

const SESSION: &str = "0b7c3a52-62a5-4b86-9d6e-0c3f6a3f7a11";

fn sql(name: &str) -> String {
    script(&format!("crates/store/sql/{name}.sql"))
}

#[tokio::test]
async fn the_schemas_may_be_run_again() {
    let (_server, mut db) = prepared().await;
    for file in [
        "crates/store/sql/001_control.sql",
        "crates/store/sql/003_control.sql",
        "dev/samples/sql/source.sql",
        "dev/samples/sql/target.sql",
    ] {
        run_script(&mut db, &script(file)).await.expect(file);
    }
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [xmlx].[leader]").await, 1);
}

/// The leader of term 1.
async fn lead(db: &mut Db) {
    let taken = query(db, &sql("leader_acquire"), &[&SESSION, &"http://a:1", &6000i32])
        .await
        .expect("acquire");
    assert_eq!(taken[0].try_get::<i64, _>("term").expect("bigint"), Some(1));
}

#[tokio::test]
async fn leaders_and_workers() {
    let (_server, mut db) = prepared().await;
    let present = run(&mut db, &sql("schema_present")).await.expect("schema_present");
    assert_eq!(present[0].try_get::<i32, _>("present").expect("int"), Some(1));
    let version = run(&mut db, &sql("schema_version")).await.expect("schema_version");
    assert_eq!(version[0].try_get::<i32, _>("version").expect("int"), Some(3));

    lead(&mut db).await;
    let again = query(&mut db, &sql("leader_acquire"), &[&"other", &"http://b:1", &6000i32])
        .await
        .expect("acquire");
    assert!(again.is_empty());
    let leader = run(&mut db, &sql("leader_read")).await.expect("leader_read");
    assert_eq!(leader[0].try_get::<&str, _>("holder").expect("text"), Some(SESSION));
    assert_eq!(leader[0].try_get::<i32, _>("alive").expect("int"), Some(1));
    let renewed =
        query(&mut db, &sql("leader_renew"), &[&SESSION, &1i64, &6000i32]).await.expect("renew");
    assert_eq!(renewed.len(), 1);

    let open: [&dyn tiberius::ToSql; 6] = [&1i64, &SESSION, &"worker-1", &"0.1.0", &2i32, &SESSION];
    query(&mut db, &sql("session_open"), &open).await.expect("session_open");
    query(&mut db, &sql("session_open"), &open).await.expect("session_open again");
    let sessions = run(&mut db, &sql("sessions")).await.expect("sessions");
    assert_eq!(sessions.len(), 1);

    query(&mut db, &sql("session_close"), &[&1i64, &SESSION, &"lost", &SESSION])
        .await
        .expect("session_close");
    query(&mut db, &sql("leader_resign"), &[&SESSION, &1i64]).await.expect("leader_resign");
    assert_eq!(
        code(&query(&mut db, &sql("session_close"), &[&9i64, &SESSION, &"lost", &SESSION]).await),
        51002
    );
    assert_eq!(
        code(&query(&mut db, &sql("session_close"), &[&1i64, &SESSION, &"lost", &"other"]).await),
        51002,
        "the term alone does not do"
    );
    let after = run(&mut db, &sql("leader_read")).await.expect("leader_read");
    assert_eq!(after[0].try_get::<i32, _>("alive").expect("int"), Some(0));
}

#[tokio::test]
async fn a_job_from_its_beginning_to_its_end() {
    let (_server, mut db) = prepared().await;
    lead(&mut db).await;
    let contract = format!("{{\"x\": \"{}\"}}", "y".repeat(9000));
    let hash = "ab".repeat(32);
    let job: [&dyn tiberius::ToSql; 18] = [
        &1i64, &7i64, &"key-1", &"a job", &hash, &contract, &"once", &1i64, &101i64, &0i64, &0i32,
        &SESSION, &"50%", &"", &"", &0i32, &0i64, &"",
    ];
    query(&mut db, &sql("job_insert"), &job).await.expect("job_insert");
    let twice = query(&mut db, &sql("job_insert"), &job).await;
    assert_eq!(code(&twice), 2627);
    let read = query(&mut db, &sql("job_contract"), &[&7i64]).await.expect("job_contract");
    assert_eq!(read[0].try_get::<&str, _>("contract").expect("text"), Some(contract.as_str()));
    query(&mut db, &sql("job_total"), &[&1i64, &7i64, &100i64, &1i64, &101i64, &SESSION])
        .await
        .expect("job_total");

    // Leased to the session up to 51, the rest a range of its own.
    let change: [&dyn tiberius::ToSql; 14] = [
        &1i64, &7i64, &1i64, &"pending", &0i64, &101i64, &"leased", &1i64, &SESSION, &51i64,
        &"granted", &2i64, &0i64, &SESSION,
    ];
    query(&mut db, &sql("range_change"), &change).await.expect("range_change");
    assert_eq!(code(&query(&mut db, &sql("range_change"), &change).await), 51003);
    let ranges = query(&mut db, &sql("ranges"), &[&7i64, &0i64, &10i64]).await.expect("ranges");
    assert_eq!(ranges.len(), 2);
    assert_eq!(ranges[1].try_get::<i64, _>("lo").expect("bigint"), Some(51));
    assert_eq!(ranges[1].try_get::<&str, _>("owner_session").expect("text"), None);
    let opened = query(&mut db, &sql("range_open"), &[&7i64, &1i64, &1i64, &SESSION])
        .await
        .expect("range_open");
    assert_eq!(opened[0].try_get::<i64, _>("committed_through").expect("bigint"), Some(0));

    for (deaths, tries) in [(1_i32, 1_i32), (1, 1), (2, 2)] {
        let noted = query(&mut db, &sql("suspect_note"), &[&7i64, &3i64, &deaths])
            .await
            .expect("suspect_note");
        assert_eq!(
            noted[0].try_get::<i32, _>("tries").expect("int"),
            Some(tries),
            "only a further death counts"
        );
    }

    let deaths = query(&mut db, &sql("trial"), &[&7i64, &3i64, &SESSION]).await.expect("trial");
    assert_eq!(deaths[0].try_get::<i64, _>("n").expect("bigint"), Some(0));

    let complete: [&dyn tiberius::ToSql; 6] = [&7i64, &1i64, &1i64, &SESSION, &51i64, &0i64];
    query(&mut db, &sql("range_complete"), &complete).await.expect("range_complete");
    assert_eq!(code(&query(&mut db, &sql("range_complete"), &complete).await), 51001);
    let extend: [&dyn tiberius::ToSql; 7] =
        [&1i64, &7i64, &3i64, &101i64, &201i64, &50i64, &SESSION];
    query(&mut db, &sql("job_extend"), &extend).await.expect("job_extend");
    let state: [&dyn tiberius::ToSql; 6] = [&1i64, &7i64, &"running", &"done", &"", &SESSION];
    query(&mut db, &sql("job_state"), &state).await.expect("job_state");
    let all: [&dyn tiberius::ToSql; 4] = [&10i64, &i64::MAX, &0i64, &""];
    let jobs = query(&mut db, &sql("jobs"), &all).await.expect("jobs");
    assert_eq!(jobs[0].try_get::<&str, _>("state").expect("text"), Some("done"));
    assert_eq!(jobs[0].try_get::<i64, _>("pending").expect("bigint"), Some(2));
    assert_eq!(jobs[0].try_get::<i64, _>("done_ok").expect("bigint"), Some(0));
    assert!(
        jobs[0].try_get::<&str, _>("finished_at").expect("text").expect("set").starts_with("20")
    );
}

#[tokio::test]
async fn the_catalog_is_what_sql_server_shows() {
    let (_server, mut db) = prepared().await;
    let columns =
        query(&mut db, &sql("catalog_columns"), &[&"sample"]).await.expect("catalog_columns");
    let shown: Vec<String> = columns
        .iter()
        .filter(|row| row.try_get::<&str, _>("table_name").expect("text") == Some("person"))
        .map(|row| {
            let text =
                |name: &str| row.try_get::<&str, _>(name).expect("text").unwrap_or("-").to_owned();
            let int = |name: &str| row.try_get::<i32, _>(name).expect("int").unwrap_or(-9);
            format!(
                "{} {} {} {} {} {}{}{} {}",
                text("column_name"),
                text("type_name"),
                int("max_length"),
                int("precision"),
                int("scale"),
                int("is_nullable"),
                int("is_identity"),
                int("is_computed"),
                text("default_definition")
            )
        })
        .collect();
    assert!(shown.contains(&"con_id int 4 10 0 010 -".to_owned()), "{shown:#?}");
    assert!(shown.iter().any(|line| line.ends_with("((0))")), "{shown:#?}");
    assert!(shown.iter().any(|line| line.contains(" 101 ") || line.contains("1 -")), "{shown:#?}");
    let keys = query(&mut db, &sql("catalog_foreign_keys"), &[&"sample"])
        .await
        .expect("catalog_foreign_keys");
    let pairs: Vec<_> = keys
        .iter()
        .map(|row| {
            (row.try_get::<&str, _>(0).expect("text"), row.try_get::<&str, _>(1).expect("text"))
        })
        .collect();
    assert!(pairs.contains(&(Some("person"), Some("submission"))), "{pairs:?}");
}
