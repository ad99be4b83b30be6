//! The part of a document that no mapping reads: a bureau's report.
//!
//! Its attributes share no name with anything that a contract's expressions name, since a bare name in an expression
//! means the last attribute of that name in the document.

use crate::random::Random;
use crate::stamp::Stamp;
use crate::writer::Writer;

const BUREAUS: [&str; 3] = ["NORTHERN", "CENTRAL", "HARBOR"];
const LENDERS: [&str; 8] = [
    "FIRST MEADOW BANK",
    "HILLSIDE CU",
    "QUARRY AUTO FINANCE",
    "BLUE KETTLE CARDS",
    "ORCHARD & VINE",
    "TIDEWATER MORTGAGE",
    "LANTERN RETAIL",
    "COPPER LINE BANK",
];
const KINDS: [&str; 5] = ["REVOLVING", "INSTALLMENT", "MORTGAGE", "OPEN", "LEASE"];

/// Writes a report of some accounts, and of as many more as fill `padding_bytes`.
pub(crate) fn report(writer: &mut Writer, random: &mut Random, padding_bytes: usize) {
    writer.start("bureau_report");
    writer.text("bureau", random.pick(&BUREAUS));
    writer.value("pulled_at", format_args!("{}", Stamp::time(random, 2023, 2024)));
    writer.value("file_key", format_args!("{:016x}", random.next()));
    let accounts = random.between(8, 20);
    for _ in 0..accounts {
        account(writer, random);
    }
    let end = writer.len() + padding_bytes;
    while writer.len() < end {
        account(writer, random);
    }
    writer.end();
}

fn account(writer: &mut Writer, random: &mut Random) {
    writer.start("account_line");
    writer.text("lender", random.pick(&LENDERS));
    writer.text("kind", random.pick(&KINDS));
    writer.number("opened_year", random.between(1995, 2023));
    writer.cents("high_amount", random.below(9_000_000));
    writer.cents("balance", random.below(4_000_000));
    writer.number("late_30", random.below(4));
    writer.number("late_60", random.below(2));
    // Twenty-four months of paying, one digit each.
    writer.value(
        "pattern",
        format_args!("{:012}{:012}", random.below(1_000_000_000_000), random.below(1000)),
    );
    writer.end();
}
