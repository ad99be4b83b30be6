//! How much of a document is read before it is refused.

/// Upper bounds on one document; what goes over one is rejected with the name of the limit.
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
}

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
        }
    }
}
