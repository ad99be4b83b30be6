//! Who may do what: logins, users, roles, what they are granted, and what of the catalog they see.

use tiberius::Row;
use xmlx_devdb::{Options, Server, Storage};

use crate::support::{Db, code, connect, connect_with, message, number, options, run, server};

/// A server with tables that refer to each other, a user `ann` who is a member of the role `staff`, and the
/// connections of both.
async fn staff() -> (Server, Db, Db) {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    for batch in [
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.parent (id int NOT NULL CONSTRAINT PK_parent PRIMARY KEY, name varchar(9) NULL)",
        "CREATE TABLE shop.child (id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_child PRIMARY KEY,
            parent int NOT NULL CONSTRAINT FK_child REFERENCES shop.parent (id),
            n int NOT NULL CONSTRAINT DF_child_n DEFAULT 7, last AS RIGHT('abc', 1) PERSISTED)",
        "INSERT INTO shop.parent (id, name) VALUES (1, 'one')",
        "CREATE LOGIN [ann] WITH PASSWORD = N'it''s;ann'",
        "CREATE USER [ann] FOR LOGIN [ann]",
        "CREATE ROLE [staff]; ALTER ROLE [staff] ADD MEMBER [ann]",
    ] {
        run(&mut db, batch).await.expect(batch);
    }
    let ann = ann(&server).await.expect("a login");
    (server, db, ann)
}

async fn ann(server: &Server) -> anyhow::Result<Db> {
    connect_with(&as_login(server, "ann", "\"it's;ann\"")).await
}

fn as_login(server: &Server, login: &str, password: &str) -> String {
    let configured = "User Id=xmlx;Password=Secret";
    server.connection_string().replace(configured, &format!("User Id={login};Password={password}"))
}

/// What becomes of each statement: the number of its error, 0 for none, and a part of its message.
async fn check(db: &mut Db, cases: &[(&str, u32, &str)]) {
    for (sql, number, part) in cases {
        let result = run(db, sql).await;
        let (found, text) = (code(&result), message(&result));
        assert!(
            found == *number && text.contains(part),
            "{sql}\nfound {found}: {text}\nexpected {number}: {part}"
        );
    }
}

/// The only value of a query, NULL included.
async fn int(db: &mut Db, sql: &str) -> Option<i32> {
    let rows: Vec<Row> = run(db, sql).await.unwrap_or_else(|err| panic!("{sql}: {err:#}"));
    rows[0].try_get(0).unwrap_or_else(|err| panic!("{sql}: {err}"))
}

#[tokio::test]
async fn a_login_gets_in_where_it_has_a_user() {
    let (server, mut db, mut ann_s) = staff().await;
    assert_eq!(int(&mut ann_s, "SELECT 1").await, Some(1));
    assert_eq!(code(&connect_with(&as_login(&server, "ann", "wrong")).await), 18456);
    assert_eq!(code(&connect_with(&as_login(&server, "bob", "Secret")).await), 18456);
    run(&mut db, "CREATE LOGIN [bob] WITH PASSWORD = N'b'").await.expect("a login");
    assert_eq!(code(&connect_with(&as_login(&server, "bob", "b")).await), 4060, "no user");
    // Another database of the server has the same logins and other users.
    run(&mut db, "CREATE DATABASE [other]").await.expect("a database");
    let other = |login: &str, password: &str| {
        as_login(&server, login, password).replace("Database=xmlx", "Database=other")
    };
    assert_eq!(code(&connect_with(&other("ann", "\"it's;ann\"")).await), 4060);
    let mut in_other = connect_with(&other("xmlx", "Secret")).await.expect("the configured user");
    run(&mut in_other, "CREATE USER [bob] FOR LOGIN [bob]").await.expect("a user");
    assert!(connect_with(&other("bob", "b")).await.is_ok());
    run(&mut db, "DROP USER [ann]").await.expect("dropped");
    check(&mut ann_s, &[("SELECT 1", 916, "\"ann\" is not able to access the database \"xmlx\"")])
        .await;
    assert_eq!(code(&ann(&server).await), 4060);
    run(&mut db, "DROP LOGIN [ann]").await.expect("dropped");
    assert_eq!(code(&ann(&server).await), 18456);
}

#[tokio::test]
async fn principals_are_made_and_dropped() {
    let (_server, mut db, _ann) = staff().await;
    check(
        &mut db,
        &[
            ("CREATE LOGIN [ann] WITH PASSWORD = N'x'", 15025, "'ann' already exists"),
            ("CREATE LOGIN [XMLX] WITH PASSWORD = N'x'", 15025, "'XMLX' already exists"),
            ("CREATE LOGIN [x] WITH PASSWORD = N'x', CHECK_POLICY = OFF", 102, ""),
            ("CREATE LOGIN [x] FROM WINDOWS", 102, ""),
            ("DROP LOGIN [x]", 15151, "Cannot drop the login 'x'"),
            ("CREATE USER [x] FOR LOGIN [x]", 15007, "'x' is not a valid login"),
            ("CREATE USER [x] WITHOUT LOGIN", 102, ""),
            ("CREATE USER [x] FOR LOGIN [ann]", 15063, "under a different user name"),
            ("CREATE ROLE [ann]", 15023, "'ann' already exists in the current database"),
            ("CREATE ROLE [dbo]", 15023, ""),
            ("DROP ROLE [ann]", 15151, "Cannot drop the role 'ann'"),
            ("DROP ROLE [public]", 15150, "Cannot drop the role 'public'"),
            ("DROP USER [dbo]", 15150, "Cannot drop the user 'dbo'"),
            ("DROP ROLE [staff]", 15144, "The role has members."),
            ("ALTER ROLE [db_owner] ADD MEMBER [ann]", 102, ""),
            ("ALTER ROLE [none] ADD MEMBER [ann]", 15151, "Cannot alter the role 'none'"),
            ("ALTER ROLE [staff] ADD MEMBER [none]", 15151, "Cannot add the principal 'none'"),
            ("ALTER ROLE [staff] ADD MEMBER [ann]", 0, ""),
            ("ALTER ROLE [staff] ADD MEMBER [staff]", 15413, "a member of itself"),
            ("CREATE ROLE [all]; ALTER ROLE [all] ADD MEMBER [staff]", 0, ""),
            ("ALTER ROLE [staff] ADD MEMBER [all]", 15413, ""),
            ("ALTER ROLE [all] DROP MEMBER [ann]", 15151, "Cannot drop the principal 'ann'"),
            ("GRANT SELECT ON shop.parent TO [none]", 15151, "Cannot find the user 'none'"),
            ("GRANT SELECT ON shop.none TO [staff]", 15151, "Cannot find the object 'none'"),
            ("GRANT SELECT ON SCHEMA::[none] TO [staff]", 15151, "Cannot find the schema 'none'"),
            ("GRANT CREATE TABLE ON shop.parent TO [staff]", 102, "CREATE TABLE"),
            ("GRANT EXECUTE ON shop.parent TO [staff]", 102, ""),
            ("GRANT SELECT ON shop.parent TO [staff] WITH GRANT OPTION", 102, ""),
            ("REVOKE SELECT ON shop.parent FROM [staff]", 102, ""),
            ("GRANT SELECT, INSERT ON OBJECT::[shop].[parent] TO [staff]", 0, ""),
            ("DENY VIEW DEFINITION ON SCHEMA::[shop] TO [ann]", 0, ""),
        ],
    )
    .await;
    let n_principals = "SELECT COUNT_BIG(*) FROM sys.database_principals WHERE principal_id > 4";
    let n_permissions = "SELECT COUNT_BIG(*) FROM sys.database_permissions";
    let n_members = "SELECT COUNT_BIG(*) FROM sys.database_role_members";
    assert_eq!(number(&mut db, n_principals).await, 3);
    assert_eq!(number(&mut db, n_permissions).await, 3);
    assert_eq!(number(&mut db, n_members).await, 2);
    check(
        &mut db,
        &[
            ("ALTER ROLE [staff] DROP MEMBER [ann]", 0, ""),
            ("DROP ROLE [staff]", 0, ""),
            ("IF DATABASE_PRINCIPAL_ID(N'staff') IS NULL CREATE ROLE [staff]", 0, ""),
            ("IF DATABASE_PRINCIPAL_ID(N'staff') IS NULL CREATE ROLE [staff]", 0, ""),
        ],
    )
    .await;
    assert_eq!(number(&mut db, n_permissions).await, 1, "a role takes with it what it was granted");
    assert_eq!(number(&mut db, n_members).await, 0, "and whom it belonged to");
    run(&mut db, "DROP TABLE shop.child; DROP TABLE shop.parent; DROP SCHEMA shop")
        .await
        .expect("dropped");
    assert_eq!(number(&mut db, n_permissions).await, 0, "so does a schema");
}

#[tokio::test]
async fn without_a_permission_nothing_is_read_or_written() {
    let (_server, mut db, mut ann) = staff().await;
    check(
        &mut ann,
        &[
            (
                "SELECT id FROM shop.parent",
                229,
                "The SELECT permission was denied on the object 'parent', database 'xmlx', schema 'shop'.",
            ),
            ("SELECT 1 WHERE EXISTS (SELECT 1 FROM shop.parent)", 229, "SELECT"),
            ("IF EXISTS (SELECT 1 FROM shop.parent) SELECT 1", 229, "SELECT"),
            ("INSERT INTO shop.parent (id) VALUES (2)", 229, "The INSERT permission"),
            ("UPDATE shop.parent SET name = 'x'", 229, "The UPDATE permission"),
            ("DELETE FROM shop.parent", 229, "The DELETE permission"),
            ("SELECT id FROM shop.none", 208, "Invalid object name 'shop.none'."),
        ],
    )
    .await;
    run(&mut db, "GRANT INSERT ON SCHEMA::[shop] TO [staff]").await.expect("granted");
    check(
        &mut ann,
        &[
            ("INSERT INTO shop.parent (id) VALUES (2)", 0, ""),
            ("INSERT INTO shop.child (parent) VALUES (2)", 0, ""),
            ("INSERT INTO shop.child (parent) VALUES (3)", 547, "FK_child"),
            ("INSERT INTO shop.parent (id) OUTPUT inserted.id VALUES (4)", 229, "SELECT"),
            ("INSERT INTO shop.parent (id) SELECT 9 FROM shop.child", 229, "'child'"),
            ("SET IDENTITY_INSERT shop.child ON", 1088, "Cannot find the object \"shop.child\""),
        ],
    )
    .await;
    run(&mut db, "GRANT ALTER ON OBJECT::[shop].[child] TO [staff]").await.expect("granted");
    let with_id = "SET IDENTITY_INSERT shop.child ON; INSERT INTO shop.child (id, parent) VALUES (5, 1); SET IDENTITY_INSERT shop.child OFF";
    check(&mut ann, &[(with_id, 0, "")]).await;
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM shop.child").await, 2);
}

/// Who changes rows that a condition finds has to be allowed to see them.
#[tokio::test]
async fn columns_that_are_read_take_select() {
    let (_server, mut db, mut ann) = staff().await;
    run(&mut db, "GRANT UPDATE, DELETE ON shop.parent TO [staff]").await.expect("granted");
    check(
        &mut ann,
        &[
            ("UPDATE shop.parent SET name = 'x'", 0, ""),
            ("UPDATE shop.parent SET name = 'x' WHERE 1 = 1", 0, ""),
            ("UPDATE shop.parent SET name = 'x' WHERE id = 1", 229, "SELECT"),
            ("UPDATE shop.parent SET name = name + 'x'", 229, "SELECT"),
            ("UPDATE shop.parent SET name = 'x' OUTPUT inserted.id", 229, "SELECT"),
            ("DELETE FROM shop.parent WHERE id = 1", 229, "SELECT"),
            ("DELETE FROM shop.parent", 0, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn denied_is_stronger_than_granted() {
    let (_server, mut db, mut ann) = staff().await;
    let select = "SELECT id FROM shop.parent";
    for (sql, number) in [
        ("GRANT SELECT ON SCHEMA::[shop] TO [public]", 0),
        ("DENY SELECT ON OBJECT::[shop].[parent] TO [ann]", 229),
        ("GRANT SELECT ON OBJECT::[shop].[parent] TO [ann]", 0),
        ("DENY SELECT ON SCHEMA::[shop] TO [staff]", 229),
        ("ALTER ROLE [staff] DROP MEMBER [ann]", 0),
        ("DENY SELECT TO [ann]", 229),
        ("GRANT SELECT TO [ann]", 0),
    ] {
        run(&mut db, sql).await.expect(sql);
        check(&mut ann, &[(select, number, "")]).await;
    }
    // The configured user may do everything, whatever is denied to whom.
    run(&mut db, "DENY SELECT TO [public]").await.expect("denied");
    check(&mut db, &[(select, 0, "")]).await;
    check(&mut ann, &[(select, 229, "")]).await;
}

/// One text, one plan for each user: what one may do says nothing of the other.
#[tokio::test]
async fn grants_take_effect_with_their_transaction() {
    let (server, mut db, mut ann_s) = staff().await;
    let select = "SELECT id FROM shop.parent";
    run(&mut db, "BEGIN TRAN; GRANT SELECT ON shop.parent TO [ann]").await.expect("granted");
    check(&mut db, &[(select, 0, "")]).await;
    check(&mut ann_s, &[(select, 229, "")]).await;
    run(&mut db, "ROLLBACK").await.expect("rolled back");
    check(&mut ann_s, &[(select, 229, "")]).await;
    run(&mut db, "BEGIN TRAN; GRANT SELECT ON shop.parent TO [ann]; COMMIT")
        .await
        .expect("granted");
    check(&mut ann_s, &[(select, 0, "")]).await;
    let mut again = ann(&server).await.expect("a login");
    check(&mut again, &[(select, 0, "")]).await;
}

#[tokio::test]
async fn definitions_take_permissions_of_their_own() {
    let (_server, mut db, mut ann) = staff().await;
    check(
        &mut ann,
        &[
            ("CREATE SCHEMA own", 262, "CREATE SCHEMA permission denied in database 'xmlx'."),
            ("CREATE TABLE shop.t (id int)", 262, "CREATE TABLE permission denied"),
            ("CREATE INDEX IX ON shop.parent (name)", 1088, "shop.parent"),
            ("DROP TABLE shop.child", 3701, "Cannot drop the table 'shop.child'"),
            ("DROP SCHEMA shop", 15151, "Cannot drop the schema 'shop'"),
            ("CREATE DATABASE [d]", 262, "CREATE DATABASE permission denied in database 'master'."),
            ("DROP DATABASE [d]", 3701, ""),
            ("CREATE LOGIN [l] WITH PASSWORD = N'l'", 15247, "does not have permission"),
            ("DROP LOGIN [ann]", 15151, ""),
            ("CREATE ROLE [r]", 15247, ""),
            ("DROP ROLE [staff]", 15151, ""),
            ("ALTER ROLE [staff] DROP MEMBER [ann]", 15151, "Cannot alter the role 'staff'"),
            ("GRANT SELECT ON shop.parent TO [ann]", 15151, "Cannot find the object 'parent'"),
            ("GRANT CREATE TABLE TO [ann]", 15247, ""),
        ],
    )
    .await;
    run(&mut db, "GRANT CREATE TABLE, CREATE SCHEMA TO [ann]").await.expect("granted");
    check(
        &mut ann,
        &[
            ("CREATE TABLE shop.t (id int)", 2760, "\"shop\" either does not exist or you do not"),
            // Who makes a schema owns it.
            ("CREATE SCHEMA own", 0, ""),
            ("CREATE TABLE own.t (id int NOT NULL PRIMARY KEY)", 0, ""),
            ("CREATE TABLE own.u (id int REFERENCES own.t (id))", 0, ""),
            ("CREATE TABLE own.v (id int REFERENCES shop.parent (id))", 229, "REFERENCES"),
            ("INSERT INTO own.t (id) VALUES (1); DELETE FROM own.t WHERE id = 1", 0, ""),
            ("CREATE INDEX IX ON own.u (id)", 0, ""),
            ("DROP SCHEMA own", 3729, "because it is being referenced by object 't'."),
        ],
    )
    .await;
    check(&mut db, &[("DROP USER [ann]", 15138, "owns a schema")]).await;
    check(&mut ann, &[("DROP TABLE own.u; DROP TABLE own.t; DROP SCHEMA own", 0, "")]).await;
    check(&mut db, &[("DROP SCHEMA dbo", 15150, "Cannot drop the schema 'dbo'.")]).await;
}

/// What one may not see is not there; what is seen depends on which permission is held.
#[tokio::test]
async fn the_catalog_shows_what_one_may_see() {
    let (_server, mut db, mut ann) = staff().await;
    let counts = [
        "SELECT COUNT_BIG(*) FROM sys.schemas WHERE name = N'shop'",
        "SELECT COUNT_BIG(*) FROM sys.tables",
        "SELECT COUNT_BIG(*) FROM sys.columns",
        "SELECT COUNT_BIG(*) FROM sys.indexes",
        "SELECT COUNT_BIG(*) FROM sys.identity_columns",
        "SELECT COUNT_BIG(*) FROM sys.computed_columns",
        "SELECT COUNT_BIG(*) FROM sys.computed_columns WHERE definition IS NOT NULL",
        "SELECT COUNT_BIG(*) FROM sys.default_constraints",
        "SELECT COUNT_BIG(*) FROM sys.foreign_keys",
        "SELECT COUNT_BIG(*) FROM sys.foreign_key_columns",
    ];
    let all = [1, 2, 6, 2, 1, 1, 1, 1, 1, 1];
    for (sql, seen) in [
        ("SELECT 1", [0; 10]),
        ("GRANT INSERT ON shop.parent TO [staff]", [0, 1, 2, 1, 0, 0, 0, 0, 0, 0]),
        ("GRANT SELECT ON shop.child TO [staff]", [0, 2, 6, 2, 1, 1, 0, 0, 0, 0]),
        ("GRANT ALTER ON shop.child TO [staff]", [0, 2, 6, 2, 1, 1, 1, 1, 1, 1]),
        ("GRANT VIEW DEFINITION ON SCHEMA::[shop] TO [staff]", all),
    ] {
        run(&mut db, sql).await.expect(sql);
        for (count, seen) in counts.iter().zip(seen) {
            assert_eq!(number(&mut ann, count).await, seen, "{count} after {sql}");
        }
    }
    for (count, seen) in counts.iter().zip(all) {
        assert_eq!(number(&mut db, count).await, seen, "{count}");
    }
    let users = "SELECT COUNT_BIG(*) FROM sys.database_principals WHERE principal_id > 4";
    run(&mut db, "CREATE ROLE [others]").await.expect("a role");
    assert_eq!(number(&mut ann, users).await, 2);
    assert_eq!(number(&mut db, users).await, 3);
}

#[tokio::test]
async fn functions_know_what_one_may_see() {
    let (_server, mut db, mut ann) = staff().await;
    let asked = [
        "SELECT OBJECT_ID(N'shop.parent') - OBJECT_ID(N'shop.parent') + 1",
        "SELECT SCHEMA_ID(N'shop') - SCHEMA_ID(N'shop') + 1",
        "SELECT HAS_PERMS_BY_NAME(N'[shop].[parent]', N'OBJECT', N'INSERT')",
        "SELECT HAS_PERMS_BY_NAME(N'[shop].[parent]', N'OBJECT', N'SELECT')",
        "SELECT HAS_PERMS_BY_NAME(N'[shop]', N'SCHEMA', N'VIEW DEFINITION')",
        "SELECT HAS_PERMS_BY_NAME(N'[shop].[parent]', N'OBJECT', N'FLY')",
    ];
    for (sql, answers) in [
        ("SELECT 1", [None; 6]),
        ("GRANT INSERT ON shop.parent TO [staff]", [Some(1), None, Some(1), Some(0), None, None]),
        (
            "GRANT SELECT ON SCHEMA::[shop] TO [staff]",
            [Some(1), Some(1), Some(1), Some(1), Some(0), None],
        ),
        (
            "DENY INSERT ON shop.parent TO [ann]",
            [Some(1), Some(1), Some(0), Some(1), Some(0), None],
        ),
        (
            "GRANT VIEW DEFINITION ON SCHEMA::[shop] TO [staff]",
            [Some(1), Some(1), Some(0), Some(1), Some(1), None],
        ),
    ] {
        run(&mut db, sql).await.expect(sql);
        for (question, answer) in asked.iter().zip(answers) {
            assert_eq!(int(&mut ann, question).await, answer, "{question} after {sql}");
        }
    }
    let everything = [Some(1), Some(1), Some(1), Some(1), Some(1), None];
    for (question, answer) in asked.iter().zip(everything) {
        assert_eq!(int(&mut db, question).await, answer, "{question}");
    }
    assert_eq!(int(&mut ann, "SELECT DATABASE_PRINCIPAL_ID(N'none')").await, None);
}

#[tokio::test]
async fn principals_outlive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Storage::File(folder.path().join("data.sqlite"));
    let server = Server::start(Options { data: data.clone(), ..options() }).expect("a server");
    let mut db = connect(&server).await.expect("a login");
    for batch in [
        "CREATE TABLE dbo.t (id int NOT NULL)",
        "CREATE LOGIN [ann] WITH PASSWORD = N'it''s;ann'",
        "CREATE USER [ann] FOR LOGIN [ann]",
        "GRANT SELECT ON dbo.t TO [ann]; DENY INSERT ON dbo.t TO [ann]",
    ] {
        run(&mut db, batch).await.expect(batch);
    }
    drop(db);
    server.stop();
    let server = Server::start(Options { data, ..options() }).expect("a server");
    let mut ann = ann(&server).await.expect("a login");
    check(
        &mut ann,
        &[("SELECT id FROM dbo.t", 0, ""), ("INSERT INTO dbo.t (id) VALUES (1)", 229, "")],
    )
    .await;
}
