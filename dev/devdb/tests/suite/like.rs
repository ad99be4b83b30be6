//! A server that is compatible and lacks something.

use xmlx_devdb::{Like, Options, Server};

use crate::raw::{Raw, Token, execute_with_null};
use crate::support::{Db, code, connect, options, query, run};

const PROPERTIES: &str =
    "SELECT CAST(SERVERPROPERTY('Babelfish') AS int), CAST(SERVERPROPERTY('EngineEdition') AS int)";
/// What Babelfish calls what it has no number for.
const UNNAMED: u32 = 33_557_097;

async fn server(like: Like) -> (Server, Db) {
    let server = Server::start(Options { like, ..options() }).expect("a server");
    let db = connect(&server).await.expect("a login");
    (server, db)
}

#[tokio::test]
async fn it_says_what_it_is() {
    for (like, expected) in [(Like::SqlServer, None), (Like::Babelfish, Some(1))] {
        let (_server, mut db) = server(like).await;
        let rows = run(&mut db, PROPERTIES).await.expect("a row");
        assert_eq!(rows[0].try_get::<i32, _>(0).expect("a number"), expected);
        assert_eq!(rows[0].try_get::<i32, _>(1).expect("a number"), Some(3));
        // So are databases that clients make.
        run(&mut db, "CREATE DATABASE [other]").await.expect("a database");
    }
    assert!("oracle".parse::<Like>().is_err());
}

#[tokio::test]
async fn numbers_of_errors() {
    for (like, table, column, lock, count) in
        [(Like::SqlServer, 208, 207, 1222, 266), (Like::Babelfish, UNNAMED, UNNAMED, UNNAMED, 0)]
    {
        let (server, mut db) = server(like).await;
        run(&mut db, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)").await.expect("a table");
        assert_eq!(code(&run(&mut db, "SELECT id FROM dbo.nope").await), table);
        assert_eq!(code(&run(&mut db, "SELECT nope FROM dbo.t").await), column);
        assert_eq!(code(&run(&mut db, "INSERT INTO dbo.t VALUES (1), (1)").await), 2627);
        run(&mut db, "BEGIN TRAN; INSERT INTO dbo.t VALUES (2)").await.expect("a row");
        let mut other = connect(&server).await.expect("a login");
        let waits = "SET LOCK_TIMEOUT 10; INSERT INTO dbo.t VALUES (3)";
        assert_eq!(code(&run(&mut other, waits).await), lock);
        server.faults().add("any:1:error=1222".parse().expect("a fault"));
        assert_eq!(code(&run(&mut other, "SELECT id FROM dbo.t").await), lock);
        assert_eq!(code(&query(&mut db, "COMMIT", &[]).await), count);
    }
}

#[tokio::test]
async fn a_null_without_a_type() {
    let sql = "IF @P1 IS NOT NULL SET NOCOUNT ON";
    for (like, expected) in [(Like::SqlServer, None), (Like::Babelfish, Some(33_557_097))] {
        let (server, _db) = server(like).await;
        let it = options();
        let answer =
            Raw::connect(&server, &it.user, &it.password).call(&[execute_with_null(sql)], 0xFF);
        let error = answer.iter().find_map(|token| match token {
            Token::Error(number) => Some(*number),
            Token::Procedure { .. } => None,
        });
        assert_eq!(error, expected, "{answer:?}");
    }
}
