//! Drafts as a whole: what documents and schemas become.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_infer::{Draft, Options, Samples};

fn options() -> Options {
    Options { source_table: "dbo.order_xml".to_owned(), schema: None, root: None }
}

fn draft(documents: &[&str]) -> Draft {
    let mut samples = Samples::new();
    for xml in documents {
        samples.add("a document", xml).unwrap();
    }
    samples.draft(&options()).unwrap()
}

fn from_schema(schemas: &[&str], documents: &[&str], root: Option<&str>) -> Draft {
    let mut samples = Samples::new();
    for text in schemas {
        samples.add_schema(text).unwrap();
    }
    for xml in documents {
        samples.add("a document", xml).unwrap();
    }
    samples.draft(&Options { root: root.map(ToOwned::to_owned), ..options() }).unwrap()
}

/// The contract without its comments and its beginning.
fn body(draft: &Draft) -> String {
    let tables = draft.contract.split_once("[[table]]").unwrap().1;
    format!("[[table]]{tables}")
}

#[test]
fn an_order_with_lines() {
    let draft = draft(&[
        "<Order no='A-1' xmlns:x='urn:x'><Date>2024-05-01</Date><Customer><Name>N</Name></Customer>\
         <Lines><Line sku='a'><Amt Ccy='EUR'>12.50</Amt><Note>x</Note><Note>y</Note></Line>\
         <Line sku='b' x:tag='t'><Amt Ccy='USD'>1</Amt></Line></Lines></Order>",
        "<Order no='A-2'><Date>2024-05-02</Date><Customer/><Void/></Order>",
    ]);
    assert_eq!(
        body(&draft),
        r#"[[table]]
name = "order_table"
rows = "/Order"
[table.columns]
no = "@no"
date = "Date"
name = "Customer/Name"

[[table]]
name = "line"
key = ["line_no"]
rows = "/Order/Lines/Line"
[table.columns]
line_no = { position = true }
sku = "@sku"
tag = "@x:tag"
amt_ccy = "Amt/@Ccy"
amt = "Amt"

[[table]]
name = "note"
parent = "line"
key = ["note_no"]
rows = "/Order/Lines/Line/Note"
[table.columns]
note_no = { position = ".." }
text_value = "."

# Left out:
# /Order/Void: it never has text, attributes or elements
"#
    );
    assert!(draft.contract.contains("\n[namespaces]\nx = \"urn:x\"\n"), "{}", draft.contract);
    let ddl = &draft.ddl;
    for expected in [
        "CREATE SCHEMA [order]",
        "CREATE TABLE [order].[line] (\n    [app_id] bigint NOT NULL,\n    [line_no] int NOT NULL,",
        "    [amt] decimal(19,4) NULL,\n",
        "PRIMARY KEY ([app_id], [line_no], [note_no])",
        "FOREIGN KEY ([app_id], [line_no]) REFERENCES [order].[line] ([app_id], [line_no])",
    ] {
        assert!(ddl.contains(expected), "{expected} in {ddl}");
    }
}

#[test]
fn rows_in_rows_of_the_same_kind_are_one_table() {
    let draft = draft(&[
        "<Doc><Sec id='1'><Title>a</Title><Sec id='2'><Title>b</Title><Par>p</Par><Par>q</Par></Sec></Sec></Doc>",
    ]);
    assert_eq!(
        body(&draft),
        r#"[[table]]
name = "doc"
rows = "/Doc"
[table.columns]

[[table]]
name = "sec"
key = ["sec_no"]
rows = ["/Doc/Sec", "/Doc/Sec//Sec"]
[table.columns]
sec_no = { position = true }
parent_sec_no = { enclosing = "sec.sec_no" }
id = "@id"
title = "Title"

[[table]]
name = "par"
parent = "sec"
key = ["par_no"]
rows = ["/Doc/Sec/Par", "/Doc/Sec//Sec/Par"]
[table.columns]
par_no = { position = ".." }
text_value = "."
"#
    );
}

#[test]
fn columns_are_null_unless_many_rows_say_otherwise() {
    let line = |extra: &str| format!("<Line a='1' {extra}/>");
    let lines: String = (0..12).map(|n| line(if n == 3 { "" } else { "b='x'" })).collect();
    let ddl = draft(&[&format!("<O>{lines}</O>")]).ddl;
    assert!(ddl.contains("[a] int NOT NULL") && ddl.contains("[b] nvarchar(20) NULL"), "{ddl}");
    let few = draft(&["<O><Line a='1'/><Line a='2'/></O>"]).ddl;
    assert!(few.contains("[a] int NULL"), "{few}");
}

#[test]
fn wide_elements_become_tables_of_their_own() {
    let attributes =
        |prefix: &str| -> String { (0..150).map(|n| format!(" {prefix}{n}='1'")).collect() };
    let xml = format!("<O{}><P{}/><Q a='1'/></O>", attributes("o"), attributes("p"));
    let draft = draft(&[&xml]);
    let tables: Vec<(&str, usize, Option<usize>)> = draft
        .tables
        .iter()
        .map(|table| (table.name.as_str(), table.columns.len(), table.parent))
        .collect();
    assert_eq!(tables, [("o", 151, None), ("p", 150, Some(0))]);
    assert!(draft.ddl.contains("CONSTRAINT [PK_p] PRIMARY KEY ([app_id])"), "{}", draft.ddl);
}

#[test]
fn other_roots_and_unreadable_documents_are_listed() {
    let mut samples = Samples::new();
    for xml in ["<A x='1'/>", "<A x='2'/>", "<B/>"] {
        samples.add("a document", xml).unwrap();
    }
    samples.add("3.xml", "<A").unwrap_err();
    let draft = samples.draft(&options()).unwrap();
    let left_out: Vec<&str> = draft.left_out.iter().map(|out| out.path.as_str()).collect();
    assert_eq!(left_out, ["/B", "3.xml"]);
    let empty = Samples::new().draft(&options()).unwrap_err();
    assert_eq!(empty.to_string(), "there is no document that could be read");
}

const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:o" targetNamespace="urn:o">
  <xs:annotation><xs:documentation><xs:element name="no"/></xs:documentation></xs:annotation>
  <xs:element name="Order" type="OrderType"/>
  <xs:complexType name="OrderType">
    <xs:sequence>
      <xs:element name="Date" type="xs:date"/>
      <xs:element name="Sent" type="xs:dateTime" minOccurs="0"/>
      <xs:choice><xs:element name="Card" type="Code"/><xs:element name="Cash" type="xs:boolean"/></xs:choice>
      <xs:element ref="Line" maxOccurs="unbounded"/>
      <xs:group ref="Rest"/>
    </xs:sequence>
    <xs:attributeGroup ref="Ids"/>
  </xs:complexType>
  <xs:element name="Line">
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base="Base"><xs:sequence><xs:element ref="Line" minOccurs="0" maxOccurs="9"/></xs:sequence></xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="Base"><xs:sequence><xs:element name="Amt" type="Money"/></xs:sequence></xs:complexType>
  <xs:complexType name="Money"><xs:simpleContent><xs:extension base="Number"><xs:attribute name="Ccy" use="required" type="Code"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:simpleType name="Number"><xs:restriction base="xs:decimal"><xs:totalDigits value="18"/><xs:fractionDigits value="5"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Code"><xs:restriction base="xs:string"><xs:maxLength value="3"/></xs:restriction></xs:simpleType>
  <xs:group name="Rest"><xs:sequence><xs:any/></xs:sequence></xs:group>
  <xs:attributeGroup name="Ids"><xs:attribute name="id" type="xs:int" use="required"/></xs:attributeGroup>
</xs:schema>"#;

#[test]
fn a_schema_alone() {
    let draft = from_schema(&[SCHEMA], &[], None);
    assert_eq!(
        body(&draft),
        r#"[[table]]
name = "order_table"
rows = "/Order"
[table.columns]
id = "@id"
date = "Date"
sent = "Sent"
card = "Card"
cash = "Cash"

[[table]]
name = "line"
key = ["line_no"]
rows = ["/Order/Line", "/Order/Line//Line"]
[table.columns]
line_no = { position = true }
parent_line_no = { enclosing = "line.line_no" }
amt_ccy = "Amt/@Ccy"
amt = "Amt"

# Left out:
# /Order/*: the schema allows any element here
"#
    );
    for expected in [
        "[id] int NOT NULL",
        "[date] date NOT NULL",
        "[sent] datetimeoffset(7) NULL",
        "[card] nvarchar(3) NULL",
        "[cash] bit NULL",
        "[amt] decimal(23,5) NOT NULL",
        "[amt_ccy] nvarchar(3) NOT NULL",
    ] {
        assert!(draft.ddl.contains(expected), "{expected} in {}", draft.ddl);
    }
}

#[test]
fn a_schema_says_more_about_samples() {
    let sample = "<Order xmlns='urn:o' id='5'><Date>2024-01-01</Date><Line><Amt Ccy='EUR'>1</Amt></Line></Order>";
    let draft = from_schema(&[SCHEMA], &[sample], None);
    let line = &draft.tables[1];
    assert_eq!((line.name.as_str(), &line.rows[..]), ("line", &["/Order/Line".to_owned()][..]));
    assert!(draft.ddl.contains("[amt] decimal(23,5) NOT NULL"), "{}", draft.ddl);
    let left_out: Vec<&str> = draft.left_out.iter().map(|out| out.path.as_str()).collect();
    assert_eq!(
        left_out,
        ["/Order/Sent", "/Order/Card", "/Order/Cash", "/Order/*", "/Order/Line/Line"]
    );
}

#[test]
fn several_roots_need_a_name() {
    let two = SCHEMA.replace(
        "<xs:element name=\"Line\">",
        "<xs:element name=\"Other\"/><xs:element name=\"Line\">",
    );
    let mut samples = Samples::new();
    samples.add_schema(&two).unwrap();
    let err = samples.draft(&options()).unwrap_err().to_string();
    assert!(err.contains("`Order`, `Other`; name one"), "{err}");
    assert_eq!(from_schema(&[&two], &[], Some("Order")).tables.len(), 2);
    assert!(Samples::new().add_schema("<a/>").unwrap_err().to_string().contains("no XML Schema"));
}

/// What is different in all rows of one parent, and always there, tells them apart; a few rows say nothing.
#[test]
fn natural_keys_are_proposed_where_many_rows_show_them() {
    let order = |n_lines: usize| {
        let lines: String = (0..n_lines)
            .map(|n| format!("<Line><Sku>s{n}</Sku><Qty>{n}</Qty><Kind>k</Kind><Part no='{n}'/><Part no='x{n}'/></Line>"))
            .collect();
        format!("<Order><Lines>{lines}</Lines></Order>")
    };
    let many = draft(&[&order(15), &order(12)]);
    let expected = r#"
[[table]]
name = "line"
# `sku` was different in all rows of one parent. Where it may not be, number the rows: line_no = { position = true }
key = ["sku"]
rows = "/Order/Lines/Line"
[table.columns]
sku = "Sku"
qty = "Qty"
kind = "Kind"

[[table]]
name = "part"
parent = "line"
# `no` was different in all rows of one parent. Where it may not be, number the rows: part_no = { position = true }
key = ["no"]
rows = "/Order/Lines/Line/Part"
[table.columns]
no = "@no"
"#;
    assert!(many.contract.contains(expected), "{}", many.contract);
    for expected in [
        "[sku] nvarchar(20) NOT NULL",
        "CONSTRAINT [PK_part] PRIMARY KEY ([app_id], [sku], [no])",
        "FOREIGN KEY ([app_id], [sku]) REFERENCES [order].[line] ([app_id], [sku])",
    ] {
        assert!(many.ddl.contains(expected), "{}", many.ddl);
    }
    let few = draft(&[&order(3)]);
    assert!(few.contract.contains("key = [\"line_no\"]"), "{}", few.contract);
    // The same value twice in one order; in two orders it says nothing.
    let twice = order(30).replace("<Sku>s7</Sku>", "<Sku>s8</Sku>");
    let twice = draft(&[&order(30), &twice]);
    assert!(twice.contract.contains("key = [\"line_no\"]"), "{}", twice.contract);
}

/// The shape of a payment message: a file of types, one of the message, groups, choices, an extension, a restriction.
const PAYMENT: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:pay" xmlns:t="urn:types"
    targetNamespace="urn:pay" elementFormDefault="qualified">
  <xs:import namespace="urn:types" schemaLocation="types.xsd"/>
  <xs:element name="Document" type="Document"/>
  <xs:complexType name="Document"><xs:sequence><xs:element name="CstmrCdtTrfInitn" type="Initiation"/></xs:sequence></xs:complexType>
  <xs:complexType name="Initiation"><xs:sequence>
    <xs:element name="GrpHdr"><xs:complexType><xs:sequence>
      <xs:element name="MsgId" type="t:Max35Text"/><xs:element name="CreDtTm" type="t:ISODateTime"/>
      <xs:element name="CtrlSum" type="t:DecimalNumber" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="PmtInf" type="Payment" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Payment"><xs:sequence>
    <xs:element name="PmtInfId" type="t:Max35Text"/>
    <xs:group ref="t:Dates"/>
    <xs:element name="Dbtr" type="t:Party"/>
    <xs:element name="CdtTrfTxInf" type="Transfer" maxOccurs="unbounded"/>
  </xs:sequence><xs:attributeGroup ref="t:Marks"/></xs:complexType>
  <xs:complexType name="Transfer"><xs:sequence>
    <xs:element name="EndToEndId" type="t:Max35Text"/>
    <xs:element name="Amt"><xs:complexType><xs:choice>
      <xs:element name="InstdAmt" type="t:Amount"/>
      <xs:element name="EqvtAmt"><xs:complexType><xs:sequence><xs:element name="Amt" type="t:Amount"/><xs:element name="CcyOfTrf" type="t:CurrencyCode"/></xs:sequence></xs:complexType></xs:element>
    </xs:choice></xs:complexType></xs:element>
    <xs:element name="Cdtr" type="t:Person" minOccurs="0"/>
    <xs:element name="Ustrd" type="t:Max140Text" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element ref="t:Reason" minOccurs="0"/>
  </xs:sequence></xs:complexType>
</xs:schema>"#;

const PAYMENT_TYPES: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:types" targetNamespace="urn:types">
  <xs:simpleType name="Max35Text"><xs:restriction base="xs:string"><xs:minLength value="1"/><xs:maxLength value="35"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Max140Text"><xs:restriction base="xs:string"><xs:maxLength value="140"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="ISODateTime"><xs:restriction base="xs:dateTime"/></xs:simpleType>
  <xs:simpleType name="DecimalNumber"><xs:restriction base="xs:decimal"><xs:fractionDigits value="17"/><xs:totalDigits value="18"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="CurrencyCode"><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{3}"/><xs:maxLength value="3"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Amount"><xs:simpleContent><xs:extension base="AmountValue"><xs:attribute name="Ccy" type="CurrencyCode" use="required"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:simpleType name="AmountValue"><xs:restriction base="xs:decimal"><xs:fractionDigits value="5"/><xs:totalDigits value="18"/></xs:restriction></xs:simpleType>
  <xs:group name="Dates"><xs:sequence><xs:element name="ReqdExctnDt" type="xs:date"/></xs:sequence></xs:group>
  <xs:attributeGroup name="Marks"><xs:attribute name="prio" type="xs:int"/></xs:attributeGroup>
  <xs:complexType name="Party"><xs:sequence><xs:element name="Nm" type="Max140Text" minOccurs="0"/></xs:sequence></xs:complexType>
  <xs:complexType name="Person"><xs:complexContent><xs:extension base="Party"><xs:sequence><xs:element name="BirthDt" type="xs:date" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:element name="Reason" abstract="true" type="xs:string"/>
  <xs:element name="Code" substitutionGroup="Reason" type="Max35Text"/>
  <xs:element name="Prtry" substitutionGroup="Reason" type="Max35Text"/>
</xs:schema>"#;

#[test]
fn a_schema_of_payments_becomes_tables() {
    let draft = from_schema(&[PAYMENT, PAYMENT_TYPES], &[], None);
    let ddl = &draft.ddl;
    for expected in [
        "[msg_id] nvarchar(35) NOT NULL",
        "[cre_dt_tm] datetimeoffset(7) NOT NULL",
        "[ctrl_sum] decimal(35,17) NULL",
        "[reqd_exctn_dt] date NOT NULL",
        "[prio] int NULL",
        "[instd_amt] decimal(23,5) NULL",
        "[instd_amt_ccy] nvarchar(3)",
        "[birth_dt] date NULL",
        "[code] nvarchar(35) NULL",
        "[prtry] nvarchar(35) NULL",
    ] {
        assert!(ddl.contains(expected), "{expected}: {ddl}");
    }
    let rows: Vec<&str> = draft.tables.iter().map(|table| table.rows[0].as_str()).collect();
    assert_eq!(
        rows,
        [
            "/Document",
            "/Document/CstmrCdtTrfInitn/PmtInf",
            "/Document/CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf",
            "/Document/CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Ustrd",
        ]
    );
    // Without the file of types everything that it declares is named.
    let half = from_schema(&[PAYMENT], &[], None);
    assert!(half.left_out.iter().any(|it| it.path.ends_with("/Reason")), "{:?}", half.left_out);
}
