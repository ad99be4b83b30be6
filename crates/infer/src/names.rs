//! Names of tables and columns as SQL Server likes them: short enough, no reserved words, no two that differ in case
//! alone (most servers would take them for the same).

use std::collections::BTreeSet;

/// SQL Server takes 128; names of constraints are made of those of tables.
const LENGTH_MAX: usize = 120;

/// Reserved words of T-SQL:
/// <https://learn.microsoft.com/sql/t-sql/language-elements/reserved-keywords-transact-sql>. They would work in
/// brackets, but everybody who writes a query by hand would trip over them.
const RESERVED: &str = " add all alter and any as asc authorization backup begin between break browse bulk by cascade \
    case check checkpoint close clustered coalesce collate column commit compute constraint contains containstable \
    continue convert create cross current current_date current_time current_timestamp current_user cursor database \
    dbcc deallocate declare default delete deny desc disk distinct distributed double drop dump else end errlvl \
    escape except exec execute exists exit external fetch file fillfactor for foreign freetext freetexttable from \
    full function goto grant group having holdlock identity identity_insert identitycol if in index inner insert \
    intersect into is join key kill left like lineno load merge national nocheck nonclustered not null nullif of off \
    offsets on open opendatasource openquery openrowset openxml option or order outer over percent pivot plan \
    precision primary print proc procedure public raiserror read readtext reconfigure references replication restore \
    restrict return revert revoke right rollback rowcount rowguidcol rule save schema securityaudit select \
    semantickeyphrasetable semanticsimilaritydetailstable semanticsimilaritytable session_user set setuser shutdown \
    some statistics system_user table tablesample textsize then to top tran transaction trigger truncate try_convert \
    tsequal union unique unpivot update updatetext use user values varying view waitfor when where while with within \
    writetext ";

/// Names that are taken, of the tables of a schema or of the columns of a table.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
    /// What is put behind a reserved word.
    suffix: &'static str,
}

impl Names {
    pub(crate) fn new<'n>(suffix: &'static str, taken: impl IntoIterator<Item = &'n str>) -> Self {
        Self { taken: taken.into_iter().map(str::to_lowercase).collect(), suffix }
    }

    /// Takes the first name that is free: that of the last part, then with the parts in front of it, then with a
    /// number.
    pub(crate) fn take(&mut self, parts: &[&str]) -> String {
        let mut longest = String::new();
        for from in (0..parts.len()).rev() {
            longest = self.clean(&parts[from..]);
            if self.taken.insert(longest.to_lowercase()) {
                return longest;
            }
        }
        for number in 2_u64.. {
            let end = format!("_{number}");
            let name = cut(&longest, LENGTH_MAX - end.len()).to_owned() + &end;
            if self.taken.insert(name.to_lowercase()) {
                return name;
            }
        }
        unreachable!("there are more numbers than names")
    }

    fn clean(&self, parts: &[&str]) -> String {
        let words: Vec<String> =
            parts.iter().map(|part| snake(part)).filter(|word| !word.is_empty()).collect();
        let mut name = words.join("_");
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert(0, '_');
        }
        if RESERVED.contains(&format!(" {name} ")) {
            name.push_str(self.suffix);
        }
        cut(&name, LENGTH_MAX).to_owned()
    }
}

/// The beginning of a name, in letters: SQL Server counts units of UTF-16, and letters beyond 16 bits are none that a
/// plain name may have.
fn cut(name: &str, length: usize) -> &str {
    name.char_indices().nth(length).map_or(name, |(end, _)| &name[..end])
}

/// `BkToCstmrStmt` as `bk_to_cstmr_stmt`, `IBANCode` as `iban_code`, `birth-date` as `birth_date`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 8);
    for (at, &letter) in letters.iter().enumerate() {
        // Letters beyond 16 bits are not letters to SQL Server.
        if !letter.is_alphanumeric() || u32::from(letter) > 0xffff {
            snake.push('_');
            continue;
        }
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(at + 1);
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if begins_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    let words: Vec<&str> = snake.split('_').filter(|word| !word.is_empty()).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_underscores() {
        for (name, expected) in [
            ("BkToCstmrStmt", "bk_to_cstmr_stmt"),
            ("IBAN", "iban"),
            ("TUAccessCode", "tu_access_code"),
            ("app_receive_date", "app_receive_date"),
            ("LOAN_IDENTIFIER", "loan_identifier"),
            ("_LockedBy", "locked_by"),
            ("birth-date.of", "birth_date_of"),
            ("line2Text", "line2_text"),
            ("xlink:label", "xlink_label"),
            ("Größe", "größe"),
            ("-", ""),
        ] {
            assert_eq!(snake(name), expected, "{name}");
        }
    }

    #[test]
    fn no_name_is_taken_twice() {
        let mut names = Names::new("_value", ["app_id"]);
        for (parts, expected) in [
            (&["Order", "Amt"][..], "amt"),
            (&["Order", "AMT"], "order_amt"),
            (&["Order", "amt"], "order_amt_2"),
            (&["Order", "app_ID"], "order_app_id"),
            (&["User"], "user_value"),
            (&["2nd"], "_2nd"),
            (&["--"], "_"),
        ] {
            assert_eq!(names.take(parts), expected, "{parts:?}");
        }
        let long = "x".repeat(200);
        let (first, second) = (names.take(&[&long]), names.take(&[&long]));
        assert_eq!((first.len(), second.len()), (120, 120));
        assert!(second.ends_with("x_2"));
    }

    #[test]
    fn reserved_words_are_known() {
        for word in ["order", "user", "table", "percent", "plan", "key", "add", "writetext"] {
            assert_eq!(Names::new("_value", []).take(&[word]), format!("{word}_value"));
        }
        assert_eq!(Names::new("_value", []).take(&["name"]), "name");
    }
}
