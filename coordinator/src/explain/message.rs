//! An explanation as a message of bounded size.

use xmlx_extract::{
    CellResult, CellTrace, Explanation, LeftOut, Place, RowTrace, StepTrace, TableTrace,
};
use xmlx_proto::v1 as pb;

/// Bytes of rows and left-out elements in one answer, of which a gRPC message holds 16 MiB.
const BYTES_MAX: usize = 4 << 20;

/// The message without what it says of jobs and the log. Rows that would make it too large are left out; the counts of
/// the tables say how many there are.
pub(super) fn of(explanation: Explanation) -> pb::ExplainApplicationResponse {
    let failure = explanation.failure;
    let (failed_stage, failed_reason) =
        failure.map(|failure| (failure.stage, failure.reason)).unwrap_or_default();
    let mut room = BYTES_MAX;
    let tables = explanation.tables.into_iter().map(|trace| table(trace, &mut room)).collect();
    pb::ExplainApplicationResponse {
        failed_stage,
        failed_reason,
        tables,
        ..pb::ExplainApplicationResponse::default()
    }
}

fn table(trace: TableTrace, room: &mut usize) -> pb::ExplainedTable {
    let TableTrace { table, rows, left_out, row_traces, left_out_traces } = trace;
    pb::ExplainedTable {
        table,
        rows,
        left_out,
        row_traces: fitting(row_traces.into_iter().map(row), room),
        left_out_traces: fitting(left_out_traces.into_iter().map(left_out_element), room),
    }
}

/// The first messages that there is room for.
fn fitting<M: prost::Message>(messages: impl Iterator<Item = M>, room: &mut usize) -> Vec<M> {
    let mut kept = Vec::new();
    for message in messages {
        let n_bytes = message.encoded_len();
        if n_bytes > *room {
            // What comes later may be smaller, but rows are shown without a gap.
            *room = 0;
            break;
        }
        *room -= n_bytes;
        kept.push(message);
    }
    kept
}

fn row(trace: RowTrace) -> pb::ExplainedRow {
    let (parent_table, parent_row) =
        trace.parent.map(|parent| (parent.table, parent.row)).unwrap_or_default();
    pb::ExplainedRow {
        row: trace.row,
        element: trace.element.map(place),
        mapping: trace.mapping.unwrap_or_default(),
        parent_table,
        parent_row,
        cells: trace.cells.into_iter().map(cell).collect(),
    }
}

fn cell(trace: CellTrace) -> pb::ExplainedCell {
    let result = match trace.result {
        CellResult::Value => "value",
        CellResult::Default => "default",
        CellResult::Null => "null",
        CellResult::None => "none",
    };
    pb::ExplainedCell {
        column: trace.column,
        data_type: trace.data_type,
        mapping: trace.mapping.unwrap_or_default(),
        reads: trace.reads,
        steps: trace.steps.into_iter().map(step).collect(),
        result: result.to_owned(),
        value: trace.value,
    }
}

fn step(trace: StepTrace) -> pb::ExplainedStep {
    pb::ExplainedStep {
        step: trace.step,
        what: trace.what,
        gives: trace.gives,
        at: trace.at.map(place),
        warnings: trace.warnings,
        value: trace.value,
    }
}

fn left_out_element(trace: LeftOut) -> pb::LeftOutElement {
    pb::LeftOutElement {
        element: trace.element.map(place),
        mapping: trace.mapping.unwrap_or_default(),
        reason: trace.reason,
        meaning: trace.meaning,
        instead: trace.instead.map(place),
        instead_row: trace.instead_row,
    }
}

fn place(place: Place) -> pb::DocumentPlace {
    pb::DocumentPlace { path: place.path, line: place.line, column: place.column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_left_out_where_there_is_no_room() {
        let row = |path: &str| pb::ExplainedRow {
            mapping: path.to_owned(),
            ..pb::ExplainedRow::default()
        };
        let rows = || ["a".repeat(100), "b".repeat(300), "c".to_owned()];
        let kept = |mut room: usize| fitting(rows().iter().map(|path| row(path)), &mut room).len();
        assert_eq!(kept(1000), 3);
        assert_eq!(kept(200), 1, "no gap");
        assert_eq!(kept(10), 0);
    }
}
