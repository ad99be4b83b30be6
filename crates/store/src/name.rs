//! Names in SQL: quoted, always.

/// `name` as a delimited identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// The schema of application tables whose name brings none, whatever the target schema is: contracts of the reference
/// mean this one.
const APPLICATION_SCHEMA: &str = "dbo";

/// A table's two-part name; a name such as `dbo.x` or `[dbo].[x]` brings its own schema.
pub(crate) fn table(default_schema: &str, name: &str) -> String {
    // A point inside of brackets is part of a name.
    let mut in_brackets = false;
    let point = name.bytes().position(|byte| {
        in_brackets = (in_brackets || byte == b'[') && byte != b']';
        byte == b'.' && !in_brackets
    });
    let (schema, table) = point.map_or((default_schema, name), |at| (&name[..at], &name[at + 1..]));
    format!("{}.{}", quoted(&bare(schema)), quoted(&bare(table)))
}

/// The two-part name of a table that tells the applications of a product line.
pub(crate) fn application_table(name: &str) -> String {
    table(APPLICATION_SCHEMA, name)
}

/// A name without the brackets that delimit it.
fn bare(name: &str) -> String {
    let name = name.trim();
    let within = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    within.map_or_else(|| name.to_owned(), |within| within.replace("]]", "]"))
}

/// What stands behind a text that is compared with one of this collation: a collation has no other way of being named
/// than bare, so what does not look like a name is answered with the database's own.
pub(crate) fn collate(collation: &str) -> String {
    let is_name = !collation.is_empty()
        && collation.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    format!(" COLLATE {}", if is_name { collation } else { "DATABASE_DEFAULT" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_tables_are_in_dbo_unless_they_say_otherwise() {
        assert_eq!(application_table("application"), "[dbo].[application]");
        assert_eq!(application_table("migration.application"), "[migration].[application]");
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(table("s", "t"), "[s].[t]");
        assert_eq!(table("s", "dbo.t"), "[dbo].[t]");
        assert_eq!(table("s", "[dbo].[t]"), "[dbo].[t]");
        assert_eq!(table("s", " dbo . t "), "[dbo].[t]");
        assert_eq!(table("s", "[a.b].[c.d]"), "[a.b].[c.d]");
        assert_eq!(table("s", "[c.d]"), "[s].[c.d]");
        assert_eq!(table("s", "[x]]y]"), "[s].[x]]y]");
        assert_eq!(collate("Latin1_General_BIN2"), " COLLATE Latin1_General_BIN2");
        assert_eq!(collate("a; DROP TABLE x--"), " COLLATE DATABASE_DEFAULT");
        assert_eq!(quoted("a]; DROP TABLE x--"), "[a]]; DROP TABLE x--]");
    }
}
