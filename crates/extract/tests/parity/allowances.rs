//! The differences that are meant, each with its number in the list of differences.

use crate::differences::{Difference, NOTHING};

/// A difference that is meant.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// The number in the list of differences.
    pub(crate) number: &'static str,
    contract: &'static str,
    table: &'static str,
    column: &'static str,
    /// How the two sides have to differ.
    how: How,
    #[expect(dead_code, reason = "for the reader, and shown when nothing uses the allowance")]
    why: &'static str,
}

/// How the two sides of an allowed difference relate.
#[derive(Debug)]
enum How {
    /// The reference lost leading zeros.
    LeadingZeros,
    /// The reference cut the last character off.
    LastCharacter,
    /// Ours is there, the reference has nothing.
    OnlyOurs,
    /// The reference has something, ours is nothing.
    OnlyReference,
    /// The document is rejected with a reason that holds the text.
    Rejected(&'static str),
}

impl Allowance {
    pub(crate) fn covers(&self, contract: &str, difference: &Difference) -> bool {
        let Difference { reference, ours, .. } = difference;
        let fits = match self.how {
            How::LeadingZeros => ours.starts_with('0') && ours.trim_start_matches('0') == reference,
            How::LastCharacter => {
                let mut shorter = ours.chars();
                shorter.next_back();
                shorter.as_str() == reference
            }
            How::OnlyOurs => reference == NOTHING && ours != NOTHING,
            How::OnlyReference => ours == NOTHING && reference != NOTHING,
            How::Rejected(reason) => reference == "\"ok\"" && ours.contains(reason),
        };
        fits && self.contract == contract
            && self.table == difference.table
            && self.column == difference.column
    }
}

const CC: &str = "credit_card";
const RL: &str = "rec_lending";

const fn allow(
    number: &'static str,
    contract: &'static str,
    (table, column): (&'static str, &'static str),
    how: How,
    why: &'static str,
) -> Allowance {
    Allowance { number, contract, table, column, how, why }
}

pub(crate) const ALLOWANCES: &[Allowance] = &[
    allow("F1", CC, ("app_contact_address", "zip"), How::LeadingZeros, "a zip is no number"),
    allow("F1", RL, ("app_contact_address", "zip"), How::LeadingZeros, "a zip is no number"),
    allow("F1", CC, ("app_contact_employment", "zip"), How::LeadingZeros, "a zip is no number"),
    allow("F1", CC, ("app_contact_base", "ssn"), How::LeadingZeros, "an SSN is no number"),
    allow("F2", CC, ("app_pricing_cc", "monthly_income"), How::OnlyOurs, "`1,000` is a number"),
    allow(
        "F3",
        RL,
        ("app_operational_rl", "regb_end_date"),
        How::OnlyReference,
        "zero days are not `> 0`",
    ),
    allow(
        "F3",
        RL,
        ("app_contact_address", "months_at_address"),
        How::OnlyReference,
        "a sum with text that is no number is unknown, not the rest of the sum",
    ),
    allow(
        "F4",
        CC,
        ("app_transactional_cc", "iovation_blackbox"),
        How::LastCharacter,
        "a length of -1 cuts nothing off",
    ),
    allow(
        "F5",
        CC,
        ("", ""),
        How::Rejected("mapping: the key `app_contact_base.con_id` is no whole number"),
        "the database would refuse the text as a key",
    ),
    allow("F8", CC, ("app_contact_base", "*"), How::OnlyOurs, "the role `pr` is PR"),
    allow("F8", CC, ("app_contact_address", "*"), How::OnlyOurs, "the roles `pr` and `PR ` are PR"),
    allow(
        "F8",
        CC,
        ("app_contact_employment", "*"),
        How::OnlyOurs,
        "the roles `pr` and `PR ` are PR",
    ),
    allow(
        "F8",
        CC,
        ("app_operational_cc", "housing_monthly_payment"),
        How::OnlyOurs,
        "read from a contact `PR `",
    ),
    allow("F8", CC, ("app_pricing_cc", "credit_line"), How::OnlyOurs, "read from a contact `PR `"),
    allow(
        "F8",
        CC,
        ("app_pricing_cc", "credit_line_possible"),
        How::OnlyOurs,
        "read from a contact `PR `",
    ),
    allow(
        "F8",
        CC,
        ("app_pricing_cc", "credit_line_max"),
        How::OnlyOurs,
        "read from a contact `pr`",
    ),
    allow(
        "F8",
        CC,
        ("app_pricing_cc", "min_payment_due"),
        How::OnlyOurs,
        "read from a contact `pr`",
    ),
    allow(
        "F8",
        RL,
        ("app_contact_address", "*"),
        How::OnlyOurs,
        "the contact is outside of the application",
    ),
    allow(
        "F8",
        RL,
        ("app_contact_employment", "*"),
        How::OnlyOurs,
        "the contact is outside of the application",
    ),
    allow(
        "F11",
        RL,
        ("app_collateral_rl", "wholesale_value"),
        How::OnlyReference,
        "a date is no amount",
    ),
    allow("F11", RL, ("app_collateral_rl", "motor_size"), How::OnlyReference, "`true` is no size"),
];
