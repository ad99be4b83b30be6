//! The declaration of `sp_executesql`'s parameters: `@P1 bigint,@P2 nvarchar(max)`.

use crate::error::SqlResult;
use crate::sql::ast::Declared;
use crate::sql::parser::Parser;

/// Reads a declaration.
pub(crate) fn parse(text: &str) -> SqlResult<Vec<Declared>> {
    let mut parser = Parser::new(text, &[])?;
    let mut declared = Vec::new();
    while !parser.at_end() {
        if !declared.is_empty() {
            parser.expect(",")?;
        }
        let name = parser.variable()?;
        parser.eat_word("as");
        declared.push(Declared { name, ty: parser.data_type()? });
    }
    Ok(declared)
}
