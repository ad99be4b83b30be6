//! What columns hold, as the mapping has to know it.

use xmlx_extract::{Described, Held, Plan, Stored, TextUnit};

use super::{Catalog, CatalogColumn, Disagreement, Room};

impl Catalog {
    /// Gives the columns whose types a contract leaves to the database their types. What does not go together is
    /// returned.
    pub fn describe(&self, plan: &mut Plan) -> Vec<Disagreement> {
        let described = |table: &str, column: &str| {
            let column = self.column(table, column)?;
            let is_optional = column.nullable
                || column.identity
                || column.default.is_some()
                || column.default_hidden;
            Some(Described { sql_type: column.sql_type(), is_optional })
        };
        let problems = plan.take_types(described).err().unwrap_or_default();
        let place = plan.target_schema().to_owned();
        let disagreement = |problem| Disagreement { place: place.clone(), problem };
        problems.into_iter().map(disagreement).collect()
    }

    /// Fits a plan to the columns that there are: what they cannot hold fails at stage `mapping`, and what they round
    /// or drop is a warning of the application.
    pub fn narrow(&self, plan: &mut Plan) {
        plan.narrow(|table, column| self.column(table, column).and_then(CatalogColumn::stored));
    }
}

impl CatalogColumn {
    /// The type as T-SQL writes it.
    fn sql_type(&self) -> String {
        // The catalog counts bytes, of which each unit of these has two.
        let bytes = if self.type_name.starts_with('n') { 2 } else { 1 };
        match self.type_name.as_str() {
            "decimal" | "numeric" => {
                format!("{}({},{})", self.type_name, self.precision, self.scale)
            }
            "char" | "varchar" | "nchar" | "nvarchar" | "binary" | "varbinary" => {
                match self.max_length {
                    -1 => format!("{}(max)", self.type_name),
                    length => format!("{}({})", self.type_name, length / bytes),
                }
            }
            _ => self.type_name.clone(),
        }
    }

    fn stored(&self) -> Option<Stored> {
        match self.type_name.as_str() {
            "varchar" | "char" => Some(Stored::Text(self.text_unit())),
            _ => self.held().map(Stored::Held),
        }
    }

    /// What the column holds, if numbers, dates or times.
    pub(crate) fn held(&self) -> Option<Held> {
        let digits = |digits: i32| u32::try_from(digits).unwrap_or_default();
        Held::column(&self.type_name, digits(self.precision), digits(self.scale))
    }

    /// How long a text the column takes, exactly; `None`: of any length, or in a code page whose bytes are not known.
    pub(crate) fn exact_room(&self) -> Option<Room> {
        match (self.room()?, self.text_unit()) {
            (room @ Room::Units(_), _) | (room, TextUnit::Utf8) => Some(room),
            (Room::Bytes(bytes), TextUnit::Utf16) => Some(Room::Units(bytes)),
            (Room::Bytes(_), TextUnit::DoubleByte) => None,
        }
    }

    /// The code pages 932, 936, 949 and 950 have characters of two bytes:
    /// <https://learn.microsoft.com/en-us/sql/relational-databases/collations/collation-and-unicode-support>.
    fn text_unit(&self) -> TextUnit {
        const DOUBLE: [&str; 4] = ["japanese", "chinese", "korean", "xjis"];
        let collation = self.collation.as_deref().unwrap_or_default().to_lowercase();
        if collation.ends_with("_utf8") {
            TextUnit::Utf8
        } else if DOUBLE.iter().any(|part| collation.contains(part)) {
            TextUnit::DoubleByte
        } else {
            TextUnit::Utf16
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(type_name: &str, collation: Option<&str>) -> Option<Stored> {
        let column = CatalogColumn {
            name: "c".to_owned(),
            collation: collation.map(str::to_owned),
            type_name: type_name.to_owned(),
            max_length: 10,
            precision: 8,
            scale: 5,
            nullable: true,
            identity: false,
            computed: false,
            default: None,
            default_hidden: false,
        };
        column.stored()
    }

    #[test]
    fn columns_say_what_they_hold() {
        let decimal = Held::column("decimal", 8, 5).map(Stored::Held);
        assert_eq!((stored("decimal", None), decimal.is_some()), (decimal, true));
        for (type_name, collation, expected) in [
            ("nvarchar", "Latin1_General_100_CI_AS_SC_UTF8", None),
            ("varchar", "Latin1_General_100_CI_AS_SC_UTF8", Some(TextUnit::Utf8)),
            ("varchar", "Japanese_CI_AS", Some(TextUnit::DoubleByte)),
            ("char", "Chinese_PRC_CI_AS", Some(TextUnit::DoubleByte)),
            ("varchar", "SQL_Latin1_General_CP1_CI_AS", Some(TextUnit::Utf16)),
        ] {
            assert_eq!(stored(type_name, Some(collation)), expected.map(Stored::Text));
        }
    }
}
