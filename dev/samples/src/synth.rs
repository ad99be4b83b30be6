//! The generator: the n-th application, at once and always the same.

use crate::card;
use crate::fault::Fault;
use crate::line::Line;
use crate::loan;
use crate::random::Random;

/// The largest `app_id`: each application owns two contact ids, and they are 32-bit integers, too.
pub const APP_ID_MAX: i64 = 1_073_741_823;

const PURPOSE_LINE: u64 = 1;
const PURPOSE_FAULT: u64 = 2;
const PURPOSE_DOCUMENT: u64 = 3;
const PURPOSE_BREAK: u64 = 4;

/// What to generate.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decides everything that the other options leave open.
    pub seed: u64,
    /// The `app_id` of application 0; at least 1.
    pub first_id: i64,
    /// How many of 1,000 documents have a [`Fault`]. Those whose [`Fault::expected_stage`] is `None` succeed.
    pub broken_permille: u32,
    /// How many bytes a document has beyond its 4 to 8 KB, in a part that no mapping reads.
    pub padding_bytes: usize,
}

/// A generator of applications.
#[derive(Debug, Clone)]
pub struct Synth {
    options: Options,
}

/// One generated application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The id of the source row: `first_id + n`.
    pub app_id: i64,
    /// The line whose application table lists it.
    pub line: Line,
    /// The document.
    pub xml: String,
    /// What is wrong with it.
    pub fault: Option<Fault>,
}

/// What the documents of both lines need to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) app_id: i64,
    pub(crate) fault: Option<Fault>,
    pub(crate) padding_bytes: usize,
}

impl Case {
    /// What `Request/@ID` says.
    pub(crate) fn request_id(self) -> Option<i64> {
        if self.has(Fault::MissingId) {
            return None;
        }
        Some(if self.has(Fault::WrongId) { self.app_id + 1 } else { self.app_id })
    }

    /// The id of the primary contact.
    pub(crate) fn con_id_primary(self) -> i64 {
        let owner = if self.has(Fault::DuplicateId) { self.app_id - 1 } else { self.app_id };
        owner * 2
    }

    /// The id of the second contact.
    pub(crate) fn con_id_second(self) -> i64 {
        self.app_id * 2 + 1
    }

    pub(crate) fn has(self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

impl Synth {
    /// Makes a generator.
    ///
    /// # Panics
    ///
    /// When `first_id` is not positive.
    pub fn new(options: Options) -> Self {
        assert!(options.first_id > 0, "an application id is positive");
        Self { options }
    }

    /// Returns application `n`, which depends on nothing but `n` and the options.
    ///
    /// # Panics
    ///
    /// When its id is over [`APP_ID_MAX`].
    pub fn application(&self, n: u64) -> Sample {
        let app_id = i64::try_from(n).ok().and_then(|n| self.options.first_id.checked_add(n));
        let app_id =
            app_id.filter(|&id| id <= APP_ID_MAX).expect("application ids end at APP_ID_MAX");
        let (line, fault) = (self.line(n), self.fault(n));
        let case = Case { app_id, fault, padding_bytes: self.options.padding_bytes };
        let mut random = self.random(n, PURPOSE_DOCUMENT);
        let written = if case.has(Fault::WrongLine) { line.other() } else { line };
        let mut xml = match written {
            Line::Card => card::document(&mut random, case),
            Line::Loan => loan::document(&mut random, case),
        };
        if case.has(Fault::Blank) {
            xml = " \n".to_owned();
        }
        if case.has(Fault::Malformed) {
            malform(&mut xml, &mut self.random(n, PURPOSE_BREAK));
        }
        Sample { app_id, line, xml, fault }
    }

    /// Returns what is wrong with application `n`, without generating it.
    pub fn fault(&self, n: u64) -> Option<Fault> {
        let fault = self.drawn_fault(n)?;
        let has_victim = n > 0 && self.drawn_fault(n - 1).is_none();
        if fault == Fault::DuplicateId && !has_victim {
            return Some(Fault::ForeignKey);
        }
        Some(fault)
    }

    /// Returns the line of application `n`, without generating it.
    pub fn line(&self, n: u64) -> Line {
        if self.random(n, PURPOSE_LINE).chance(600) { Line::Card } else { Line::Loan }
    }

    fn drawn_fault(&self, n: u64) -> Option<Fault> {
        let mut random = self.random(n, PURPOSE_FAULT);
        random.chance(u64::from(self.options.broken_permille)).then(|| random.pick(&Fault::ALL))
    }

    fn random(&self, n: u64, purpose: u64) -> Random {
        Random::new(self.options.seed, n, purpose)
    }
}

/// Breaks a document in one of the ways in which documents break.
fn malform(xml: &mut String, random: &mut Random) {
    match random.below(3) {
        // Cut off in the middle of a tag.
        0 => {
            let middle = xml.len() / 2;
            let cut = xml[middle..].find("=\"").map_or(middle, |found| middle + found);
            xml.truncate(cut);
        }
        // An ampersand that begins no entity.
        1 => *xml = xml.replacen("email=\"", "email=\"a & b ", 1),
        // A tag that nothing opened.
        _ => *xml = xml.replacen("</CustData>", "</CustomerData>", 1),
    }
}
