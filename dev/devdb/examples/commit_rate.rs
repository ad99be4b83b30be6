//! How many applications a second devdb commits, and how fast it hands out documents.
//!
//! `cargo run --release -p xmlx-devdb --example commit_rate [CLIENTS]`; needs the workspace's own `.sql` files.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tiberius::{Client, Config, ToSql};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use xmlx_devdb::{Faults, Like, Options, Server, Storage, Tls};

type Db = Client<Compat<TcpStream>>;

const GROUP: i64 = 100;
const GROUPS: i64 = 60;
const DOCUMENTS: i64 = 2000;

/// Table, whether its key comes from the document, columns, and how many rows an application has.
const TABLES: &[(&str, bool, &str, i64)] = &[
    (
        "submission",
        true,
        "app_id int, line_enum smallint, source_enum smallint, received_date datetime, decision_date datetime, client_ip nvarchar(max), tracking_no bigint",
        1,
    ),
    (
        "person",
        true,
        "con_id int, app_id int, role_enum smallint, first_name nvarchar(max), last_name nvarchar(max), birth_date date, ssn nvarchar(max), email nvarchar(max)",
        2,
    ),
    (
        "person_address",
        false,
        "con_id int, kind_enum smallint, street_name nvarchar(max), city nvarchar(max), state nvarchar(max), zip nvarchar(max), months_here smallint",
        3,
    ),
    (
        "person_job",
        false,
        "con_id int, kind_enum smallint, business_name nvarchar(max), monthly_salary decimal(12,2), phone nvarchar(max)",
        1,
    ),
    (
        "card_operation",
        false,
        "app_id int, status_enum smallint, assigned_to nvarchar(max), last_updated smalldatetime, housing_cost decimal(12,2), match_percent float",
        1,
    ),
    (
        "card_pricing",
        false,
        "app_id int, campaign_code nvarchar(max), plan_code nvarchar(max), credit_line int, annual_fee decimal(12,2), purchase_apr decimal(5,2), intro_apr decimal(8,5)",
        1,
    ),
    (
        "card_process",
        false,
        "app_id int, device_print nvarchar(max), review_flag bit, analyst_note nvarchar(max)",
        1,
    ),
    (
        "card_prescreen",
        false,
        "app_id int, first_name nvarchar(max), last_name nvarchar(max), ssn nvarchar(max), birth_date date",
        1,
    ),
    ("report_result", false, "app_id int, name nvarchar(max), value nvarchar(max)", 2),
    ("history", false, "app_id int, name nvarchar(max), value nvarchar(max)", 1),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let n_clients: i64 =
        std::env::args().nth(1).map_or(Ok(4), |n| n.parse()).context("CLIENTS is a number")?;
    let server = Server::start(Options {
        listen: "127.0.0.1:0".parse()?,
        data: Storage::Memory,
        user: "xmlx".to_owned(),
        password: "xmlx".to_owned(),
        tls: Tls::Off,
        faults: Faults::none(),
        like: Like::SqlServer,
    })?;
    let mut db = connect(&server).await?;
    for file in [
        "crates/store/sql/001_control.sql",
        "dev/samples/sql/source.sql",
        "dev/samples/sql/target.sql",
    ] {
        run_script(&mut db, file).await?;
    }
    run(&mut db, "INSERT INTO [xmlx].[job] VALUES (1, 'k', N'n', 'h', N'{}', 'once', 1, 1000000, 'running', N'', NULL, 0, SYSUTCDATETIME(), NULL)").await?;
    Box::pin(commits(&server, &mut db, n_clients)).await?;
    documents(&mut db).await
}

async fn commits(server: &Server, db: &mut Db, n_clients: i64) -> anyhow::Result<()> {
    let batch = batch();
    let mut clients = Vec::new();
    for client in 0..n_clients {
        let (lo, hi) = (client * GROUP * GROUPS + 1, (client + 1) * GROUP * GROUPS + 1);
        run(db, &format!("INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through]) VALUES (1, {client}, {lo}, {hi}, 'leased', 1, 's', {lo} - 1)")).await?;
        let groups: Vec<Vec<String>> =
            (0..GROUPS).map(|group| documents_of(lo + group * GROUP)).collect();
        clients.push((connect(server).await?, batch.clone(), client, lo, groups));
    }
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (mut db, batch, client, lo, groups) in clients {
        tasks.spawn(async move {
            for (group, documents) in (0..).zip(&groups) {
                commit(&mut db, &batch, client, lo + group * GROUP, documents).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let (took, n) = (started.elapsed(), n_clients * GROUPS);
    println!(
        "{n_clients} clients: {n} commits of {GROUP} applications in {took:.2?}: {:.1} commits/s, {:.0} applications/s",
        rate(n, took),
        rate(n * GROUP, took)
    );
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a rate to be printed")]
fn rate(n: i64, took: Duration) -> f64 {
    n as f64 / took.as_secs_f64()
}

/// The commit as the store generates it.
fn batch() -> String {
    let mut sql = String::from(
        "SET XACT_ABORT ON;\nSET LOCK_TIMEOUT 5000;\nBEGIN TRAN;\nUPDATE [xmlx].[range] SET [committed_through] = @P1, [done_ok] = [done_ok] + @P2, [done_failed] = [done_failed] + @P3, [rows_written] = [rows_written] + @P4\nWHERE [job_id] = @P5 AND [range_id] = @P6 AND [epoch] = @P7 AND [owner_session] = @P8 AND [state] = 'leased' AND [committed_through] < @P9 AND @P1 < [hi];\nIF @@ROWCOUNT <> 1 THROW 51001, N'fenced', 1;\n",
    );
    for (number, (table, has_identity, columns, _)) in (13..).zip(TABLES) {
        let parse = |column: &str| {
            column.trim().split_once(' ').map(|(name, ty)| (name.to_owned(), ty.to_owned()))
        };
        let columns: Vec<(String, String)> = columns.split(", ").filter_map(parse).collect();
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("[{name}]")).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|(name, _)| match name.as_str() {
                "received_date" => format!("COALESCE(j.[{name}], (getutcdate()))"),
                "review_flag" => format!("COALESCE(j.[{name}], ((0)))"),
                _ => format!("j.[{name}]"),
            })
            .collect();
        let with: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(idx, (name, ty))| format!("[{name}] {ty} '$[{idx}]'"))
            .collect();
        let insert = format!(
            "INSERT INTO [sample].[{table}] ({}) SELECT {} FROM OPENJSON(@P{number}) WITH ({}) AS j;\n",
            names.join(", "),
            values.join(", "),
            with.join(", ")
        );
        if *has_identity {
            sql.push_str(&format!("SET IDENTITY_INSERT [sample].[{table}] ON;\n{insert}SET IDENTITY_INSERT [sample].[{table}] OFF;\n"));
        } else {
            sql.push_str(&insert);
        }
    }
    sql.push_str("INSERT INTO [sample].[processing_log] ([app_id], [status], [failure_reason], [session_id], [app_id_start], [app_id_end]) SELECT j.[app_id], j.[status], j.[reason], @P8, @P11, @P12 FROM OPENJSON(@P10) WITH ([app_id] int '$[0]', [status] nvarchar(max) '$[1]', [reason] nvarchar(max) '$[2]') AS j;\nCOMMIT;");
    sql
}

/// The log's document and the tables', for a group that begins at `first`.
fn documents_of(first: i64) -> Vec<String> {
    let ids = first..first + GROUP;
    let array = |rows: Vec<String>| format!("[{}]", rows.join(","));
    let mut documents =
        vec![array(ids.clone().map(|id| format!("[{id},\"success\",null]")).collect())];
    for (table, _, _, n_rows) in TABLES {
        let rows = ids.clone().flat_map(|id| (0..*n_rows).map(move |n| row(table, id, n)));
        documents.push(array(rows.collect()));
    }
    documents
}

fn row(table: &str, id: i64, n: i64) -> String {
    let person = id * 2 + n.min(1);
    match table {
        "submission" => format!(
            "[{id},10,101,\"2024-05-06T07:08:09.123\",\"2024-05-07T00:00:00\",\"10.0.0.{}\",{id}00]",
            id % 250
        ),
        "person" => format!(
            "[{person},{id},{},\"Joan\",\"Doe{id}\",\"1980-02-03\",\"123456789\",\"joan{id}@example.org\"]",
            161 + n
        ),
        "person_address" => format!(
            "[{person},{},\"Long Street Name\",\"Springfield\",\"IL\",\"627040000\",{}]",
            181 + n % 2,
            n + 5
        ),
        "person_job" => format!("[{person},181,\"A Company of Note\",4321.5,\"5551234567\"]"),
        "card_operation" => format!("[{id},221,\"analyst\",\"2024-05-06T07:08:00\",1200.00,98.6]"),
        "card_pricing" => format!("[{id},\"SPR24\",\"A1\",5000,49.5,19.99,1.12345]"),
        "card_process" => format!("[{id},\"{}\",null,\"a note of some words\"]", "x".repeat(120)),
        "card_prescreen" => format!("[{id},\"Joan\",\"Doe\",\"123456789\",\"1980-02-03\"]"),
        _ => format!("[{id},\"name {n}\",\"value of some length {n}\"]"),
    }
}

async fn commit(
    db: &mut Db,
    batch: &str,
    client: i64,
    first: i64,
    documents: &[String],
) -> anyhow::Result<()> {
    let last = first + GROUP - 1;
    let rows = GROUP * 15;
    let mut params: Vec<&dyn ToSql> = vec![
        &last,
        &GROUP,
        &0i64,
        &rows,
        &1i64,
        &client,
        &1i64,
        &"s",
        &first,
        &documents[0],
        &1i64,
        &1_000_000i64,
    ];
    params.extend(documents[1..].iter().map(|document| document as &dyn ToSql));
    db.execute(batch, &params).await?;
    Ok(())
}

async fn documents(db: &mut Db) -> anyhow::Result<()> {
    let text = "<element attribute='value'>text</element>".repeat(500);
    for start in (1..=DOCUMENTS).step_by(100) {
        let rows: Vec<String> =
            (start..start + 100).map(|id| format!("[{id},\"{text}\"]")).collect();
        let document = format!("[{}]", rows.join(","));
        db.execute("INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) SELECT i.[app_id], i.[xml] FROM OPENJSON(@P1) WITH ([app_id] bigint '$[0]', [xml] nvarchar(max) '$[1]') AS i WHERE NOT EXISTS (SELECT 1 FROM [sample].[application_xml] AS x WHERE x.[app_id] = i.[app_id])", &[&document]).await?;
    }
    let started = Instant::now();
    let mut n_bytes = 0;
    for start in (1..=DOCUMENTS).step_by(200) {
        let rows = db
            .query("SELECT TOP (@P3) CAST(x.[app_id] AS bigint) AS [app_id], x.[app_XML] AS [xml] FROM [sample].[application_xml] AS x WHERE x.[app_id] >= @P1 AND x.[app_id] < @P2 AND x.[app_XML] IS NOT NULL ORDER BY x.[app_id]", &[&start, &(start + 200), &200i64])
            .await?
            .into_first_result()
            .await?;
        for row in &rows {
            n_bytes += i64::try_from(row.try_get::<&str, _>("xml")?.map_or(0, str::len))?;
        }
    }
    let took = started.elapsed();
    println!(
        "documents: {} MB in {took:.2?}: {:.0} MB/s as the client reads them",
        n_bytes / 1_000_000,
        rate(n_bytes, took) / 1e6
    );
    Ok(())
}

async fn connect(server: &Server) -> anyhow::Result<Db> {
    let config = Config::from_ado_string(&server.connection_string())?;
    let socket = TcpStream::connect(config.get_addr()).await?;
    socket.set_nodelay(true)?;
    Ok(Box::pin(Client::connect(config, socket.compat_write())).await?)
}

async fn run(db: &mut Db, sql: &str) -> anyhow::Result<()> {
    db.simple_query(sql).await?.into_results().await?;
    Ok(())
}

async fn run_script(db: &mut Db, file: &str) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file))?;
    for batch in text.split("\nGO\n").filter(|batch| !batch.trim().is_empty()) {
        run(db, batch).await.with_context(|| batch.to_owned())?;
    }
    Ok(())
}
