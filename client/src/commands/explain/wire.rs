//! The coordinator's answer as an explanation.

use anyhow::bail;
use xmlx_extract::{
    CellResult, CellTrace, Explanation, Failure, LeftOut, Place, RowName, RowTrace, StepTrace,
    TableTrace,
};
use xmlx_proto::v1 as pb;

use super::Explained;

impl Explained {
    /// An answer about an application.
    pub(super) fn of(app_id: i64, answer: pb::ExplainApplicationResponse) -> anyhow::Result<Self> {
        let failure = filled(answer.failed_stage)
            .map(|stage| Failure { stage, reason: answer.failed_reason });
        let tables = answer.tables.into_iter().map(table).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            file: None,
            job: Some(answer.job_id),
            job_name: Some(answer.job_name),
            contract_hash: answer.contract_hash,
            runs: answer.runs.into_iter().map(Into::into).collect(),
            has_more_runs: answer.has_more_runs,
            explanation: Explanation { app_id: Some(app_id), failure, tables },
        })
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn table(table: pb::ExplainedTable) -> anyhow::Result<TableTrace> {
    let rows = table.row_traces.into_iter().map(row).collect::<anyhow::Result<_>>()?;
    Ok(TableTrace {
        table: table.table,
        rows: table.rows,
        left_out: table.left_out,
        row_traces: rows,
        left_out_traces: table.left_out_traces.into_iter().map(left_out).collect(),
    })
}

fn row(row: pb::ExplainedRow) -> anyhow::Result<RowTrace> {
    let parent_row = row.parent_row;
    let parent = filled(row.parent_table).map(|table| RowName { table, row: parent_row });
    Ok(RowTrace {
        row: row.row,
        element: row.element.map(place),
        mapping: filled(row.mapping),
        parent,
        cells: row.cells.into_iter().map(cell).collect::<anyhow::Result<_>>()?,
    })
}

fn cell(cell: pb::ExplainedCell) -> anyhow::Result<CellTrace> {
    let result = match cell.result.as_str() {
        "value" => CellResult::Value,
        "default" => CellResult::Default,
        "null" => CellResult::Null,
        "none" => CellResult::None,
        other => bail!(
            "the coordinator says `{other}` of a cell, which is not known here; upgrade xmlx-client"
        ),
    };
    Ok(CellTrace {
        column: cell.column,
        data_type: cell.data_type,
        mapping: filled(cell.mapping),
        reads: cell.reads,
        steps: cell.steps.into_iter().map(step).collect(),
        result,
        value: cell.value,
    })
}

fn step(step: pb::ExplainedStep) -> StepTrace {
    StepTrace {
        step: step.step,
        what: step.what,
        gives: step.gives,
        at: step.at.map(place),
        warnings: step.warnings,
        value: step.value,
    }
}

fn left_out(left_out: pb::LeftOutElement) -> LeftOut {
    LeftOut {
        element: left_out.element.map(place),
        mapping: filled(left_out.mapping),
        reason: left_out.reason,
        meaning: left_out.meaning,
        instead: left_out.instead.map(place),
        instead_row: left_out.instead_row,
    }
}

fn place(place: pb::DocumentPlace) -> Place {
    Place { path: place.path, line: place.line, column: place.column }
}
