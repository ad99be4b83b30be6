//! The rules of mapping, each as a table of inputs and what comes of them.

mod admission;
mod contract;
mod mapping;
mod problems;
