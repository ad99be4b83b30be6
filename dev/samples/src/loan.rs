//! Documents of the loan line.

use crate::bureau;
use crate::fault::Fault;
use crate::people::{self, Elements, When};
use crate::random::Random;
use crate::stamp::Stamp;
use crate::synth::Case;
use crate::writer::Writer;

const ELEMENTS: Elements = Elements {
    contact: "borrower",
    address: "borrower_address",
    employment: "borrower_employment",
};
const BYTES_TYPICAL: usize = 7 << 10;
const DEALERS: [&str; 5] = [
    "Summit Motors",
    "Harbor Auto & Marine",
    "Prairie Cycle Works",
    "Open Road RV",
    "Kestrel Cars",
];
const VEHICLES: [(&str, &str, &str); 6] = [
    ("AUTO", "CORVANE", "Breeze LX"),
    ("AUTO", "HALDEN", "T6 Wagon"),
    ("MOTO", "ROOKWELL", "Scout 900"),
    ("REC", "NOMADIC", "Mesa Trailer 24"),
    ("REC", "NOMADIC", "Roamer"),
    ("", "GENERIC", ""),
];
const EXCEPTION_CODES: [&str; 8] = ["", "", "", "", "", "R1", "R2", "OTHER"];

/// Writes the document of one loan application.
pub(crate) fn document(random: &mut Random, case: Case) -> String {
    let mut writer = Writer::new(BYTES_TYPICAL + case.padding_bytes);
    let joint = random.chance(350);
    start_request(&mut writer, random, case);
    let vehicle = random.pick(&VEHICLES);
    start_application(&mut writer, random, case, vehicle.0);
    writer.text("joint", if joint { random.pick(&["J", "SIGNED BOTH"]) } else { "I" });
    decision(&mut writer, random, case);
    collateral(&mut writer, random, vehicle);
    cover(&mut writer, random);
    funding(&mut writer, random, case);
    borrower(&mut writer, random, case.con_id_primary(), "PR");
    if joint {
        borrower(&mut writer, random, case.con_id_second(), "CO");
    }
    writer.end();
    bureau::report(&mut writer, random, case.padding_bytes);
    for _element in ["CustData", "Request", "Submission"] {
        writer.end();
    }
    writer.finish()
}

fn start_request(writer: &mut Writer, random: &mut Random, case: Case) {
    writer.start("Submission");
    writer.text("channel", random.pick(&["dealer", "online"]));
    writer.number("tracking_no", random.between(1_000_000_000_000, 9_000_000_000_000));
    writer.number("transmission_no", random.below(9_000_000_000));
    writer.start("Request");
    if let Some(id) = case.request_id() {
        writer.value("ID", format_args!("{id}"));
    }
    writer.text("Status", random.pick(&["NEW", "WORK", "DONE"]));
    writer.text("Queue", random.pick(&["A", "B", ""]));
    writer.value("Timestamp", format_args!("{}", Stamp::time(random, 2023, 2024)));
    writer.text("Workflow", "81");
    writer.start("CustData");
}

fn start_application(writer: &mut Writer, random: &mut Random, case: Case, class: &str) {
    writer.start("loan_application");
    writer.text("line_code", "");
    let source = random.pick(&["D", "D", "W", "API"]);
    writer.text("source_code", if case.has(Fault::UnknownEnum) { "PIGEON" } else { source });
    writer.text("vehicle_class", class);
    writer.value("received", format_args!("{}", Stamp::any(random, 2022, 2024)));
    // The column takes 30 characters.
    let width = if case.has(Fault::TooLong) { 48 } else { 12 };
    writer.value("client_ref", format_args!("C{:0width$}", random.below(1_000_000_000_000)));
    let campaign = random.pick(&["", "", "DLR10", "WEB01"]);
    writer.text("campaign_code", if case.has(Fault::ForeignKey) { "NOSUCH" } else { campaign });
    let price = random.between(400_000, 9_000_000);
    let down = price * random.below(30) / 100;
    writer.cents("sale_price", price);
    writer.cents("cash_down", down);
    writer.cents("amount_requested", price - down);
    let term = random.pick(&[36, 48, 60, 72, 84, 96]);
    writer.number("term_months", if case.has(Fault::OutOfRange) { 40_000 } else { term });
    writer.value("rate", format_args!("{}.{:04}", random.between(3, 19), random.below(10_000)));
    writer.cents("trade_allowance", random.below(900_000));
    writer.cents("trade_payoff", random.below(500_000));
    writer.text("add_tax", random.pick(&["Y", "N", ""]));
    writer.text("duplicate", random.pick(&["Y", "N", "N", ""]));
    writer.text("tied_application", random.pick(&["", "", "null", "884213"]));
    writer.value("dealer_no", format_args!("D-{}", random.between(100, 99_999)));
    if !case.has(Fault::MissingRequired) {
        writer.text("dealer_name", random.pick(&DEALERS));
    }
    people::phone(writer, random, "dealer_phone");
    writer.text("dealer_city", "Millbrook");
    writer.text("dealer_state", "ME");
    writer.text("dealer_zip", random.pick(&["04021", "04021-0042"]));
    writer.text("dealer_rating", random.pick(&["5", "4 of 5", "97%", ""]));
    writer.text("broker", random.pick(&["true", "false", "no", ""]));
}

fn decision(writer: &mut Writer, random: &mut Random, case: Case) {
    writer.start("loan_decision");
    writer.text("code", random.pick(&["APPR", "APPR", "DECL", "PEND", "CNTR"]));
    writer.value("date", format_args!("{}", Stamp::any(random, 2024, 2024)));
    writer.text("grade", random.pick(&["A", "B", "C"]));
    writer.value("model_version", format_args!("{}.{}", random.between(3, 5), random.below(10)));
    let income = random.between(150_000, 1_500_000);
    let debt = income * random.between(5, 60) / 100;
    writer.cents("monthly_income", income);
    writer.cents("monthly_debt", debt);
    writer.cents("debt_ratio", debt * 10_000 / income);
    writer.number("vantage_score", random.between(300, 850));
    writer.text("vantage_score_co", random.pick(&["", "", "688", "701.5"]));
    writer.number("custom_score", random.below(200));
    writer.text("pending", random.pick(&["0", "1", "true", ""]));
    if random.chance(300) {
        writer.value("regb_restart", format_args!("{}", Stamp::day(random, 2022, 2024)));
    } else {
        writer.text("regb_restart", "");
    }
    writer.text("regb_days", random.pick(&["30", "0", "", "21"]));
    for name in ["override_capacity", "override_credit", "override_collateral"] {
        writer.text(name, random.pick(&EXCEPTION_CODES));
    }
    writer.value("override_notes", format_args!("reviewed for {}", case.app_id));
    writer.end();
}

fn collateral(writer: &mut Writer, random: &mut Random, (_, make, model): (&str, &str, &str)) {
    writer.start("vehicle");
    writer.text("v1_make", make);
    writer.text("v1_model", model);
    writer.number("v1_year", random.between(1998, 2025));
    writer.value("v1_vin", format_args!("1X{:015}", random.below(1_000_000_000_000_000)));
    writer.text("v1_used", random.pick(&["U", "N", "D", ""]));
    writer.cents("v1_value", random.between(200_000, 8_000_000));
    writer.number("v1_mileage", random.below(180_000));
    if random.chance(200) {
        writer.text("v2_make", "HITCHMAN");
        writer.text("v2_model", random.pick(&["Utility Trailer", "Side Box"]));
        writer.text("v2_year", random.pick(&["2019", "MY 2021", ""]));
        writer.text("v2_used", "U");
        writer.cents("v2_value", random.between(50_000, 400_000));
    } else {
        for name in ["v2_make", "v2_model", "v2_year", "v2_used"] {
            writer.text(name, "");
        }
        writer.text("v2_value", "0.00");
    }
    writer.end();
}

fn cover(writer: &mut Writer, random: &mut Random) {
    writer.start("cover");
    let (has_gap, has_service) = (random.chance(400), random.chance(250));
    writer.text("gap_company", if has_gap { "Guardrail Mutual" } else { "" });
    if has_gap {
        writer.cents("gap_amount", random.between(30_000, 90_000));
        writer.number("gap_term", random.pick(&[36, 48, 60]));
        writer.value("gap_policy", format_args!("G-{:08}", random.below(100_000_000)));
        writer.text("gap_lienholder", random.pick(&["Y", "N"]));
    }
    writer.text("svc_company", if has_service { "Evergreen Service Plans" } else { "" });
    if has_service {
        writer.cents("svc_amount", random.between(50_000, 250_000));
        writer.number("svc_term", random.pick(&[24, 36]));
        writer.value("svc_policy", format_args!("S{:06}", random.below(1_000_000)));
    }
    writer.end();
}

fn funding(writer: &mut Writer, random: &mut Random, case: Case) {
    writer.start("funding");
    let funded = random.chance(600);
    if case.has(Fault::BadDate) {
        writer.text("note_signed", "31/31/2024");
    } else if funded {
        writer.value("note_signed", format_args!("{}", Stamp::any(random, 2024, 2024)));
    }
    if funded {
        writer.number("account_no", random.between(1_000_000, 9_999_999));
        writer.value("paystub_expiry", format_args!("{}", Stamp::any(random, 2024, 2025)));
        writer.value("first_payment", format_args!("{}", Stamp::day(random, 2024, 2025)));
        writer.cents("amount_financed", random.between(400_000, 8_000_000));
        writer.text("title_fee", random.pick(&["33.00", "75", ""]));
        writer.text("doc_fee", random.pick(&["", "199.50"]));
        writer.text("contract_state", random.pick(&["ME", "MA", "CO"]));
        writer.text("signed_pr", random.pick(&["Y", "N"]));
        writer.text("signed_co", random.pick(&["Y", "", "-"]));
        writer.text("approved_by", random.pick(&["A MASON", "DESK4", "KL", "RB", ""]));
        writer.value("dealer_routing", format_args!("{:09}", random.below(400_000_000)));
        writer.text("dealer_account_type", random.pick(&["22", "32"]));
    } else {
        for name in [
            "account_no",
            "paystub_expiry",
            "first_payment",
            "amount_financed",
            "title_fee",
            "doc_fee",
        ] {
            writer.text(name, "");
        }
    }
    writer.end();
}

fn borrower(writer: &mut Writer, random: &mut Random, con_id: i64, role: &str) {
    people::start_contact(writer, random, &ELEMENTS, con_id, role);
    people::phone(writer, random, "home_phone");
    writer.value("licence_no", format_args!("L{:07}", random.below(10_000_000)));
    writer.number("customer_no", random.between(10_000, 9_999_999));
    address(writer, random, When::Current);
    if random.chance(400) {
        address(writer, random, When::Previous);
    }
    people::employment(writer, random, &ELEMENTS, When::Current);
    if random.chance(300) {
        people::employment(writer, random, &ELEMENTS, When::Previous);
    }
    writer.end();
}

fn address(writer: &mut Writer, random: &mut Random, when: When) {
    people::start_address(writer, random, &ELEMENTS, when);
    writer.cents("monthly_cost", random.between(40_000, 320_000));
    writer.end();
}
