"""Other clients against a running devdb: pymssql (FreeTDS), python-tds and Microsoft's ODBC driver (mssql-python).

    cargo run -p xmlx-devdb --example serve -- 127.0.0.1:14330
    pip install pymssql python-tds mssql-python && python dev/devdb/tests/clients.py 127.0.0.1 14330

`clients.sh` runs it, and `clients.mjs`, against a devdb of their own. It shows that devdb is not merely what one client tolerates.
"""

import datetime
import decimal
import importlib
import sys

TABLE = """IF OBJECT_ID(N'dbo.people', N'U') IS NOT NULL DROP TABLE dbo.people;
CREATE TABLE dbo.people (id int IDENTITY(1,1) NOT NULL PRIMARY KEY, name nvarchar(50) NOT NULL,
    code varchar(5) NULL, amount decimal(12,2) NULL, at datetime2(3) NULL, flag bit NOT NULL DEFAULT (0), doc nvarchar(max) NULL)"""
INSERT = "INSERT INTO dbo.people (name, code, amount, at, doc) VALUES (N'Ann é', 'AB', 12.5, '2024-02-29T01:02:03.456', N'%s')" % ("x" * 9000)
SELECT = "SELECT id, name, code, amount, at, flag, doc FROM dbo.people ORDER BY id"


def check(name, found, expected):
    if found != expected:
        raise SystemExit(f"{name}: found {found!r}, expected {expected!r}")


def exercise(name, connection, error):
    cursor = connection.cursor()
    cursor.execute(TABLE)
    connection.commit()
    cursor.execute(INSERT)
    check(name, cursor.rowcount, 1)
    connection.commit()
    cursor.execute(SELECT)
    row = cursor.fetchone()
    at = datetime.datetime(2024, 2, 29, 1, 2, 3, 456000)
    check(name, tuple(row), (1, "Ann é", "AB", decimal.Decimal("12.50"), at, False, "x" * 9000))
    cursor.execute(INSERT)
    connection.rollback()
    cursor.execute("SELECT COUNT(*) FROM dbo.people")
    check(name, cursor.fetchone()[0], 1)
    try:
        cursor.execute("INSERT INTO dbo.people (name) VALUES (NULL)")
    except error as raised:
        check(name, "515" in str(raised) or "NULL into column" in str(raised), True)
    else:
        raise SystemExit(f"{name}: no error for a NULL")
    connection.rollback()
    connection.close()
    print(f"{name}: good")


def prepared(name, connection):
    """Parameters: Microsoft's driver prepares, executes again under the handle, and unprepares."""
    cursor = connection.cursor()
    for amount in (1, 2):
        cursor.execute("INSERT INTO dbo.people (name, amount) VALUES (?, ?)", ("Bob é", decimal.Decimal(amount)))
    cursor.execute("SELECT SUM(amount) FROM dbo.people WHERE name = ?", ("Bob é",))
    check(name, cursor.fetchone()[0], decimal.Decimal("3.00"))
    # One request with a call for each row.
    rows = [(f"Eve {n}", decimal.Decimal(n)) for n in range(50)]
    cursor.executemany("INSERT INTO dbo.people (name, amount) VALUES (?, ?)", rows)
    cursor.execute("SELECT COUNT(*), SUM(amount) FROM dbo.people WHERE name LIKE ?", ("eve %",))
    check(name, tuple(cursor.fetchone()), (50, decimal.Decimal("1225.00")))
    connection.rollback()
    connection.close()
    print(f"{name}, prepared: good")


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    clients = {"pymssql": pymssql, "pytds": python_tds, "mssql_python": mssql_python}
    for module, client in clients.items():
        try:
            library = importlib.import_module(module)
        except ImportError as err:
            print(f"{module}: SKIPPED, {err}")
        else:
            client(library, host, port)


def pymssql(library, host, port):
    exercise(
        "pymssql",
        library.connect(server=host, port=str(port), user="xmlx", password="xmlx", database="xmlx", encryption="off"),
        library.Error,
    )


def python_tds(library, host, port):
    exercise(
        "python-tds",
        library.connect(dsn=host, port=port, user="xmlx", password="xmlx", database="xmlx", autocommit=False),
        library.Error,
    )


def mssql_python(library, host, port):
    text = f"Server={host},{port};Database=xmlx;UID=xmlx;PWD=xmlx;Encrypt=no;TrustServerCertificate=yes"
    exercise("Microsoft ODBC", library.connect(text), library.Error)
    prepared("Microsoft ODBC", library.connect(text))


main()
