//! What rules of type `row` make of repeated elements.

use serde_json::{Value as Json, json};
use xmlx_extract::{Limits, Plan};

use crate::contract::{base, document, mapping, rows};

const CAR: &str = "/Msg/Req/loan/car";

/// The small contract with cars of the loan, their extras, and licences of the parties.
fn contract(rule: Json) -> Json {
    let mut contract = base();
    let party = "/Msg/Req/loan/party";
    let rules = contract["element_filtering"]["filter_rules"].as_array_mut().expect("rules");
    let mut car = json!({ "element_type": "row", "xml_child_path": CAR });
    for (key, value) in rule.as_object().expect("an object") {
        car[key] = value.clone();
    }
    rules.push(car);
    for path in [format!("{CAR}/kit/extra"), format!("{party}/licence")] {
        rules.push(json!({ "element_type": "row", "xml_child_path": path }));
    }
    for (parent, child, key, path) in [
        ("loan_base", "car", json!("loan_id"), CAR.to_owned()),
        ("car", "extra", json!(["loan_id", "car_no"]), format!("{CAR}/kit/extra")),
        ("party_base", "licence", json!("party_id"), format!("{party}/licence")),
    ] {
        contract["relationships"].as_array_mut().expect("a list").push(json!({
            "parent_table": parent, "child_table": child, "foreign_key_column": key,
            "xml_child_path": path,
        }));
    }
    let order = contract["table_insertion_order"].as_array_mut().expect("a list");
    for (place, table) in (3..).zip(["car", "extra", "licence"]) {
        order.insert(place, json!(table));
    }
    let number = |target: &str| {
        let (table, column) = target.split_once('.').expect("a table and a column");
        json!({
            "target_table": table, "target_column": column, "data_type": "int",
            "mapping_type": ["row_number"],
        })
    };
    let calculated = json!({
        "mapping_type": ["calculated_field"],
        "expression": "CASE WHEN car.vin = 'A' THEN price * 2 ELSE extra.price END",
    });
    let extra = format!("{CAR}/kit/extra");
    contract["mappings"].as_array_mut().expect("mappings").extend([
        number("car.car_no"),
        mapping(CAR, "vin", "car.vin", "string", json!({})),
        mapping(CAR, "doors", "car.doors", "int", json!({ "default_value": "4" })),
        mapping("/Msg/Req/loan", "colour", "car.colour", "string", json!({})),
        number("extra.extra_no"),
        mapping(&extra, "price", "extra.price", "decimal", json!({})),
        mapping(CAR, "vin", "extra.vin", "string", json!({})),
        mapping(&extra, "", "extra.calculated", "decimal", calculated),
        mapping(&format!("{party}/licence"), "text()", "licence.licence_no", "string", json!({})),
        mapping(party, "first_name", "licence.holder", "string", json!({})),
    ]);
    let last = contract["mappings"].as_array_mut().expect("mappings");
    last.iter_mut().for_each(|mapping| {
        if mapping["xml_attribute"] == "" {
            mapping["xml_attribute"] = json!("unused");
        }
    });
    contract
}

fn check(rule: Json, inner: &str, table: &str, expected: &str) {
    let contract = contract(rule.clone());
    let plan = Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"));
    let shown = rows(&plan, &document("colour='red'", inner), table);
    assert_eq!(shown.replace("loan_id=7 ", ""), expected, "{rule} {inner}");
}

#[test]
fn every_element_is_a_row() {
    let any = json!({});
    check(any.clone(), "", "car", "");
    check(
        any.clone(),
        "<car vin='A'/><car vin='A'/><x><car vin='elsewhere'/></x><car VIN='B'/>",
        "car",
        "car_no=1 vin='A' doors=4 colour='red' | car_no=2 vin='A' doors=4 colour='red' \
         | car_no=3 vin='B' doors=4 colour='red'",
    );
    // Defaults and what is read elsewhere make no row.
    check(any, "<car/><car vin=' '/><car doors='4'/>", "car", "car_no=1 doors=4 colour='red'");
}

#[test]
fn what_is_required() {
    let cars = "<car vin='A' use='own'/><car vin='B' use='RENT '/><car use='own'/><car vin='D'/>";
    check(
        json!({ "required_attributes": { "vin": true } }),
        cars,
        "car",
        "car_no=1 vin='A' doors=4 colour='red' | car_no=2 vin='B' doors=4 colour='red' \
         | car_no=3 vin='D' doors=4 colour='red'",
    );
    check(
        json!({ "required_attributes": { "vin": true, "use": ["rent", "lease"] } }),
        cars,
        "car",
        "car_no=1 vin='B' doors=4 colour='red'",
    );
}

#[test]
fn which_of_one_key_counts() {
    let cars = "<car vin='A' doors='1' use='own'><kit><extra price='1'/></kit></car>\
                <car vin='B' doors='2'/>\
                <car vin='A' doors='3' use='rent'><kit><extra price='3'/></kit></car>";
    let first = "car_no=1 vin='A' doors=1 colour='red' | car_no=2 vin='B' doors=2 colour='red'";
    let last = "car_no=1 vin='A' doors=3 colour='red' | car_no=2 vin='B' doors=2 colour='red'";
    check(json!({ "key": ["vin"] }), cars, "car", first);
    check(json!({ "key": ["vin"], "keep": "first" }), cars, "car", first);
    check(json!({ "key": ["vin"], "keep": "last" }), cars, "car", last);
    // Children of what does not count fall away.
    let extra = |price: &str, vin: &str| {
        format!(
            "car_no=1 extra_no=1 price={price}.00 vin='{vin}' calculated={}",
            match price {
                "1" => "2.00",
                _ => "6.00",
            }
        )
    };
    check(json!({ "key": ["vin"] }), cars, "extra", &extra("1", "A"));
    check(json!({ "key": ["vin"], "keep": "last" }), cars, "extra", &extra("3", "A"));
    // A list ranks before the order.
    let ranked = json!({
        "key": ["vin"], "keep": "last", "required_attributes": { "use": ["own", "rent"] },
    });
    check(ranked, cars, "car", "car_no=1 vin='A' doors=1 colour='red'");
}

/// A default counts for the row that it stands in, and not at all where its row is left out or gives way to another.
#[test]
fn defaults_are_those_of_the_rows_that_stay() {
    let cars = "<car/><car vin='A'/><car vin='B' doors='4'/><car vin='A' doors='3'/><car vin='C'/>";
    for (keep, expected) in [("first", vec![0, 2]), ("last", vec![2])] {
        let contract = contract(json!({ "key": ["vin"], "keep": keep }));
        let plan = Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"));
        let application = plan.map(&document("", cars), None).expect("it has rows");
        let place = |name: &str| {
            let table = plan.tables().iter().position(|table| table.name == name);
            table.expect("a table of the contract")
        };
        let table = u32::try_from(place("car")).expect("few tables");
        let mut column = plan.tables()[place("car")].columns.iter();
        let column = column.position(|column| column.name == "doors").expect("a column");
        let of_cars = application.defaults.iter().filter(|cell| cell.table == table);
        let found: Vec<(u32, usize)> =
            of_cars.map(|cell| (cell.row, cell.column as usize)).collect();
        let expected: Vec<(u32, usize)> = expected.into_iter().map(|row| (row, column)).collect();
        assert_eq!(found, expected, "{keep}");
    }
}

#[test]
fn rows_of_rows() {
    check(
        json!({ "required_attributes": { "vin": true } }),
        "<car vin='A'><kit><extra price='1'/></kit><kit><extra price='2'/></kit></car>\
         <car><kit><extra price='3'/></kit></car>\
         <car vin='B'><kit><extra price='4'/><extra/></kit></car>",
        "extra",
        "car_no=1 extra_no=1 price=1.00 vin='A' calculated=2.00 \
         | car_no=1 extra_no=2 price=2.00 vin='A' calculated=4.00 \
         | car_no=2 extra_no=1 price=4.00 vin='B' calculated=4.00",
    );
}

#[test]
fn rows_of_contacts_are_wherever_the_contact_is() {
    let licences = "<party pid='1' kind='MAIN' first_name='Ada'><licence>X1</licence><licence>X2</licence></party>\
                    <party pid='3' kind='OTHER' first_name='Eve'><licence>Z</licence></party>\
                    <held><party pid='2' kind='CO' first_name='Zoe'><licence>Y</licence><x><licence>no</licence></x></party></held>";
    check(
        json!({}),
        licences,
        "licence",
        "party_id=1 licence_no='X1' holder='Ada' | party_id=1 licence_no='X2' holder='Ada' \
         | party_id=2 licence_no='Y' holder='Zoe'",
    );
}

#[test]
fn a_key_that_others_are_tied_by_must_be_there() {
    let mut contract = contract(json!({}));
    for relationship in contract["relationships"].as_array_mut().expect("a list") {
        if relationship["parent_table"] == "car" {
            relationship["foreign_key_column"] = json!("vin");
        }
    }
    let extra_vin =
        |mapping: &Json| mapping["target_table"] == "extra" && mapping["target_column"] == "vin";
    contract["mappings"].as_array_mut().expect("a list").retain(|it| !extra_vin(it));
    let plan = Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"));
    let extras = "<kit><extra price='5'/></kit>";
    let xml = |vin: &str| document("", &format!("<car {vin} doors='2'>{extras}</car>"));
    assert_eq!(
        rows(&plan, &xml("vin='A'"), "extra"),
        "vin='A' extra_no=1 price=5.00 calculated=10.00"
    );
    assert_eq!(
        rows(&plan, &xml(""), "extra"),
        "mapping: `car.vin` must have a value and has neither one nor a default"
    );
}

#[test]
fn a_contract_without_contacts() {
    let mut contract = contract(json!({}));
    let is_row = |rule: &Json| rule["element_type"] == "row" && rule["xml_child_path"] == CAR;
    contract["element_filtering"]["filter_rules"].as_array_mut().expect("a list").retain(is_row);
    let kept = ["loan_base", "car"];
    let of_kept = |it: &Json, key: &str| kept.contains(&it[key].as_str().expect("a name"));
    contract["table_insertion_order"] = json!(kept);
    contract["relationships"]
        .as_array_mut()
        .expect("a list")
        .retain(|it| of_kept(it, "child_table"));
    contract["mappings"].as_array_mut().expect("a list").retain(|it| of_kept(it, "target_table"));
    let plan = Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"));
    let shown = rows(&plan, &document("", "<car vin='A'/>"), "car");
    assert_eq!(shown, "loan_id=7 car_no=1 vin='A' doors=4");
}

#[test]
fn many_rows_are_refused_by_their_limit() {
    let contract = contract(json!({ "key": ["vin"] })).to_string();
    let cars: String = (0..50).map(|n| format!("<car vin='{n}'/>")).collect();
    let xml = document("", &cars);
    let map = |row_elements| {
        let limits = Limits { row_elements, ..Limits::default() };
        Plan::from_json_with(&contract, limits).expect("a contract").map(&xml, None)
    };
    assert!(map(50).is_ok());
    let refused = map(49).expect_err("one too many");
    assert!(refused.reason.starts_with("over the limit `row_elements` of 49"), "{refused}");
}

#[test]
fn numbers_stay_in_the_range_of_their_column() {
    let mut contract = contract(json!({}));
    for mapping in contract["mappings"].as_array_mut().expect("a list") {
        if mapping["target_column"] == "car_no" {
            mapping["data_type"] = json!("tinyint");
        }
    }
    let plan = Plan::from_json(&contract.to_string()).expect("a contract");
    let cars = |n| document("", &"<car vin='A'/>".repeat(n));
    assert!(plan.map(&cars(255), None).is_ok());
    assert_eq!(
        rows(&plan, &cars(256), "car"),
        "mapping: the value of `car.car_no` is outside of tinyint, 0 to 255"
    );
}

/// In the reference the list of an address's types ranks nothing.
#[test]
fn the_first_address_of_a_key_counts_whatever_its_type() {
    let mut contract = base();
    contract["enum_mappings"]["when"]["OLD"] = json!(1);
    let plan = Plan::from_json(&contract.to_string()).expect("a contract");
    let homes = "<party pid='1' kind='MAIN' first_name='A'>\
                 <home type='OLD' city='a'/><home type='NOW' city='b'/></party>";
    assert_eq!(rows(&plan, &document("", homes), "party_home"), "party_id=1 type_enum=1 city='a'");
}

#[test]
fn expressions_read_the_contact_around_the_row() {
    let mut contract = contract(json!({}));
    let licence = "/Msg/Req/loan/party/licence";
    let calculated = |column: &str, expression: &str| {
        let more = json!({ "mapping_type": ["calculated_field"], "expression": expression });
        mapping(licence, "unused", &format!("licence.{column}"), "string", more)
    };
    contract["mappings"].as_array_mut().expect("a list").extend([
        calculated("by_element", "party.first_name"),
        calculated("by_kind", "CASE WHEN contact.pid = 2 THEN 'Z' ELSE contact.first_name END"),
    ]);
    let plan = Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"));
    let xml = document(
        "",
        "<party pid='1' kind='MAIN' first_name='Ada'><licence>X</licence></party>\
         <party pid='2' kind='CO' first_name='Zoe'><licence>Y</licence></party>\
         <party pid='3' kind='OTHER' first_name='Eve'/>",
    );
    assert_eq!(
        rows(&plan, &xml, "licence"),
        "party_id=1 licence_no='X' holder='Ada' by_element='Ada' by_kind='Ada' \
         | party_id=2 licence_no='Y' holder='Zoe' by_element='Zoe' by_kind='Z'"
    );
}
