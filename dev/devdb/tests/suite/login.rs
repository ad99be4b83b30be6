//! Who gets in, with and without TLS.

use tiberius::{AuthMethod, Config, EncryptionLevel};
use xmlx_devdb::{Options, Server, Tls};

use crate::support::{code, connect, connect_with, number, options, query, run, server};

#[tokio::test]
async fn with_the_right_password_in_plain() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    assert_eq!(number(&mut db, "SELECT CAST(1 AS bigint)").await, 1);
    let name =
        run(&mut db, "SELECT DB_NAME() AS [db], @@VERSION AS [version]").await.expect("a row");
    assert_eq!(name[0].try_get::<&str, _>("db").expect("text"), Some("xmlx"));
    assert!(
        name[0]
            .try_get::<&str, _>("version")
            .expect("text")
            .expect("set")
            .starts_with("Microsoft SQL Server")
    );
}

#[tokio::test]
async fn over_tls() {
    let server = Server::start(Options { tls: Tls::SelfSigned, ..options() }).expect("a server");
    assert!(server.connection_string().contains("Encrypt=true"));
    let mut db = connect(&server).await.expect("a login");
    let text = "long ".repeat(20_000);
    let rows = query(&mut db, "SELECT @P1 AS [text]", &[&text]).await.expect("a row");
    assert_eq!(rows[0].try_get::<&str, _>(0).expect("text"), Some(text.as_str()));
}

#[tokio::test]
async fn who_insists_on_tls_is_turned_away_without() {
    let server = server();
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(server.addr().port());
    config.authentication(AuthMethod::sql_server("xmlx", "Secret"));
    config.encryption(EncryptionLevel::Required);
    config.trust_cert();
    let socket = tokio::net::TcpStream::connect(server.addr()).await.expect("a socket");
    let socket = tokio_util::compat::TokioAsyncWriteCompatExt::compat_write(socket);
    assert!(Box::pin(tiberius::Client::connect(config, socket)).await.is_err());
}

#[tokio::test]
async fn with_a_wrong_password() {
    let server = server();
    let wrong = server.connection_string().replace("Password=Secret", "Password=wrong");
    assert_eq!(code(&connect_with(&wrong).await), 18456);
    let nobody = server.connection_string().replace("User Id=xmlx", "User Id=nobody");
    assert_eq!(code(&connect_with(&nobody).await), 18456);
}

/// A database has to be there, and one of its own holds tables of its own.
#[tokio::test]
async fn databases_are_made_and_dropped() {
    let server = server();
    let at = |name: &str| {
        server.connection_string().replace("Database=xmlx", &format!("Database={name}"))
    };
    assert_eq!(code(&connect_with(&at("loans")).await), 4060);
    let mut master = connect_with(&at("master")).await.expect("always there");
    run(&mut master, "CREATE DATABASE [loans]").await.expect("a database");
    assert_eq!(code(&run(&mut master, "CREATE DATABASE [loans];").await), 1801);
    let mut loans = connect_with(&at("loans")).await.expect("it is there now");
    run(&mut loans, "CREATE TABLE dbo.only_here (id int NOT NULL)").await.expect("a table");
    assert_eq!(code(&run(&mut master, "SELECT id FROM dbo.only_here").await), 208);
    run(&mut master, "DROP DATABASE [loans]").await.expect("dropped");
    assert_eq!(code(&connect_with(&at("loans")).await), 4060);
    assert_eq!(code(&run(&mut master, "DROP DATABASE [loans]").await), 3701);
}

#[tokio::test]
async fn hundreds_at_once() {
    let server = server();
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(connect(&server).await.expect("a login"));
    }
    for db in &mut clients {
        assert_eq!(number(db, "SELECT CAST(5 AS bigint)").await, 5);
    }
    server.drop_connections();
    assert!(run(&mut clients[0], "SELECT 1").await.is_err());
    let mut db = connect(&server).await.expect("connections are still accepted");
    assert_eq!(number(&mut db, "SELECT CAST(6 AS bigint)").await, 6);
    server.stop();
    assert!(run(&mut db, "SELECT 1").await.is_err());
}
