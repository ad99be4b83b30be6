//! Finds keys that occur twice in one object: JSON does not say which of them counts.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::json::join;
use crate::problem::Problems;

/// Notes them in a text that is JSON.
pub(crate) fn check(text: &str, problems: &mut Problems) {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let look = Look { at: String::new(), problems };
    look.deserialize(&mut deserializer).expect("the text has been read as JSON");
}

/// Looks through a value at a place.
struct Look<'p> {
    at: String,
    problems: &'p mut Problems,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let at = join(&self.at, &key);
            if !seen.insert(key) {
                let suggestion = "leave one of the two";
                self.problems.add(&at, "this key occurs twice in one object", suggestion);
            }
            map.next_value_seed(Look { at, problems: self.problems })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut item_ix = 0_usize;
        loop {
            let at = format!("{}[{item_ix}]", self.at);
            let item = Look { at, problems: self.problems };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            item_ix += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
