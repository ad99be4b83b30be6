//! What mappings make of documents.

use crate::contract::{document, mapping, plan, rows};
use serde_json::{Value as Json, json};

const LOAN: &str = "/Msg/Req/loan";

/// Checks the row that one mapping of attribute `a` to `loan_terms.x` makes.
fn check(data_type: &str, more: &Json, attributes: &str, expected: &str) {
    let plan = plan(&[
        mapping(LOAN, "a", "loan_terms.x", data_type, more.clone()),
        mapping(LOAN, "other", "loan_terms.y", "string", json!({})),
    ]);
    let shown = rows(&plan, &document(attributes, ""), "loan_terms");
    assert_eq!(
        shown.strip_prefix("loan_id=7 ").unwrap_or(&shown),
        expected,
        "{data_type} {more} {attributes}"
    );
}

#[test]
fn plain_columns() {
    let plain = json!({});
    check("string", &plain, "a=' text '", "x='text'");
    check("string", &plain, "A='any case'", "x='any case'");
    check("string", &plain, "A='any case' a='exact'", "x='exact'");
    check("string", &plain, "a='A&amp;lt;B'", "x='A&lt;B'");
    check("string", &plain, "a=''", "");
    check("string", &plain, "", "");
    check("string", &json!({ "data_length": 2 }), "a='漢字かな'", "x='漢字'");
    check("string", &json!({ "data_length": -1 }), "a='all of it'", "x='all of it'");
    check("int", &plain, "a='-1,200.50'", "x=-1201");
    check("int", &plain, "a='36 months'", "x=36");
    check("decimal", &json!({ "data_length": 3 }), "a='$1,234.5675'", "x=1234.568");
    check("decimal", &plain, "a='1.005'", "x=1.01");
    check("float", &plain, "a='1.5'", "x=1.5");
    check("bit", &plain, "a='0'", "x=false");
    check("bit", &plain, "a='yes'", "x=true");
    check("date", &plain, "a='1/5/2024 10:00:00'", "x=2024-01-05");
    check("datetime", &plain, "a='2024-01-05 10:11:59'", "x=2024-01-05 10:11:59");
    check("datetime", &plain, "a='2024-01-05 10:11:61'", "");
}

#[test]
fn numbers_stay_in_range() {
    let plain = json!({});
    let outside =
        |range: &str| format!("mapping: the value of `loan_terms.x` is outside of {range}");
    check("tinyint", &plain, "a='256'", &outside("tinyint, 0 to 255"));
    check("smallint", &plain, "a='-32769'", &outside("smallint, -32768 to 32767"));
    check("int", &plain, "a='99999999999999999999'", &outside("int, -2147483648 to 2147483647"));
    check("datetime", &plain, "a='1000-01-01'", &outside("datetime, 1753-01-01 to 9999-12-31"));
}

#[test]
fn defaults() {
    let with_default = json!({ "default_value": "9" });
    check("int", &with_default, "other='o'", "x=9 y='o'");
    check("int", &with_default, "a='n/a' other='o'", "y='o'");
    check("int", &json!({ "default_value": "9", "nullable": false }), "a='n/a'", "x=9");
    check("int", &json!({ "default_value": 0 }), "other='o'", "y='o'");
    check("int", &with_default, "", "");
    let required = json!({ "nullable": false });
    let missing = "mapping: `loan_terms.x` must have a value and has neither one nor a default";
    check("int", &required, "other='o'", missing);
    check("int", &required, "a='n/a' other='o'", missing);
    check("int", &required, "", "");
    let now = json!({ "mapping_type": ["default_getutcdate_if_null"] });
    check("datetime", &now, "other='o'", "y='o'");
    check("datetime", &now, "a='2024-01-05'", "x=2024-01-05 00:00:00");
}

#[test]
fn enums() {
    let with = |name: &str, nullable: bool| json!({ "mapping_type": ["enum"], "enum_name": name, "nullable": nullable });
    check("smallint", &with("when", true), "a=' NOW '", "x=1");
    check("smallint", &with("when", true), "a='now'", "x=1");
    check("smallint", &with("when", true), "a='later'", "");
    check("smallint", &with("colour", true), "a='green'", "x=19");
    check("smallint", &with("colour", true), "", "x=19");
    check("smallint", &with("colour", true), "a='BLUE'", "x=11");
    let missing = "mapping: `loan_terms.x` must have a value and has neither one nor a default";
    check("smallint", &with("when", false), "a='later' other='o'", missing);
    check("string", &with("colour", true), "a='red'", "x='10'");
    let alone = json!({
        "mapping_type": ["enum"], "enum_name": "colour", "exclude_default_when_record_empty": true
    });
    check("smallint", &alone, "", "");
    check("smallint", &alone, "other='o'", "x=19 y='o'");
}

#[test]
fn flags() {
    let chars = json!({ "mapping_type": ["char_to_bit"] });
    check("bit", &chars, "a='Y'", "x=true");
    check("bit", &chars, "a='y'", "x=true");
    check("bit", &chars, "a='?'", "x=false");
    check("bit", &chars, "", "x=false");
    check("smallint", &chars, "a='Y'", "x=1");
    check("bit", &json!({ "mapping_type": ["boolean_to_bit"] }), "a='TRUE'", "x=true");
    let alone = json!({
        "mapping_type": ["char_to_bit"], "default_value": "0", "exclude_default_when_record_empty": true
    });
    check("bit", &alone, "", "");
    check("bit", &alone, "a='N'", "x=false");
}

#[test]
fn an_applied_default_alone_makes_no_row() {
    for more in [
        json!({ "default_value": "9" }),
        json!({ "default_value": "9", "nullable": false }),
        json!({ "mapping_type": ["numbers_only"], "default_value": "9" }),
        json!({ "mapping_type": ["numbers_only"], "default_value": "9", "nullable": false }),
        json!({ "mapping_type": ["extract_date"], "default_value": "9" }),
        json!({ "mapping_type": ["enum"], "enum_name": "when", "default_value": "9", "nullable": false }),
        json!({ "mapping_type": ["enum"], "enum_name": "colour", "default_value": "19" }),
    ] {
        for exclude in [false, true] {
            let mut more = more.clone();
            more["exclude_default_when_record_empty"] = json!(exclude);
            check("int", &more, "", "");
            let default = &more["default_value"].as_str().expect("a default");
            check("int", &more, "other='o'", &format!("x={default} y='o'"));
        }
    }
    let numbers =
        json!({ "mapping_type": ["numbers_only"], "default_value": "000-1", "data_length": 3 });
    check("string", &numbers, "", "");
    check("string", &numbers, "other='o'", "x='000' y='o'");
    // The document itself may say what the default says.
    check("string", &numbers, "a='0001'", "x='000'");
    // Flags and the entry of an enum for everything else count, unless the contract says otherwise.
    check("bit", &json!({ "mapping_type": ["char_to_bit"], "default_value": "0" }), "", "x=false");
    check("int", &json!({ "mapping_type": ["enum"], "enum_name": "colour" }), "", "x=19");
}

#[test]
fn numbers_only() {
    let numbers = |more: Json| {
        let mut mapping = json!({ "mapping_type": ["numbers_only"] });
        for (key, value) in more.as_object().into_iter().flatten() {
            mapping[key] = value.clone();
        }
        mapping
    };
    check("string", &numbers(json!({ "data_length": 9 })), "a='001-23-4567'", "x='001234567'");
    check("string", &numbers(json!({ "data_length": 10 })), "a='1-801-555-1234'", "x='1801555123'");
    check("string", &numbers(json!({})), "a='none'", "");
    check(
        "string",
        &numbers(json!({ "nullable": false, "default_value": "000" })),
        "a='none'",
        "x='000'",
    );
    check("string", &numbers(json!({ "default_value": "000" })), "other='o'", "x='000' y='o'");
    check("tinyint", &numbers(json!({})), "a='36.50'", "x=37");
    check("decimal", &numbers(json!({})), "a='about $36.50'", "x=36.50");
    check("int", &json!({ "mapping_type": ["extract_numeric"] }), "a='-5'", "x=-5");
}

#[test]
fn calculated() {
    let with = |expression: &str| json!({ "mapping_type": ["calculated_field"], "expression": expression });
    check("smallint", &with("months + years * 12"), "months='3' years='2'", "x=27");
    check("smallint", &with("months + years * 12"), "months='' years='2'", "");
    check(
        "decimal",
        &with("CASE WHEN basis = 'YEAR' THEN pay / 12 ELSE pay END"),
        "basis='YEAR' pay='100'",
        "x=8.33",
    );
    check("string", &with("CASE WHEN loan.a LIKE 'V%' THEN a ELSE '' END"), "a='v4'", "x='v4'");
    check("datetime", &with("DATEADD(day, loan_id, a)"), "a='2024-01-01'", "x=2024-01-08 00:00:00");
    check("datetime", &with("DATEADD(day, n, a)"), "a='2024-01-01' n=' '", "x=2024-01-01 00:00:00");
    check("datetime", &with("DATEADD(day, n, a)"), "a='2024-01-01'", "x=2024-01-01 00:00:00");
    let then_enum = json!({
        "mapping_type": ["calculated_field", "enum"], "enum_name": "when",
        "expression": "CASE WHEN a = 'x' THEN 5 END"
    });
    check("smallint", &then_enum, "a='x'", "x=5");
    check("smallint", &then_enum, "a='OLD'", "x=2");
}

/// Checks the rows that mappings make of one document.
fn check_rows(mappings: &[Json], table: &str, xml: &str, expected: &str) {
    assert_eq!(rows(&plan(mappings), xml, table), expected, "{xml}");
}

#[test]
fn the_last_element_at_a_path_counts() {
    let mappings = [mapping("/Msg/Req/loan/item", "a", "loan_terms.x", "string", json!({}))];
    let check =
        |inner: &str, expected| check_rows(&mappings, "loan_terms", &document("", inner), expected);
    check("<item a='1'/><item a='2'/>", "loan_id=7 x='2'");
    check("<item a='1'/><item/>", "");
    check("<box><item a='1'/></box>", "");
    check("<n:item n:a='1' xmlns:n='urn:n'/>", "loan_id=7 x='1'");
}

#[test]
fn fields_are_found_in_the_whole_document() {
    let expression = json!({ "mapping_type": ["calculated_field"], "expression": "f" });
    let mappings = [mapping(LOAN, "a", "loan_terms.x", "string", expression)];
    let check = |attributes: &str, inner: &str, expected| {
        check_rows(&mappings, "loan_terms", &document(attributes, inner), expected);
    };
    check("f='1'", "", "loan_id=7 x='1'");
    check("f='1'", "<p f='2'/><q f='3'/>", "loan_id=7 x='3'");
    // The path that was seen last wins, with its last element.
    check("", "<p f='1'/><q f='2'/><p f='3'/>", "loan_id=7 x='2'");
    check("", "<p f='1'/><q f='2'/><q/>", "loan_id=7 x='1'");
    check("", "<p f='1'/><q F='2'/>", "loan_id=7 x='1'");
    check("", "<q F='2'/>", "loan_id=7 x='2'");
}

#[test]
fn contacts_are_chosen() {
    let check =
        |inner: &str, expected| check_rows(&[], "party_base", &document("", inner), expected);
    check(
        "<party pid='1' kind='MAIN' first_name='Annabel'/>",
        "party_id=1 loan_id=7 first_name='Annab'",
    );
    check("<party pid='1' kind=' main ' ssn='5'/>", "party_id=1 loan_id=7");
    check("<party pid='1' kind='OTHER' ssn='5'/>", "");
    check("<party pid=' ' kind='MAIN' ssn='5'/>", "");
    check("<party pid='1' kind='MAIN'/>", "");
    check("<deep><party pid='1' kind='MAIN' ssn='5'/></deep>", "party_id=1 loan_id=7");
    // Of one id the first role, of one role the last contact.
    check(
        "<party pid='1' kind='CO' first_name='co'/><party pid='1' kind='MAIN' first_name='a'/>\
         <party pid='1' kind='MAIN' first_name='b'/><party pid='1' kind='CO' first_name='c'/>",
        "party_id=1 loan_id=7 first_name='b'",
    );
    check(
        "<party pid='1' kind='MAIN' ssn='5'/><party pid='01' kind='CO' ssn='5' first_name='x'/>",
        "party_id=1 loan_id=7",
    );
    let no_key = "mapping: the key `party_base.party_id` is no whole number";
    check("<party pid='1.5' kind='MAIN' ssn='5'/>", no_key);
}

#[test]
fn addresses_belong_to_kept_contacts() {
    let party =
        |inner: &str| document("", &format!("<party pid='1' kind='MAIN' ssn='5'>{inner}</party>"));
    let check = |inner: &str, expected| check_rows(&[], "party_home", &party(inner), expected);
    check("<home type='now' city='Rome'/>", "party_id=1 type_enum=1 city='Rome'");
    check("<home type='WORK' city='Rome'/>", "");
    check(
        "<home type='NOW' city='a'/><home type='NOW' city='b'/>",
        "party_id=1 type_enum=1 city='a'",
    );
    check("<deep><home type='NOW' city='a'/></deep>", "");
    // A default alone makes no row.
    check("<home type='OLD' city=''/>", "");
    let unkept =
        document("", "<party pid='1' kind='X' ssn='5'><home type='NOW' city='a'/></party>");
    check_rows(&[], "party_home", &unkept, "");
    check_rows(&[], "party_job", &party("<job type='OLD' pay='0.00'/>"), "");
    check_rows(
        &[],
        "party_job",
        &party("<job type='OLD' pay='9'/>"),
        "party_id=1 type_enum=2 monthly_salary=9.00",
    );
}

#[test]
fn values_of_contacts() {
    let with = |kind: &str, path: &str| {
        [mapping(
            &format!("{LOAN}/{path}"),
            "v",
            "loan_terms.x",
            "string",
            json!({ "mapping_type": [kind] }),
        )]
    };
    let check = |kind: &str, path: &str, inner: &str, expected| {
        check_rows(&with(kind, path), "loan_terms", &document("", inner), expected);
    };
    let two = "<party pid='1' kind='MAIN' v='a'/><party pid='2' kind='MAIN' v='b'/><party kind='MAIN' v='c'/>\
               <party pid='3' kind='CO' v='d'/><party kind='CO' v='e'/>";
    check("last_valid_pr_contact", "party", two, "loan_id=7 x='b'");
    check("last_valid_sec_contact", "party", two, "loan_id=7 x='d'");
    check("authu_contact", "party", two, "loan_id=7 x='e'");
    check("last_valid_pr_contact", "party", "<party pid='1' kind='MAIN' V='a'/>", "");
    // A role is spelled as in the contract, however it is written in XML.
    let references = "<party pid='1' kind='&#77;AIN' v='a'/><party pid='2' kind='main' v='b'/>";
    check("last_valid_pr_contact", "party", references, "loan_id=7 x='a'");
    let homes = |homes: &str| format!("<party pid='1' kind='MAIN' v='own'>{homes}</party>");
    let home = |inner: &str, expected| {
        check("last_valid_pr_contact", "party/home", &homes(inner), expected)
    };
    home(
        "<home type='OLD' v='o'/><home type='NOW' v=''/><home type='NOW' v='n'/>",
        "loan_id=7 x='n'",
    );
    home("<home type='OLD' v='o'/><home type='NOW'/>", "");
    home("<home type='OLD' v=''/><home type='X' v='x'/>", "loan_id=7 x='x'");
    home("", "loan_id=7 x='own'");
    let card = |inner: &str, expected| {
        check("last_valid_pr_contact", "party/card", &homes(inner), expected)
    };
    card("<card v='1'/><card v='2'/>", "loan_id=7 x='2'");
    card("", "loan_id=7 x='own'");
    let history = [mapping(
        &format!("{LOAN}/party"),
        "v",
        "history",
        "string",
        json!({ "mapping_type": ["last_valid_pr_contact", "add_history"] }),
    )];
    let parties = "<party pid='1' kind='MAIN' v='a'/><party pid='2' kind='MAIN' v='NULL'/>";
    check_rows(
        &history,
        "history",
        &document("", parties),
        "loan_id=7 name='[v]' source='[party]' value='a'",
    );
}

#[test]
fn current_address() {
    let mappings = [mapping(
        &format!("{LOAN}/party/home"),
        "phone",
        "party_base.phone",
        "string",
        json!({ "mapping_type": ["curr_address_only", "numbers_only"], "data_length": 10 }),
    )];
    let inner = "<party pid='1' kind='MAIN' ssn='5'><home type='NOW' phone='1'/><home type='NOW' phone='(02) 2'/>\
                 <home type='OLD' phone='3'/></party>";
    check_rows(&mappings, "party_base", &document("", inner), "party_id=1 loan_id=7 phone='022'");
}

#[test]
fn key_value_rows() {
    let kv = |attribute: &str, table: &str, step: &str| {
        mapping(LOAN, attribute, table, "int", json!({ "mapping_type": [step] }))
    };
    let scores = [
        kv("a", "scores", "add_score(S1)"),
        kv("b", "scores", "add_score(S2)"),
        kv("c", "scores", "add_score(S1)"),
    ];
    let check = |attributes: &str, expected| {
        check_rows(&scores, "scores", &document(attributes, ""), expected)
    };
    check(
        "a='700.5' b='0'",
        "loan_id=7 score_identifier='S1' score=701 | loan_id=7 score_identifier='S2' score=0",
    );
    check("a='1,000' c='5'", "loan_id=7 score_identifier='S1' score=5");
    check("a='12abc' b=''", "");
    let flags = [kv("a", "flags", "add_indicator(fraud)")];
    check_rows(&flags, "flags", &document("a='T'", ""), "loan_id=7 indicator='fraud' value='1'");
    check_rows(&flags, "flags", &document("a='N'", ""), "");
    let history = [kv("a", "history", "add_history")];
    check_rows(
        &history,
        "history",
        &document("a=' x '", ""),
        "loan_id=7 name='[a]' source='[loan]' value='x'",
    );
    check_rows(&history, "history", &document("a='None'", ""), "");
    let notes = [kv("a", "notes", "add_report_lookup(R)")];
    check_rows(
        &notes,
        "notes",
        &document("a='x'", ""),
        "loan_id=7 name='a' value='x' source_report_key='R'",
    );
    let exceptions = [
        kv("a", "exceptions", "policy_exceptions(630)"),
        kv("b", "exceptions", "policy_exceptions(631)"),
        kv("n", "exceptions", "policy_exceptions()"),
    ];
    let row = "loan_id=7 policy_exception_type_enum=631 reason_code='r' notes='why'";
    check_rows(&exceptions, "exceptions", &document("b='r' n='why'", ""), row);
}

#[test]
fn grouped_rows() {
    let cover = |attribute: &str, column: &str, data_type: &str, number: u32, nullable: bool| {
        let more =
            json!({ "mapping_type": [format!("warranty_field({number})")], "nullable": nullable });
        mapping(LOAN, attribute, &format!("covers.{column}"), data_type, more)
    };
    let lien = json!({ "mapping_type": ["char_to_bit", "warranty_field(1)"], "default_value": "0", "nullable": false });
    let covers = [
        cover("a1", "amount", "decimal", 1, false),
        mapping(LOAN, "l1", "covers.lien", "bit", lien),
        cover("a2", "amount", "decimal", 2, false),
        cover("c2", "company_name", "string", 2, true),
    ];
    let check = |attributes: &str, expected| {
        check_rows(&covers, "covers", &document(attributes, ""), expected)
    };
    check("a1='5' l1='Y'", "loan_id=7 warranty_type_enum=1 amount=5.00 lien=true");
    check("l1='Y'", "");
    check("c2='Co'", "loan_id=7 warranty_type_enum=2 lien=false company_name='Co'");
    let good = |attribute: &str, column: &str, data_type: &str, more: Json| {
        let mut all = json!({ "mapping_type": ["add_collateral(1)"] });
        for (key, value) in more.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        mapping(LOAN, attribute, &format!("goods.{column}"), data_type, all)
    };
    let goods = [
        good(
            "m",
            "make",
            "string",
            json!({ "default_value": "MISSING", "nullable": false, "data_length": 2 }),
        ),
        good("w", "wholesale_value", "decimal", json!({})),
        good("s", "size", "smallint", json!({})),
    ];
    let check = |attributes: &str, expected| {
        check_rows(&goods, "goods", &document(attributes, ""), expected)
    };
    check("m='Sloop'", "loan_id=7 sort_order=1 make='Sloop'");
    check("w='0.00'", "");
    check("w='none'", "");
    check("w='0.01'", "loan_id=7 sort_order=1 make='MISSING' wholesale_value=0.01");
    check("s='0.00'", "loan_id=7 sort_order=1 make='MISSING' size=0");
}

#[test]
fn warnings_name_columns_and_never_values() {
    let plan = plan(&[
        mapping(LOAN, "a", "loan_terms.x", "int", json!({})),
        mapping(LOAN, "b", "loan_terms.y", "date", json!({})),
    ]);
    let application = plan.map(&document("a='secret' b='secret'", ""), Some(7)).expect("rows");
    let shown: Vec<String> = application
        .warnings
        .iter()
        .map(|warning| {
            let (table, column) = plan.warned(warning);
            format!("{table}.{} {}", column.expect("a column"), warning.kind)
        })
        .collect();
    assert_eq!(shown, ["loan_terms.x unreadable", "loan_terms.y unreadable"]);
}
