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
    assert!(ddl.contains("[a] int NOT NULL") && ddl.contains("[b] nvarchar(10) NULL"), "{ddl}");
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
