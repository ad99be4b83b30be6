//! Documents of the card line.

use crate::bureau;
use crate::fault::Fault;
use crate::people::{self, Elements, When};
use crate::random::Random;
use crate::stamp::Stamp;
use crate::synth::Case;
use crate::writer::Writer;

const ELEMENTS: Elements =
    Elements { contact: "applicant", address: "residence", employment: "job" };
const BYTES_TYPICAL: usize = 6 << 10;
const NOTES: [&str; 4] = [
    "",
    "called twice, no answer",
    "income verified < 30 days",
    "spouse is a customer & guarantor",
];

/// Writes the document of one card application.
pub(crate) fn document(random: &mut Random, case: Case) -> String {
    let mut writer = Writer::new(BYTES_TYPICAL + case.padding_bytes);
    start_request(&mut writer, random, case);
    start_application(&mut writer, random, case);
    decision(&mut writer, random);
    offer(&mut writer, random, case);
    prescreen(&mut writer, random);
    applicants(&mut writer, random, case);
    writer.end();
    bureau::report(&mut writer, random, case.padding_bytes);
    for _element in ["CustData", "Request", "Submission"] {
        writer.end();
    }
    writer.finish()
}

fn start_request(writer: &mut Writer, random: &mut Random, case: Case) {
    writer.start("Submission");
    writer.text("channel", random.pick(&["online", "store", "phone"]));
    writer.value("client_ip", format_args!("198.51.100.{}", random.below(256)));
    writer.number("tracking_no", random.between(1_000_000_000_000, 9_000_000_000_000));
    // The column takes 40 characters.
    if case.has(Fault::TooLong) {
        writer.value("transaction_ref", format_args!("{:064x}", random.next()));
    } else {
        writer.value("transaction_ref", format_args!("T-{:016x}", random.next()));
    }
    writer.start("Request");
    if let Some(id) = case.request_id() {
        writer.value("ID", format_args!("{id}"));
    }
    writer.text("Status", random.pick(&["NEW", "WORK", "DONE"]));
    writer.value("Timestamp", format_args!("{}", Stamp::minute(random, 2023, 2024)));
    writer.text("LockedBy", random.pick(&["", "", "desk-4", "k.lindt"]));
    writer.number("Sequence", random.between(1, 40));
    writer.text("Workflow", "75");
    writer.start("CustData");
}

fn start_application(writer: &mut Writer, random: &mut Random, case: Case) {
    writer.start("card_application");
    writer.text("line_code", "");
    let source = random.pick(&["W", "B", "P", "M", "API", ""]);
    writer.text("source_code", if case.has(Fault::UnknownEnum) { "PIGEON" } else { source });
    writer.text("product_code", random.pick(&["CL", "GO", "SE", "ST"]));
    writer.value("received", format_args!("{}", Stamp::any(random, 2022, 2024)));
    if case.has(Fault::BadDate) {
        writer.text("booked", "next week");
    } else if random.chance(500) {
        writer.value("booked", format_args!("{}", Stamp::any(random, 2024, 2024)));
    } else {
        writer.text("booked", "");
    }
    writer.text("promo_code", random.pick(&["", "FRIEND5", "SPRING", "None"]));
    writer.text("signature", random.pick(&["Y", "Y", "N", "U", ""]));
    writer.text("esign_consent", random.pick(&["true", "yes", "no", ""]));
    writer.text("sms_consent", random.pick(&["true", "false", "N"]));
    writer.text("paperless", random.pick(&["1", "0", ""]));
    writer.text("segment", random.pick(&["", "YOUNG", "SENIOR", "PREMIUM"]));
    writer.value(
        "device_print",
        format_args!("{:016x}{:016x}{:016x}", random.next(), random.next(), random.next()),
    );
    writer.text("browser", "Mozilla/5.0 (X11; Linux x86_64)");
    writer.text("referrer", "https://cards.example/apply?step=3");
}

fn decision(writer: &mut Writer, random: &mut Random) {
    let code = random.pick(&["APPR", "APPR", "DECL", "PEND", "WDRW", ""]);
    let declined = code == "DECL";
    writer.start("decision");
    writer.text("code", code);
    writer.value("date", format_args!("{}", Stamp::any(random, 2024, 2024)));
    writer.text("grade", random.pick(&["A", "B", "C", "D"]));
    writer.text("tier", random.pick(&["T1", "T2", "T3", ""]));
    writer.value("model_version", format_args!("{}.{}", random.between(3, 5), random.below(10)));
    writer.text("decline_code1", if declined { random.pick(&["10", "14", "77"]) } else { "" });
    writer.text("decline_code2", if declined { "38" } else { "" });
    writer.text(
        "decline_source",
        if declined { random.pick(&["VANTAGE4", "BUR", "NORTH BUREAU", "MODEL"]) } else { "" },
    );
    writer.number("vantage_score", random.between(300, 850));
    if random.chance(800) {
        writer.number("bureau_score", random.between(300, 850));
    } else {
        writer.text("bureau_score", "");
    }
    writer.number("risk_score", random.below(1000));
    writer.text("fraud_address", random.pick(&["", "N", "N", "Y"]));
    writer.text("fraud_ssn", random.pick(&["", "no", "no", "true"]));
    writer.text("identity_check", random.pick(&["PASS", "FAIL", "", "REVIEW"]));
    writer.text("bank_check", random.pick(&["GREEN", "YELLOW", ""]));
    writer.text("review", random.pick(&["Y", "N", "N", ""]));
    writer.text("duplicate", random.pick(&["true", "false", "false"]));
    writer.text("locked", random.pick(&["0", "1", "no", ""]));
    let income = random.between(120_000, 1_400_000);
    let debt = income * random.between(5, 60) / 100;
    writer.cents("monthly_income", income);
    writer.cents("monthly_debt", debt);
    writer.cents("debt_ratio", debt * 10_000 / income);
    if random.chance(300) {
        writer.value("regb_start", format_args!("{}", Stamp::day(random, 2024, 2024)));
    } else {
        writer.text("regb_start", "");
    }
    writer.text("regb_days", random.pick(&["30", "30", "60", "0", ""]));
    writer.value("match_percent", format_args!("{}.{}", random.below(100), random.below(10)));
    writer.number("retry_count", random.below(4));
    writer.text("note", random.pick(&NOTES));
    writer.end();
}

fn offer(writer: &mut Writer, random: &mut Random, case: Case) {
    writer.start("offer");
    let campaign = random.pick(&["", "SPR24", "SUM24", "WEB01", "OLD99"]);
    writer.text("campaign_code", if case.has(Fault::ForeignKey) { "NOSUCH" } else { campaign });
    let plan = random.pick(&["P01", "P02", "P7"]);
    writer.text("plan_code", if case.has(Fault::MissingRequired) { "" } else { plan });
    writer.value(
        "account_no",
        format_args!(
            "4000 {:04} {:04} {:04}",
            random.below(10_000),
            random.below(10_000),
            random.below(10_000)
        ),
    );
    let line_max = random.between(4, 60) * 500;
    let line = random.between(1, 4) * line_max / 4;
    if line >= 1000 && random.chance(500) {
        writer.value("credit_line", format_args!("{},{:03}", line / 1000, line % 1000));
    } else {
        writer.number("credit_line", line);
    }
    writer.number("credit_line_max", line_max);
    writer.text("annual_fee", random.pick(&["0", "49.00", "95", "$1,250.00"]));
    writer.cents("purchase_apr", random.between(999, 2999));
    writer.value("intro_apr", format_args!("{}.{:05}", random.below(10), random.below(100_000)));
    writer.text("late_fee", random.pick(&["$29.00", "38", "up to 41", ""]));
    writer.number("cash_fee", if case.has(Fault::OutOfRange) { 420 } else { random.below(30) });
    writer.cents("margin", random.between(500, 1800));
    writer.end();
}

fn prescreen(writer: &mut Writer, random: &mut Random) {
    writer.start("prescreen");
    if random.chance(300) {
        people::name_and_city(writer, random);
        people::ssn(writer, random);
        writer.value("birth_date", format_args!("{}", Stamp::day(random, 1945, 2004)));
        writer.text("grade", random.pick(&["A", "B"]));
    } else {
        for name in
            ["first_name", "last_name", "city", "state", "zip_code", "ssn", "birth_date", "grade"]
        {
            writer.text(name, "");
        }
    }
    writer.end();
}

fn applicants(writer: &mut Writer, random: &mut Random, case: Case) {
    people::start_contact(writer, random, &ELEMENTS, case.con_id_primary(), "PR");
    writer.text("mother_maiden_name", people::maiden_name(random));
    writer.value("bank_routing", format_args!("{:09}", random.below(400_000_000)));
    writer.text("bank_account_type", random.pick(&["C", "S", ""]));
    residence(writer, random, When::Current);
    if random.chance(400) {
        residence(writer, random, When::Previous);
    }
    people::employment(writer, random, &ELEMENTS, When::Current);
    if random.chance(300) {
        people::employment(writer, random, &ELEMENTS, When::Previous);
    }
    writer.start("card_request");
    writer.text("issue_card", "Y");
    writer.text("art_code", random.pick(&["LAKE", "CITY", "PLAIN", ""]));
    writer.end();
    writer.end();
    if random.chance(350) {
        people::start_contact(writer, random, &ELEMENTS, case.con_id_second(), "AU");
        residence(writer, random, When::Current);
        writer.start("card_request");
        writer.text("issue_card", random.pick(&["Y", "N"]));
        writer.text("art_code", "PLAIN");
        writer.end();
        writer.end();
    }
}

fn residence(writer: &mut Writer, random: &mut Random, when: When) {
    people::start_address(writer, random, &ELEMENTS, when);
    writer.cents("monthly_cost", random.between(40_000, 320_000));
    people::phone(writer, random, "home_phone");
    people::phone(writer, random, "cell_phone");
    writer.end();
}
