//! How much is read of a document, and of an expression, before it is refused.

use std::fmt;

use bytesize::ByteSize;

/// Upper bounds; what goes over one is refused with the name of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document. Real ones have about 50 KiB; 64 MiB keeps a worker's memory bounded.
    pub document_bytes: usize,
    /// Open elements inside each other. The reference's parser stops at 256 too.
    pub depth: usize,
    /// Attributes of one element. Real ones have up to 200.
    pub attributes_per_element: usize,
    /// Bytes of one attribute value, or of the text of one element that is read. The reference's parser stops at 10 MB too.
    pub attribute_bytes: usize,
    /// Different element paths in one document, since each is remembered. Real ones have up to 1,400.
    pub distinct_paths: usize,
    /// Contacts and elements of contacts in one document, since each is kept. Real ones have up to 20.
    pub contact_elements: usize,
    /// Elements of filter rules, and elements that bring values to their rows, since each is kept.
    pub row_elements: usize,
    /// Bytes that a contract of format 2 keeps of one document: the elements, attributes and places of texts that its
    /// paths need. A document of 2 MB takes about as much.
    pub kept_bytes: usize,
    /// Bytes of the values that rows are made of, each counted as often as it is looked at, and [`LOOK_BYTES`] for
    /// every look. It bounds the rows themselves, too: thousands of contacts may each repeat one long value of the
    /// application. Real ones have up to 100 KiB.
    pub value_bytes: usize,
    /// Brackets, NOTs and CASEs inside each other in an expression of a contract.
    pub expression_depth: usize,
}

/// What a look at a value costs beside its bytes, as [`Limits::value_bytes`] counts.
pub(crate) const LOOK_BYTES: usize = 16;

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 64 << 20,
            depth: 256,
            attributes_per_element: 1024,
            attribute_bytes: 10_000_000,
            distinct_paths: 32_768,
            contact_elements: 10_000,
            row_elements: 100_000,
            kept_bytes: 256 << 20,
            value_bytes: 256 << 20,
            expression_depth: 64,
        }
    }
}

/// A setting of a limit that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` sets no limit: {reason}")]
pub struct LimitError {
    setting: String,
    reason: String,
}

/// A limit as settings know it.
struct Known {
    name: &'static str,
    /// What it may be set to; what is beyond would exhaust an index or the stack.
    max: usize,
    place: fn(&mut Limits) -> &mut usize,
}

const KNOWN: [Known; 10] = [
    Known { name: "document_bytes", max: 2 << 30, place: |limits| &mut limits.document_bytes },
    Known { name: "depth", max: 1 << 20, place: |limits| &mut limits.depth },
    Known {
        name: "attributes_per_element",
        max: 1 << 20,
        place: |limits| &mut limits.attributes_per_element,
    },
    Known { name: "attribute_bytes", max: 2 << 30, place: |limits| &mut limits.attribute_bytes },
    Known { name: "distinct_paths", max: 1 << 24, place: |limits| &mut limits.distinct_paths },
    Known { name: "contact_elements", max: 1 << 20, place: |limits| &mut limits.contact_elements },
    Known { name: "row_elements", max: 1 << 20, place: |limits| &mut limits.row_elements },
    Known { name: "kept_bytes", max: 8 << 30, place: |limits| &mut limits.kept_bytes },
    Known { name: "value_bytes", max: 1 << 40, place: |limits| &mut limits.value_bytes },
    Known { name: "expression_depth", max: 128, place: |limits| &mut limits.expression_depth },
];

impl Limits {
    /// Sets limits over the defaults. A setting is like `depth=300` or `document_bytes=128MiB`: those in bytes have a
    /// unit, the others have none.
    ///
    /// # Errors
    ///
    /// Returns the first setting that is none, and what it should look like.
    pub fn from_settings<S: AsRef<str>>(settings: &[S]) -> Result<Self, LimitError> {
        let mut limits = Self::default();
        for setting in settings.iter().map(AsRef::as_ref) {
            limits
                .set(setting)
                .map_err(|reason| LimitError { setting: setting.to_owned(), reason })?;
        }
        Ok(limits)
    }

    /// Refuses a document by its size.
    pub(crate) fn check_document(&self, n_bytes: usize) -> Result<(), Over> {
        let max = self.document_bytes;
        if n_bytes > max { Err(Over { limit: "document_bytes", max }) } else { Ok(()) }
    }

    /// Says how a document is refused that is larger than the limit, for those who see its size alone.
    pub fn document_too_large(&self) -> String {
        Over { limit: "document_bytes", max: self.document_bytes }.to_string()
    }

    fn set(&mut self, setting: &str) -> Result<(), String> {
        let (name, value) = setting
            .split_once('=')
            .ok_or("write it like `depth=300` or `document_bytes=128MiB`")?;
        let (name, value) = (name.trim(), value.trim());
        let Some(known) = KNOWN.iter().find(|known| known.name == name) else {
            let names = KNOWN.map(|known| format!("`{}`", known.name)).join(", ");
            return Err(format!("the limits are {names}"));
        };
        let size = if name.ends_with("_bytes") { bytes(value)? } else { count(value)? };
        if size == 0 || size > known.max {
            return Err(format!("it must be from 1 to {}", known.max));
        }
        *(known.place)(self) = size;
        Ok(())
    }
}

fn bytes(value: &str) -> Result<usize, String> {
    let wanted = || "write a size with its unit, like `64MiB`".to_owned();
    if value.ends_with(|last: char| last.is_ascii_digit()) {
        return Err(wanted());
    }
    let size: ByteSize = value.parse().map_err(|_| wanted())?;
    usize::try_from(size.as_u64()).map_err(|_| wanted())
}

fn count(value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| "write a whole number without a unit".to_owned())
}

/// What went over a limit: names the limit, its value and the way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Over {
    pub(crate) limit: &'static str,
    pub(crate) max: usize,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "over the limit `{}` of {}, which `--limits` sets", self.limit, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set() {
        let defaults = format!("{:?}", Limits::default());
        for known in &KNOWN {
            let unit = if known.name.ends_with("_bytes") { "B" } else { "" };
            let mut limits =
                Limits::from_settings(&[format!("{} = 77{unit}", known.name)]).expect("a limit");
            assert_eq!(*(known.place)(&mut limits), 77);
            assert!(defaults.contains(&format!("{}: ", known.name)), "{}", known.name);
        }
        assert_eq!(defaults.matches(": ").count(), KNOWN.len(), "each limit is known to settings");
        let both = Limits::from_settings(&["document_bytes=128MiB", "depth=9"]).expect("limits");
        assert_eq!(both, Limits { document_bytes: 128 << 20, depth: 9, ..Limits::default() });
        assert_eq!(Limits::from_settings::<&str>(&[]), Ok(Limits::default()));
    }

    #[test]
    fn settings_that_are_none() {
        for (setting, expected) in [
            ("depth", "write it like `depth=300` or `document_bytes=128MiB`"),
            ("depht=1", "the limits are `document_bytes`, `depth`,"),
            ("depth=x", "write a whole number without a unit"),
            ("depth=0", "it must be from 1 to 1048576"),
            ("document_bytes=64", "write a size with its unit, like `64MiB`"),
            ("document_bytes=3GiB", "it must be from 1 to 2147483648"),
            ("expression_depth=1000", "it must be from 1 to 128"),
        ] {
            let shown = Limits::from_settings(&[setting]).expect_err(setting).to_string();
            let expected = format!("`{setting}` sets no limit: {expected}");
            assert!(shown.starts_with(&expected), "{shown}");
        }
    }
}
