//! The keys of `[reading]`, and the words that each takes.

use super::{Binary, Dates, DecimalMark, Empty, Numbers, Reading, Spelling, Trim};
use crate::contract::nearest;
use crate::convert::Offsets;
use crate::date::Order;

/// What a contract writes behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word<'w> {
    Text(&'w str),
    Flag(bool),
    Texts(Vec<&'w str>),
}

/// A setting that is one of several words.
type Choice<T> = (&'static str, &'static [(&'static str, T)]);

const DATES: Choice<Dates> = (
    "dates",
    &[
        ("iso", Dates::Ordered(Order::Year)),
        ("ymd", Dates::Ordered(Order::Year)),
        ("mdy", Dates::Ordered(Order::Month)),
        ("dmy", Dates::Ordered(Order::Day)),
        ("hl7", Dates::Hl7),
        ("any", Dates::Any),
    ],
);
const DECIMAL: Choice<DecimalMark> =
    ("decimal", &[("point", DecimalMark::Point), ("comma", DecimalMark::Comma)]);
const OFFSETS: Choice<Offsets> = (
    "offsets",
    &[("keep", Offsets::AsWritten), ("utc", Offsets::ToUtc), ("refuse", Offsets::Refused)],
);
const NUMBERS: Choice<Numbers> = (
    "numbers",
    &[("whole", Numbers::Whole), ("first", Numbers::First), ("digits", Numbers::Digits)],
);
const SPELLINGS: &[(&str, Spelling)] =
    &[("exact", Spelling::Exact), ("any_case", Spelling::AnyCase)];
const EMPTY: Choice<Empty> = ("empty", &[("null", Empty::Null), ("text", Empty::Text)]);
const BINARY: Choice<Binary> = ("binary", &[("hex", Binary::Hex), ("base64", Binary::Base64)]);

impl Reading {
    /// The keys.
    pub(crate) const KEYS: &'static [&'static str] = &[
        "dates",
        "numbers",
        "decimal",
        "offsets",
        "yes",
        "no",
        "nulls",
        "empty",
        "trim",
        "binary",
        "attributes",
        "texts",
    ];

    /// Takes a setting. The error says what to write.
    pub(crate) fn set(&mut self, key: &str, word: &Word<'_>) -> Result<(), String> {
        match key {
            "dates" => self.dates = choose(DATES, word)?,
            "decimal" => self.decimal = choose(DECIMAL, word)?,
            "offsets" => self.offsets = choose(OFFSETS, word)?,
            "empty" => self.empty = choose(EMPTY, word)?,
            "binary" => self.binary = choose(BINARY, word)?,
            "numbers" => self.numbers = choose(NUMBERS, word)?,
            "attributes" => self.attributes = choose(("attributes", SPELLINGS), word)?,
            "texts" => self.texts = choose(("texts", SPELLINGS), word)?,
            "nulls" => self.nulls = words(key, word)?,
            "trim" => {
                let Word::Flag(trims) = word else {
                    return Err("write `trim = true` or `trim = false`".to_owned());
                };
                self.trim = if *trims { Trim::Ends } else { Trim::Nothing };
            }
            "yes" | "no" => {
                let words = words(key, word)?;
                let others = if key == "yes" { &self.no } else { &self.yes };
                // The words that stand by themselves give way: `yes = ["0"]` is meant.
                let others =
                    others.iter().filter(|other| !words.contains(other)).cloned().collect();
                (self.yes, self.no) = if key == "yes" { (words, others) } else { (others, words) };
            }
            _ => {
                let meant = nearest(key, Self::KEYS.iter().copied());
                return Err(match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the keys are {}", Self::KEYS.join(", ")),
                });
            }
        }
        Ok(())
    }
}

fn choose<T: Copy>((key, choices): Choice<T>, word: &Word<'_>) -> Result<T, String> {
    let known = match word {
        Word::Text(text) => choices.iter().find(|(name, _)| name == text),
        Word::Flag(_) | Word::Texts(_) => None,
    };
    known.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("write `{key} = ` with one of {}", names.join(", "))
    })
}

fn words(key: &str, word: &Word<'_>) -> Result<Vec<Box<str>>, String> {
    let words = match word {
        Word::Text(text) => vec![*text],
        Word::Texts(texts) => texts.clone(),
        Word::Flag(_) => Vec::new(),
    };
    let is_word = |word: &&str| !word.is_empty() && word.trim() == *word;
    if words.is_empty() || !words.iter().all(is_word) {
        return Err(format!("write `{key} = [..]` with the words, without blanks around them"));
    }
    Ok(words.into_iter().map(|word| word.to_lowercase().into_boxed_str()).collect())
}
