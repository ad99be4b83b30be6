//! Licence expressions (SPDX 2.3, annex D), as crates.io has them; `/` is how crates said `OR` before.

use std::collections::BTreeSet;

/// Whether these licences together allow what the expression asks for.
pub(super) fn is_satisfied(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let words = words(expression);
    let mut reader = Reader { words: &words, at: 0, allowed };
    let is_satisfied = reader.any()?;
    match reader.word() {
        None => Ok(is_satisfied),
        Some(word) => Err(format!("`{word}` was not expected")),
    }
}

/// The licences that an expression names, with their exceptions.
pub(super) fn names(expression: &str) -> BTreeSet<String> {
    let words = words(expression);
    let mut names = BTreeSet::new();
    for (i, word) in words.iter().enumerate() {
        let is_exception = i > 0 && words[i - 1] == "WITH";
        if is_exception || ["OR", "AND", "WITH", "(", ")"].contains(&word.as_str()) {
            continue;
        }
        names.insert(match words.get(i + 1..i + 3) {
            Some([with, exception]) if with == "WITH" => format!("{word} WITH {exception}"),
            Some(_) | None => word.clone(),
        });
    }
    names
}

/// The expression as SPDX writes it today.
pub(super) fn normalised(expression: &str) -> String {
    words(expression).join(" ").replace("( ", "(").replace(" )", ")")
}

fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    fn word(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.word() == Some(word);
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut is_satisfied = self.all()?;
        while self.takes("OR") {
            is_satisfied |= self.all()?;
        }
        Ok(is_satisfied)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut is_satisfied = self.one()?;
        while self.takes("AND") {
            is_satisfied &= self.one()?;
        }
        Ok(is_satisfied)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.takes("(") {
            let is_satisfied = self.any()?;
            return if self.takes(")") {
                Ok(is_satisfied)
            } else {
                Err("`)` is missing".to_owned())
            };
        }
        let mut name = match self.word() {
            Some(word) if !["OR", "AND", "WITH", ")"].contains(&word) => word.to_owned(),
            Some(word) => return Err(format!("`{word}` was not expected")),
            None => return Err("it ends too early".to_owned()),
        };
        self.at += 1;
        if self.takes("WITH") {
            let exception = self.word().ok_or("an exception is missing")?;
            name = format!("{name} WITH {exception}");
            self.at += 1;
        }
        Ok(self.allowed.contains(&name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_allowed_as_its_words_say() {
        let allowed = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"];
        for (expression, expected) in [
            ("MIT", Ok(true)),
            ("GPL-3.0-only", Ok(false)),
            ("GPL-3.0-only OR MIT", Ok(true)),
            ("GPL-3.0-only/MIT", Ok(true)),
            ("MIT AND GPL-3.0-only", Ok(false)),
            // `AND` binds closer than `OR`.
            ("MIT OR GPL-3.0-only AND GPL-2.0-only", Ok(true)),
            ("(MIT OR GPL-3.0-only) AND GPL-2.0-only", Ok(false)),
            ("ISC AND (GPL-2.0-only OR (MIT))", Ok(true)),
            ("Apache-2.0 WITH LLVM-exception", Ok(true)),
            ("MIT WITH LLVM-exception", Ok(false)),
            ("", Err("it ends too early")),
            ("MIT OR", Err("it ends too early")),
            ("(MIT", Err("`)` is missing")),
            ("MIT ISC", Err("`ISC` was not expected")),
            ("OR MIT", Err("`OR` was not expected")),
        ] {
            let found = is_satisfied(expression, &allowed);
            assert_eq!(found, expected.map_err(str::to_owned), "{expression}");
        }
    }

    #[test]
    fn names_are_found_and_old_forms_written_anew() {
        let found = names("(MIT/ISC) AND Apache-2.0 WITH LLVM-exception");
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["Apache-2.0 WITH LLVM-exception", "ISC", "MIT"]
        );
        assert_eq!(normalised("(MIT/ISC)  AND Zlib"), "(MIT OR ISC) AND Zlib");
    }
}
