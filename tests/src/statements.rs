//! Every statement that the programs send, with the samples' contracts where names come from one.

use xmlx_domain::{JobId, Mode, Scope, Selection};
use xmlx_extract::Plan;
use xmlx_store::{
    CommitPlan, Comparison, Documents, Holds, Part, Source, Versions, all_statements,
    audited_statements, decided_statement, document_column, load_statement, probe_statements,
    reference_statement, repeated_id_statement, replace_statement, runs_statement, source_columns,
    verification_statements,
};

use crate::Database;

/// Parameters of the generated reads: bounds of the ids, a count, the log's watermark.
const READ_PARAMS: &str =
    "-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint, @P5 bigint, @P6 bigint\n";

/// A statement under the name of its file.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The fixed statement's file, or what a generated one is for.
    pub name: String,
    /// The sample contract that names its tables.
    pub line: Option<&'static str>,
    /// Its T-SQL, with its parameters in a comment.
    pub text: String,
}

impl Statement {
    /// The name of a file for it.
    #[must_use]
    pub fn file(&self) -> String {
        self.line.map_or_else(|| self.name.clone(), |line| format!("{}_{line}", self.name))
    }
}

/// All of them, but for the control schema.
#[expect(clippy::too_many_lines, reason = "a list")]
pub async fn statements(db: &Database) -> Vec<Statement> {
    let fixed = all_statements().into_iter().filter(|(name, _)| !name.starts_with("00"));
    let mut all: Vec<Statement> = fixed
        .map(|(name, text)| Statement { name: name.to_owned(), line: None, text: text.to_owned() })
        .collect();
    for (name, text) in audited_statements() {
        all.push(Statement { name, line: None, text });
    }
    for (name, text) in probe_statements() {
        let text = text.trim_end().trim_end_matches(';');
        let text = format!("-- params: @P1 nvarchar(max)\n{text};\n");
        all.push(Statement { name, line: None, text });
    }
    for (name, text) in xmlx_store::scratch_statements() {
        all.push(Statement { name: name.to_owned(), line: None, text });
    }
    db.run(
        "IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = 'IX_person_app_id') \
         CREATE INDEX [IX_person_app_id] ON [sample].[person] ([app_id])",
    )
    .await;
    for (line, contract) in xmlx_samples::contracts() {
        let plan = Plan::from_json(contract).expect("a sample contract");
        let mut add = |name: &str, text: String| {
            all.push(Statement { name: name.to_owned(), line: Some(line.name()), text });
        };
        add(
            "load",
            format!("-- params: @P1 nvarchar(max), @P2 nvarchar(max)\n{}", load_statement(&plan)),
        );
        for (name, text) in [
            ("replace_documents", replace_statement(&plan)),
            ("decided_documents", decided_statement(&plan)),
        ] {
            add(name, format!("-- params: @P1 nvarchar(max)\n{text}"));
        }
        let source = Source::new(&plan, Mode::Once, 0);
        let catalog = db.store().catalog(plan.target_schema()).await.expect("the catalog");
        let commits = CommitPlan::new(&plan, &catalog, &source).expect("the samples fit");
        for (name, text) in commits.statements() {
            add(name, text);
        }
        let replacing = Source::new(&plan, Mode::ReplaceAll, 0);
        let removals = db
            .store()
            .removals(&plan, &catalog, Scope { lo: 0, hi: 1 }, JobId(1))
            .await
            .expect("the samples' applications can be replaced");
        let others = db.store().rows_of_others_statements(&plan, &removals).await;
        for (i, text) in others.expect("the catalog").into_iter().enumerate() {
            add(
                &format!("rows_of_others_{i}"),
                format!("-- params: @P1 bigint, @P2 bigint\n{text};\n"),
            );
        }
        let commits =
            CommitPlan::replacing(&plan, &catalog, &replacing, &removals).expect("the samples fit");
        for (name, text) in commits.statements() {
            if name != "decided" {
                add(&format!("replace_{name}"), text);
            }
        }
        let reading = Source::new(&plan, Mode::Rehearse, 0);
        let commits = CommitPlan::new(&plan, &catalog, &reading).expect("the samples fit");
        for (name, text) in commits.statements() {
            if name.starts_with("commit") {
                add(&format!("reading_{name}"), text);
            }
        }
        let forecast = db.store().forecast(&plan, &catalog).await.expect("the catalog");
        for (i, lookup) in forecast.lookups().iter().enumerate() {
            add(&format!("lookup_{i}"), lookup.statement());
        }
        let comparison = Comparison::new(&plan, &catalog).expect("the samples fit");
        for (name, text) in comparison.statements() {
            add(name, text);
        }
        let documents = Documents::new(&plan, &source, Holds::WideText);
        add("document_column", format!("{};\n", document_column(&plan)));
        add(
            "documents",
            format!("-- params: @P1 nvarchar(max)\n{};\n", documents.by_id_statement()),
        );
        let reference = reference_statement(
            "[sample].[campaign]",
            "[campaign_code]",
            Some("Latin1_General_BIN2"),
        );
        add("reference", format!("-- params: @P1 nvarchar(max)\n{reference};\n"));
        let runs = runs_statement(&plan);
        add("runs", format!("-- params: @P1 bigint, @P2 bigint, @P3 bigint\n{runs};\n"));
        add("repeated_id", format!("{};\n", repeated_id_statement(&plan)));
        let versions = Versions::new(&plan, "app_id");
        add("versions", format!("-- params: @P1 nvarchar(max)\n{};\n", versions.statement()));
        for (i, text) in source_columns(&plan).into_iter().enumerate() {
            add(&format!("source_column_{i}"), format!("{text};\n"));
        }
        let references = db.store().reference_statements(&plan).await.expect("the catalog");
        for (i, text) in references.into_iter().enumerate() {
            add(&format!("reference_{i}"), format!("-- params: @P1 nvarchar(max)\n{text};\n"));
        }
        let retry = Source::new(&plan, Mode::Retry, 0);
        add(
            "among",
            format!(
                "-- params: @P1 bigint, @P2 bigint, @P3 nvarchar(max), @P4 bigint\n{};\n",
                retry.among_statement()
            ),
        );
        for (name, source) in sources(&plan) {
            let documents = Documents::new(&plan, &source, Holds::WideText);
            for (what, text) in source.statements().into_iter().chain(documents.statements()) {
                add(&format!("{what}_{name}"), format!("{READ_PARAMS}{text};\n"));
            }
            for (what, text) in verification_statements(&plan, &source, &catalog) {
                add(&format!("verify_{what}_{name}"), format!("{READ_PARAMS}{text};\n"));
            }
        }
    }
    all
}

/// The sources of jobs of every mode, and of some that take a part.
fn sources(plan: &Plan) -> Vec<(String, Source)> {
    let modes = Mode::ALL.iter().copied().filter(|mode| *mode != Mode::Follow);
    let whole = modes.map(|mode| (mode.to_string(), Source::new(plan, mode, 0)));
    let sample = Selection::Sample("1%".parse().expect("a share"));
    let parts = [
        ("once_sample", Mode::Once, sample),
        ("replace_sample", Mode::Replace, sample),
        ("retry_listed", Mode::Retry, Selection::Listed(2)),
        ("reconcile_listed", Mode::Reconcile, Selection::Listed(2)),
    ];
    let parts = parts.into_iter().map(|(name, mode, selection)| {
        let part = Part { selection, job: JobId(1) };
        (name.to_owned(), Source::of_part(plan, mode, 0, part))
    });
    whole.chain(parts).collect()
}
