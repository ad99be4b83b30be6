//! Reads JSON with the places of its values: serde_json has found it right, and tells no places of what is in it.

use super::{At, Entry, Item, Lines, What};
use crate::problem::Problems;

/// Reads a text that is JSON, and notes keys that occur twice in one object.
pub(super) fn read(text: &str, lines: &Lines, problems: &mut Problems) -> Item {
    Reader { text, at: 0, lines, problems }.value("")
}

/// Where the reading is.
struct Reader<'t, 'p> {
    text: &'t str,
    at: usize,
    lines: &'t Lines,
    problems: &'p mut Problems,
}

impl<'t> Reader<'t, '_> {
    fn place(&self) -> At {
        self.lines.at(self.text, self.at)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Passes blanks and returns the character that comes next.
    fn next(&mut self) -> u8 {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    /// Reads a value; `label` says what it is, for messages.
    fn value(&mut self, label: &str) -> Item {
        let first = self.next();
        let at = self.place();
        let what = match first {
            b'{' => What::Table(self.object(label)),
            b'[' => What::List(self.list(label)),
            b'"' => What::Text(self.string()),
            _ => self.word(),
        };
        let at = if matches!(what, What::Text(_)) { at } else { At { quote: 0, ..at } };
        Item { at, what }
    }

    fn object(&mut self, label: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        self.at += 1;
        while self.next() == b'"' {
            let at = At { quote: 0, ..self.place() };
            let key = self.string();
            let label = if label.is_empty() { key.clone() } else { format!("{label}.{key}") };
            let first = entries.iter().find(|entry| entry.key == key);
            let is_first = first.is_none();
            if let Some(first) = first {
                let reason = format!(
                    "the key is there twice in one object; the first is in line {}",
                    first.at.line
                );
                self.problems.add(at.show(&label, None), reason, "leave one of the two");
            }
            // The colon.
            self.next();
            self.at += 1;
            let item = self.value(&label);
            if is_first {
                entries.push(Entry { key, at, item });
            }
            if self.next() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        entries
    }

    fn list(&mut self, label: &str) -> Vec<Item> {
        let mut items = Vec::new();
        self.at += 1;
        while !matches!(self.next(), b']' | 0) {
            items.push(self.value(&format!("{label}[{}]", items.len())));
            if self.next() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        items
    }

    fn string(&mut self) -> String {
        let mut is_escaped = false;
        let inner = &self.rest()[1..];
        let end = inner.find(|character| {
            let is_end = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            is_end
        });
        let written = &self.rest()[..end.map_or(self.rest().len(), |end| end + 2)];
        self.at += written.len();
        serde_json::from_str(written).expect("the text has been read as JSON")
    }

    /// Reads a number, or one of the words.
    fn word(&mut self) -> What {
        let is_part =
            |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
        let rest = self.rest();
        let word = &rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())];
        // What is no part of a word would be no JSON.
        self.at += word.len().max(1);
        match word {
            "null" => What::Null,
            "true" => What::Flag(true),
            "false" => What::Flag(false),
            number => What::Number(number.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(item: &Item) -> String {
        let place = item.at.show("", None).replace(": ", "");
        let what = match &item.what {
            What::Table(entries) => {
                let entries = entries.iter().map(|entry| {
                    let place = entry.at.show("", None).replace(": ", "");
                    format!("{} ({place}): {}", entry.key, shown(&entry.item))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join("; "))
            }
            What::List(items) => {
                format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
            What::Text(text) => format!("{text:?}"),
            What::Number(number) => number.clone(),
            What::Flag(flag) => flag.to_string(),
            What::Date | What::Null => "null".to_owned(),
        };
        format!("{what} ({place})")
    }

    fn read_all(text: &str) -> (Item, Problems) {
        let mut problems = Problems::default();
        let item = read(text, &Lines::of(text), &mut problems);
        (item, problems)
    }

    #[test]
    fn values_have_places() {
        let text = "{ \"a\": [1, -2.5e3, true],\n  \"é\\\"\": {\"b\" : null, \"c\":\"x\\n\"}\n , \"d\": [] }";
        let (item, problems) = read_all(text);
        assert_eq!(
            shown(&item),
            "{a (line 1, column 3): [1 (line 1, column 9), -2.5e3 (line 1, column 12), true (line 1, column 20)] (line 1, column 8); \
             é\" (line 2, column 3): {b (line 2, column 11): null (line 2, column 17); c (line 2, column 23): \"x\\n\" (line 2, column 27)} (line 2, column 10); \
             d (line 3, column 4): [] (line 3, column 9)} (line 1, column 1)"
        );
        assert!(problems.is_empty());
    }

    #[test]
    fn keys_that_are_there_twice_are_noted() {
        let (_, problems) =
            read_all("{\"codes\": {\"x\": {\"map\": {\"A\": 1,\n\"B\": 2,\n\"A\": 3}}}}");
        let problems = problems.check().expect_err("a key is there twice");
        assert_eq!(
            problems.problems()[0].to_string(),
            "line 3, column 1: codes.x.map.A: the key is there twice in one object; the first is in line 1 (leave one of the two)"
        );
    }

    /// The same values as serde_json gives, for all kinds of texts.
    #[test]
    fn values_are_those_of_serde_json() {
        for text in [
            "null",
            " [ ] ",
            "{}",
            "\"\\\\\\\"\\u00e9\\\\\"",
            "[[[]], {\"\": \"\"}, 0, 1E5, false]",
        ] {
            let json: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
            assert_eq!(plain(&read_all(text).0), json, "{text}");
        }
    }

    fn plain(item: &Item) -> serde_json::Value {
        match &item.what {
            What::Table(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), plain(&entry.item))).collect()
            }
            What::List(items) => items.iter().map(plain).collect(),
            What::Text(text) => text.as_str().into(),
            What::Number(number) => serde_json::from_str(number).expect("a number"),
            What::Flag(flag) => (*flag).into(),
            What::Date | What::Null => serde_json::Value::Null,
        }
    }
}
