// Another client against a running devdb: tedious.
//
//     cargo run -p xmlx-devdb --example serve -- 127.0.0.1:14330
//     npm install tedious && node dev/devdb/tests/clients.mjs 127.0.0.1 14330
//
// A folder in NODE_MODULES names where tedious is installed, if not here.

import { createRequire } from "node:module";
import assert from "node:assert/strict";

const require = createRequire((process.env.NODE_MODULES ?? process.cwd()) + "/");
const { Connection, Request, TYPES } = require("tedious");

const [host, port] = process.argv.slice(2);
const connection = new Connection({
  server: host,
  authentication: { type: "default", options: { userName: "xmlx", password: "xmlx" } },
  options: { port: Number(port), database: "xmlx", encrypt: false, trustServerCertificate: true, rowCollectionOnRequestCompletion: true },
});

const connected = () => new Promise((done, fail) => connection.connect((err) => (err ? fail(err) : done())));

// Runs a request in one of the ways that tedious has.
function run(way, sql, parameters = []) {
  return new Promise((done, fail) => {
    const request = new Request(sql, (err, count, rows) => (err ? fail(err) : done({ count, rows })));
    for (const [name, type, value] of parameters) request.addParameter(name, type, value);
    connection[way](request);
  });
}

// Prepares a statement, executes it for each of the values, unprepares it.
function prepared(sql, declared, values) {
  return new Promise((done, fail) => {
    const rows = [];
    let isLast = false;
    // Called after every execution, and after the end of the preparation.
    const request = new Request(sql, (err) => {
      if (err) return fail(err);
      if (isLast) return done(rows);
      const value = values.shift();
      if (value) return connection.execute(request, value);
      isLast = true;
      connection.unprepare(request);
    });
    for (const [name, type] of declared) request.addParameter(name, type);
    request.on("row", (row) => rows.push(row[0].value));
    request.on("prepared", () => connection.execute(request, values.shift()));
    connection.prepare(request);
  });
}

const transaction = (way) => new Promise((done, fail) => connection[way]((err) => (err ? fail(err) : done())));

await connected();
await run("execSqlBatch", "IF OBJECT_ID(N'dbo.things', N'U') IS NOT NULL DROP TABLE dbo.things; CREATE TABLE dbo.things (id int NOT NULL PRIMARY KEY, name nvarchar(50) NOT NULL)");
const parameters = (id, name) => [["id", TYPES.Int, id], ["name", TYPES.NVarChar, name]];
const insert = "INSERT INTO dbo.things (id, name) VALUES (@id, @name)";
assert.equal((await run("execSql", insert, parameters(1, "é😀"))).count, 1);
await transaction("beginTransaction");
await run("execSql", insert, parameters(2, "gone"));
await transaction("rollbackTransaction");
const found = await run("execSql", "SELECT id, name FROM dbo.things ORDER BY id");
assert.deepEqual(found.rows.map((row) => row.map((it) => it.value)), [[1, "é😀"]]);
await assert.rejects(run("execSql", insert, parameters(1, "again")), (err) => err.number === 2627);
const names = await prepared("SELECT name FROM dbo.things WHERE id = @id", [["id", TYPES.Int]], [{ id: 1 }, { id: 1 }]);
assert.deepEqual(names, ["é😀", "é😀"]);
connection.close();
console.log("tedious: good");
