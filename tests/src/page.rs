//! The page for database administrators: the T-SQL it shows.

use crate::workspace;

/// All T-SQL blocks of docs/sql-server.md, in order.
#[must_use]
pub fn blocks() -> Vec<String> {
    let page = std::fs::read_to_string(workspace().join("docs/sql-server.md")).expect("the page");
    let blocks = page.split("```sql\n").skip(1);
    blocks.map(|it| it.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// The first of them that contains `mark`.
#[must_use]
pub fn block(mark: &str) -> String {
    let found = blocks().into_iter().find(|it| it.contains(mark));
    found.unwrap_or_else(|| panic!("no block with `{mark}`"))
}
