//! Documents of the five public formats of `examples/`, made as large as wanted: one of their elements stands in them
//! again and again.

use std::path::Path;

use xmlx_extract::Plan;

/// The formats: a folder, a document, and the element that is repeated.
pub(crate) const FORMATS: [Format; 5] = [
    Format { name: "pain001", document: "101.xml", element: "CdtTrfTxInf" },
    Format { name: "camt053", document: "201.xml", element: "Ntry" },
    Format { name: "ubl", document: "301.xml", element: "cac:InvoiceLine" },
    Format { name: "ccd", document: "401.xml", element: "entry" },
    Format { name: "mismo", document: "501.xml", element: "PARTY" },
];

/// A format of the examples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    name: &'static str,
    document: &'static str,
    element: &'static str,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Format {
    fn read(self, file: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(self.name);
        std::fs::read_to_string(folder.join(file)).expect("an example")
    }

    /// The contract, with the types of its tables.
    pub(crate) fn plan(self) -> Plan {
        let mut plan = Plan::from_json(&self.read("contract.toml")).expect("a contract");
        plan.take_types_of_script(&self.read("tables.sql")).expect("the tables");
        plan
    }

    /// A document of at least so many bytes.
    pub(crate) fn document(self, n_bytes: usize) -> String {
        let xml = self.read(self.document);
        let starts = |text: &str, at: usize| {
            let rest = &text[at + 1 + self.element.len()..];
            rest.starts_with([' ', '>', '\n'])
        };
        let open = format!("<{}", self.element);
        let start = xml.match_indices(&open).map(|(at, _)| at).find(|at| starts(&xml, *at));
        let start = start.expect("the element");
        let close = format!("</{}>", self.element);
        let end = start + xml[start..].find(&close).expect("its end") + close.len();
        let element = &xml[start..end];
        let n_more = n_bytes.saturating_sub(xml.len()).div_ceil(element.len());
        format!("{}{}{}", &xml[..end], element.repeat(n_more), &xml[end..])
    }
}
