//! Invented people: what both lines write about a contact, its addresses and its employments.

use crate::random::Random;
use crate::stamp::Stamp;
use crate::writer::Writer;

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Bruno",
    "Carla",
    "Dmitri",
    "Elif",
    "Femi",
    "Greta",
    "Hugo",
    "Imani",
    "Jonas",
    "Kaya",
    "Linus",
    "Mirela",
    "Noor",
    "Zo\u{eb}",
    "Ren\u{e9}e",
];
const LAST_NAMES: [&str; 16] = [
    "Abernathy",
    "Brandt",
    "Castellano",
    "Drummond",
    "Eriksen",
    "Fairweather",
    "Grunwald",
    "Holloway",
    "Ivers",
    "Janacek",
    "Kowalski",
    "Lindqvist",
    "M\u{fc}ller",
    "O'Keefe",
    "Petrov",
    "Quist",
];
// Beyond any single-byte code page: the column is an nvarchar.
const MAIDEN_NAMES: [&str; 5] = [
    "Nov\u{e1}kov\u{e1}",
    "\u{17d}i\u{17e}kov\u{e1}",
    "Rossi",
    "\u{3a0}\u{3b1}\u{3c0}\u{3c0}\u{3ac}",
    "Smith",
];
const STREETS: [&str; 10] = [
    "Alder Way",
    "Birch Hollow Rd",
    "Canal St",
    "Dovecote Ln",
    "Elm Terrace",
    "Foundry Ave",
    "Gristmill Ct",
    "Harbor View Dr",
    "Ironwood Blvd",
    "Juniper Sq",
];
const CITIES: [(&str, &str); 8] = [
    ("Millbrook", "ME"),
    ("Fairhaven", "MA"),
    ("Stone Ridge", "CO"),
    ("Cedar Falls", "IA"),
    ("Port Linden", "OR"),
    ("Ashford", "CT"),
    ("Red Mesa", "AZ"),
    ("Lakemont", "GA"),
];
const EMPLOYERS: [&str; 8] = [
    "Hart & Sons Roofing",
    "Northgate Clinic",
    "City of Millbrook",
    "Bluebell Bakery",
    "Lumen Optics",
    "Tri-County Schools",
    "Ferris \"The Wheel\" Tires",
    "Quarry Lane Software",
];
const TITLES: [&str; 8] = [
    "nurse",
    "driver",
    "accountant",
    "teacher",
    "machinist",
    "cook",
    "engineer",
    "shift supervisor",
];
const OWNERSHIP: [&str; 5] = ["OWN", "RENT", "RENT", "FAM", ""];

/// The names that a line has for the elements of a contact.
#[derive(Debug)]
pub(crate) struct Elements {
    pub(crate) contact: &'static str,
    pub(crate) address: &'static str,
    pub(crate) employment: &'static str,
}

/// Which address or employment of a contact.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    Current,
    Previous,
}

impl When {
    fn code(self) -> &'static str {
        match self {
            Self::Current => "CURR",
            Self::Previous => "PREV",
        }
    }
}

/// Starts a contact; the caller adds its own attributes and children, and ends it.
pub(crate) fn start_contact(
    writer: &mut Writer,
    random: &mut Random,
    elements: &Elements,
    con_id: i64,
    role: &str,
) {
    let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
    writer.start(elements.contact);
    writer.value("con_id", format_args!("{con_id}"));
    writer.text("role_code", role);
    writer.text("first_name", first);
    writer.text("middle_initial", random.pick(&["", "A", "J", "R"]));
    writer.text("last_name", last);
    writer.value("birth_date", format_args!("{}", Stamp::day(random, 1945, 2004)));
    ssn(writer, random);
    writer.value("email", format_args!("person{con_id}@mail.example"));
}

/// Adds a social security number, with or without dashes; some begin with a zero.
pub(crate) fn ssn(writer: &mut Writer, random: &mut Random) {
    let (area, group, serial) =
        (random.between(1, 899), random.between(1, 99), random.between(1, 9999));
    if random.chance(400) {
        writer.value("ssn", format_args!("{area:03}-{group:02}-{serial:04}"));
    } else {
        writer.value("ssn", format_args!("{area:03}{group:02}{serial:04}"));
    }
}

pub(crate) fn maiden_name(random: &mut Random) -> &'static str {
    random.pick(&MAIDEN_NAMES)
}

/// Adds a telephone number in one of several spellings.
pub(crate) fn phone(writer: &mut Writer, random: &mut Random, name: &str) {
    let (area, exchange, line) =
        (random.between(201, 989), random.between(200, 999), random.below(10_000));
    match random.below(4) {
        0 => writer.value(name, format_args!("({area}) {exchange}-{line:04}")),
        1 => writer.value(name, format_args!("{area}.{exchange}.{line:04}")),
        2 => writer.value(name, format_args!("{area}{exchange}{line:04}")),
        _ => writer.text(name, ""),
    }
}

/// Adds the name, the city, the state and the zip of the same person once more, as other parts of a document do.
pub(crate) fn name_and_city(writer: &mut Writer, random: &mut Random) {
    writer.text("first_name", random.pick(&FIRST_NAMES));
    writer.text("last_name", random.pick(&LAST_NAMES));
    city(writer, random);
}

/// Starts an address; the caller adds its own attributes, and ends it.
pub(crate) fn start_address(
    writer: &mut Writer,
    random: &mut Random,
    elements: &Elements,
    when: When,
) {
    writer.start(elements.address);
    writer.text("kind_code", when.code());
    writer.number("street_number", random.between(1, 9999));
    writer.text("street_name", random.pick(&STREETS));
    writer.text("unit", random.pick(&["", "", "2B", "Apt 14"]));
    city(writer, random);
    writer.number("years", random.below(20));
    writer.number("months", random.below(12));
    writer.text("ownership", random.pick(&OWNERSHIP));
}

/// Writes a whole employment.
pub(crate) fn employment(
    writer: &mut Writer,
    random: &mut Random,
    elements: &Elements,
    when: When,
) {
    writer.start(elements.employment);
    writer.text("kind_code", when.code());
    writer.text("business_name", random.pick(&EMPLOYERS));
    writer.text("job_title", random.pick(&TITLES));
    let (basis, low, high) = random.pick(&[
        ("MONTH", 180_000, 900_000),
        ("ANNUAL", 2_400_000, 12_000_000),
        ("WEEK", 45_000, 240_000),
    ]);
    writer.cents("salary", random.between(low, high));
    writer.text("salary_basis", basis);
    if random.chance(900) {
        writer.number("years", random.below(25));
    } else {
        writer.text("years", "");
    }
    writer.number("months", random.below(12));
    phone(writer, random, "phone");
    writer.text("self_employed", random.pick(&["N", "N", "N", "Y", ""]));
    if random.chance(200) {
        writer.cents("other_income", random.between(5_000, 90_000));
    }
    city(writer, random);
    writer.end();
}

fn city(writer: &mut Writer, random: &mut Random) {
    let (city, state) = random.pick(&CITIES);
    writer.text("city", city);
    writer.text("state", state);
    let zip = random.between(501, 99_950);
    if random.chance(300) {
        writer.value("zip_code", format_args!("{zip:05}-{:04}", random.below(10_000)));
    } else {
        writer.value("zip_code", format_args!("{zip:05}"));
    }
}
