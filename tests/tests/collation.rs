//! Target tables whose text has another collation than the database.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_extract::Plan;
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::Document;
use xmlx_tests::{Cluster, Setup, workspace};

const CAMPAIGN: &str = "[campaign_code] varchar(6) NOT NULL";
const CS: &str = " COLLATE Latin1_General_CS_AS";
const BIN2: &str = " COLLATE Latin1_General_BIN2";

/// A cluster whose log is binary and whose campaigns mind case, with `n` applications.
async fn cluster(n: usize) -> Cluster {
    let cluster = Cluster::start(Setup::small(0)).await;
    for table in ["processing_log", "card_pricing", "loan_terms", "campaign"] {
        cluster.db.run(&format!("DROP TABLE [sample].[{table}]")).await;
    }
    let mut script = xmlx_samples::target_sql()
        .replace(CAMPAIGN, &CAMPAIGN.replace(" NOT NULL", &format!("{CS} NOT NULL")));
    for column in
        ["[status] varchar(20)", "[failure_reason] varchar(500)", "[session_id] varchar(50)"]
    {
        assert!(script.contains(column), "{column}");
        script = script.replace(column, &format!("{column}{BIN2}"));
    }
    cluster.db.store().run_script(&script).await.unwrap();
    let options = Options { seed: 7, first_id: 1001, broken_permille: 200, padding_bytes: 0 };
    cluster.db.fill(&Synth::new(options), Line::Card, n).await;
    cluster
}

/// A campaign that differs in case alone is none; the job runs, and everything that reads the log does.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_collations_of_its_own() {
    let cluster = cluster(60).await;
    cluster.db.run("UPDATE [sample].[campaign] SET [campaign_code] = 'Blank' WHERE [campaign_code] = 'BLANK'").await;
    let missing = cluster.client(&["check", "card.json"]).expect(1);
    assert!(missing.stdout.contains("campaign_code] = 'BLANK'"), "{missing:?}");
    cluster.db.run("UPDATE [sample].[campaign] SET [campaign_code] = 'BLANK' WHERE [campaign_code] = 'Blank'").await;
    let _ = cluster.client(&["check", "card.json"]).expect(0);

    let job = cluster.submit(&["--wait"]);
    let shown = cluster.job(job);
    let (ok, failed) = (shown["ok"].as_i64().unwrap(), shown["failed"].as_i64().unwrap());
    assert!(ok > 30 && failed > 0 && ok + failed == 60, "{shown}");
    cluster.assert_verified(job).await;
    let failures = cluster.client(&["failures", &job.to_string(), "-o", "json"]).expect(0).json();
    assert!(failures["stages"].as_array().unwrap().len() > 1, "{failures}");
    let retried = cluster.client(&["retry", "--contract", "card.json", "--wait", "-o", "json"]);
    assert_eq!(retried.expect(1).json()["job"]["failed"], failed);
    cluster.assert_each_verified(&[job, 2]);
}

/// Two keys of one application that differ in case alone: where the database takes them for one, that application
/// fails, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_only_the_database_takes_for_one() {
    let cluster = Cluster::start(Setup::small(40)).await;
    let entry = |indicator: &str| {
        format!(
            r#"{{"xml_path": "/Submission/Request/CustData/card_application/offer", "xml_attribute": "campaign_code", "target_table": "indicator", "data_type": "string", "mapping_type": ["add_row"], "row": {{"indicator": "{indicator}", "value": "1"}}, "when": "filled", "key": ["indicator"]}},"#
        )
    };
    let contract = xmlx_samples::contract(Line::Card).replace(
        r#""mappings": ["#,
        &format!(r#""mappings": [{}{}"#, entry("$@campaign_code"), entry("spr24")),
    );
    cluster.write("keys.json", &contract);
    let args = ["submit", "--contract", "keys.json", "--wait", "-o", "json"];
    let job = cluster.client(&args).expect(0).json()["job"]["job"].as_i64().unwrap();
    let failed = "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [status] = 'failed' AND [failure_reason] LIKE 'constraint%PK_indicator%'";
    let failed = cluster.db.count(failed).await;
    assert!((3..30).contains(&failed), "{failed} applications are of campaign SPR24");
    let shown = cluster.job(job);
    assert_eq!(
        (&shown["ok"], &shown["failed"]),
        (&(40 - failed).into(), &failed.into()),
        "{shown}"
    );
    cluster.assert_verified(job).await;
    let mixed = "SELECT COUNT_BIG(*) FROM [sample].[indicator] WHERE [indicator] = 'WEB01'";
    assert!(cluster.db.count(mixed).await > 0);
}

/// Rows that hang off others by a text, whose column has another collation than theirs.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_hang_off_text_are_counted() {
    let cluster = Cluster::start(Setup::small(0)).await;
    let page = std::fs::read_to_string(workspace().join("docs/contract-1.md")).unwrap();
    let (_, example) = page.rsplit_once("```json\n").unwrap();
    let (example, _) = example.split_once("\n```").unwrap();
    let contract = example.replace(r#"["order_no", "vehicle_no"]"#, r#""vin""#);
    cluster.write("fleet.json", &contract);
    let printed = cluster.client(&["schema", "fleet.json"]).expect(0).stdout;
    let (head, options) = printed.split_once("CREATE TABLE [fleet].[vehicle_option]").unwrap();
    let options = options.replacen("[vin] nvarchar(17)", &format!("[vin] nvarchar(17){BIN2}"), 1);
    let store = cluster.db.store();
    store
        .run_script(&format!("{head}CREATE TABLE [fleet].[vehicle_option]{options}"))
        .await
        .unwrap();
    cluster.db.run("CREATE TABLE [fleet].[orders] ([app_id] int NOT NULL PRIMARY KEY, [body] nvarchar(max) NULL)").await;
    let order = |app_id: i64, vin: &str| Document {
        app_id,
        xml: format!(
            r#"<Order><Head no="{app_id}"><Fleet customer="K"><vehicle vin="{vin}" kind="VAN"><option code="AC"/></vehicle></Fleet></Head></Order>"#
        ),
    };
    let plan = Plan::from_json(&contract).unwrap();
    store.load(&plan, &[order(1, "V1"), order(2, "V2")]).await.unwrap();
    let args = ["submit", "--contract", "fleet.json", "--wait", "-o", "json"];
    let job = cluster.client(&args).expect(0).json()["job"]["job"].as_i64().unwrap();
    assert_eq!(cluster.job(job)["ok"], 2);
    cluster.assert_each_verified(&[job]);
}
