//! Names in SQL: quoted, always.

/// `name` as a delimited identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A table's two-part name; a name such as `dbo.x` brings its own schema.
pub(crate) fn table(default_schema: &str, name: &str) -> String {
    let (schema, table) = name.split_once('.').unwrap_or((default_schema, name));
    let bare = |it: &str| it.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
    format!("{}.{}", quoted(&bare(schema)), quoted(&bare(table)))
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
    fn names_are_quoted() {
        assert_eq!(table("s", "t"), "[s].[t]");
        assert_eq!(table("s", "dbo.t"), "[dbo].[t]");
        assert_eq!(table("s", "[dbo].[t]"), "[dbo].[t]");
        assert_eq!(collate("Latin1_General_BIN2"), " COLLATE Latin1_General_BIN2");
        assert_eq!(collate("a; DROP TABLE x--"), " COLLATE DATABASE_DEFAULT");
        assert_eq!(quoted("a]; DROP TABLE x--"), "[a]]; DROP TABLE x--]");
    }
}
