//! One pass over a document.

mod decode;
