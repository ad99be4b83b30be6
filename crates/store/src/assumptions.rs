//! What is assumed of the server: the one list that the probe before a job, `doctor` and `docs/assumptions.md` go by.
//!
//! Whoever writes a statement that leans on something new adds it here, and tries it in `probe` (where a wrong answer
//! makes rows or decisions wrong, and the trial needs no table of the database) or in `doctor`.

/// Something that is assumed of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Its name in reports and pages: never changed once it was released.
    pub id: &'static str,
    /// What is tried.
    pub what: &'static str,
    /// What SQL Server does.
    pub expected: &'static str,
    /// What rests on it.
    pub matters: &'static str,
}

macro_rules! assumptions {
    ($($name:ident = $id:literal, $what:literal, $expected:literal, $matters:literal;)*) => {
        $(pub(crate) const $name: Assumption = Assumption {
            id: $id, what: $what, expected: $expected, matters: $matters,
        };)*

        /// All of them, in the order of the page.
        #[must_use]
        pub fn assumptions() -> Vec<Assumption> {
            vec![$($name),*]
        }
    };
}

assumptions! {
    COMPATIBILITY = "compatibility", "the database's compatibility level", "130 or higher", "OPENJSON";
    DURABILITY = "durability", "when a commit is on disk", "before it is answered: no DELAYED_DURABILITY = FORCED", "what was committed stays";
    ROW_VERSIONS = "row-versions", "READ_COMMITTED_SNAPSHOT", "ON", "readers and commits do not wait for each other";
    STATEMENT = "statement", "values through OPENJSON", "one round trip answers for all of them", "every commit";
    TEXT_ESCAPED = "text-escaped", "text with characters that JSON escapes", "the same text", "rows, and documents as they are read";
    TEXT_5000 = "text-5000", "a text of 5,000 characters", "the same text", "texts beyond nvarchar(4000)";
    TEXT_9000 = "text-9000", "a text of 9,000 characters", "the same text", "texts beyond 8,000 bytes";
    TEXT_VARCHAR = "text-varchar", "a text of 9,000 characters in a varchar", "the same text", "documents in varchar columns";
    TEXT_XML = "text-xml", "a document through xml", "the same text", "documents in xml columns";
    VALUE_NULL = "null", "no value", "NULL", "columns without a value";
    VALUE_BIT = "bit", "a flag", "1", "columns of type bit";
    VALUE_INT = "int", "an int", "the same number", "columns of type int";
    VALUE_BIGINT = "bigint", "a bigint", "the same number", "columns of type bigint, ids";
    VALUE_FLOAT = "float", "a float", "the same number", "columns of type float and real";
    VALUE_DECIMAL = "decimal", "a decimal(18,4)", "the same number", "columns of type decimal and money";
    VALUE_DATE = "date", "a date", "the same day", "columns of type date";
    VALUE_DATETIME = "datetime", "a datetime", "the same moment", "columns of type datetime";
    VALUE_SMALLDATETIME = "smalldatetime", "a smalldatetime", "the same minute", "columns of type smalldatetime";
    VALUE_DATETIME2 = "datetime2", "a datetime2(3)", "the same moment", "columns of type datetime2";
    VALUE_DEFAULT = "default-day", "a default of a day", "year, month and day, whatever the login's language", "defaults of the target's columns";
    ERROR_THROW = "error-throw", "THROW 51001", "error 51001", "the fence: a lease that has moved on commits nothing";
    ERROR_INT = "error-int", "a text that is no number, read as int", "245 or 8114", "the application fails alone, by the number";
    ERROR_TINYINT = "error-tinyint", "a number that is too large, read as tinyint", "220, 244, 8114 or 8115", "the same";
    ERROR_DECIMAL = "error-decimal", "a number that is too large, read as decimal(4,2)", "8114 or 8115", "the same";
    ERROR_SMALLDATETIME = "error-smalldatetime", "a day of 1899, read as smalldatetime", "242 or 296", "the same";
    ERROR_JSON = "error-json", "JSON without its end", "13609", "the same";
    ERROR_NULL = "error-null", "no value in a column that needs one", "515", "the same";
    ERROR_CHECK = "error-check", "a value that a CHECK refuses", "547", "the same";
    ERROR_KEY = "error-key", "a key twice", "2627", "the same";
    ERROR_LENGTH = "error-length", "a text that is too long for its column", "2628 or 8152", "the same; a text is never cut in silence";
    COMMIT = "commit", "a group of three applications", "it is committed, with its rows of the log", "every commit";
    COMMIT_AGAIN = "commit-again", "the same group again", "error 51001, and nothing is written", "a commit whose answer was lost is repeated";
    COMMIT_EPOCH = "commit-epoch", "a group under an epoch that has passed", "error 51001, and nothing is written", "a lease that has moved on commits nothing";
    COMMIT_DECIDED = "commit-decided", "a group with an application that the log has", "error 51004, and nothing is written", "no application is decided twice";
    COMMIT_KEY = "commit-key", "a group with a key that is there", "2627, and nothing of the group is written", "an application is loaded wholly or not at all";
    COMMIT_PARENT = "commit-parent", "a row without its parent", "547, and nothing of the group is written", "the same";
    SEARCH = "search", "which one of three applications is refused", "the one with the key that is there; the others are tried, too, and nothing stays", "refused applications are found in one round trip";
    LOCK_TIMEOUT = "lock-timeout", "a write that waits for a lock too long", "1222", "it is tried again, and is no application's fault";
    READERS = "readers", "a read of a row that a commit holds", "with row versions the row as it was, else 1222", "questions are answered while commits are under way";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::assumptions;

    const BEGIN: &str = "<!-- assumptions: written by a test -->\n";
    const END: &str = "<!-- end of assumptions -->";

    #[test]
    fn each_has_a_name_of_its_own() {
        let ids: BTreeSet<&str> = assumptions().iter().map(|assumption| assumption.id).collect();
        assert_eq!(ids.len(), assumptions().len());
    }

    /// With `XMLX_TEST_BLESS=1` the page is written anew.
    #[test]
    fn the_page_has_all_of_them() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
        let page = std::fs::read_to_string(&path).expect("the page");
        let mut list =
            String::from("| id | tried | expected | what rests on it |\n|---|---|---|---|\n");
        for one in assumptions() {
            let line =
                format!("| `{}` | {} | {} | {} |\n", one.id, one.what, one.expected, one.matters);
            list.push_str(&line);
        }
        let (before, rest) = page.split_once(BEGIN).expect("where the list begins");
        let (_, after) = rest.split_once(END).expect("where the list ends");
        let expected = format!("{before}{BEGIN}{list}{END}{after}");
        if std::env::var_os("XMLX_TEST_BLESS").is_some() {
            std::fs::write(&path, &expected).expect("the page can be written");
        } else {
            assert_eq!(page, expected, "run this test once with XMLX_TEST_BLESS=1");
        }
    }
}
