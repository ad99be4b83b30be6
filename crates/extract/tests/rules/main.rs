//! The rules of mapping, each as a table of inputs and what comes of them.

mod add_row;
mod admission;
mod around_rows;
mod contract;
mod element_text;
mod fleet;
mod lines;
mod mapping;
mod names;
mod problems;
mod row_rules;
mod row_rules_problems;
mod several;
mod warnings;
mod well_formed;
