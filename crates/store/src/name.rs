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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(table("s", "t"), "[s].[t]");
        assert_eq!(table("s", "dbo.t"), "[dbo].[t]");
        assert_eq!(table("s", "[dbo].[t]"), "[dbo].[t]");
        assert_eq!(quoted("a]; DROP TABLE x--"), "[a]]; DROP TABLE x--]");
    }
}
