//! The statements with fixed names.

#[cfg(test)]
mod words;

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("../sql/", $file, ".sql"));)*

        /// Every fixed statement with its file's name, for checks from outside.
        #[must_use]
        pub fn all() -> Vec<(&'static str, &'static str)> {
            vec![$(($file, $name),)*]
        }
    };
}

statements! {
    CONTROL_1 = "001_control";
    CONTROL_2 = "002_range_state";
    CONTROL_3 = "003_control";
    CONTROL_4 = "004_range_report";
    CONTROL_5 = "005_finding";
    CONTROL_6 = "006_audit";
    CONTROL_7 = "007_selection";
    AUDIT_HEAD = "audit_head";
    AUDIT_PAGE = "audit_page";
    TOKEN_INSERT = "token_insert";
    TOKEN_REVOKE = "token_revoke";
    TOKENS = "tokens";
    CATALOG_COLUMNS = "catalog_columns";
    CATALOG_FOREIGN_KEYS = "catalog_foreign_keys";
    CATALOG_FOREIGN_COLUMNS = "catalog_foreign_columns";
    CATALOG_UNIQUE_KEYS = "catalog_unique_keys";
    CATALOG_INDEXES = "catalog_indexes";
    CATALOG_REFERENCES = "catalog_references";
    CATALOG_REFERRERS = "catalog_referrers";
    DATABASE = "database";
    FINDINGS = "findings";
    FINDINGS_COUNT = "findings_count";
    JOB_ACCOUNT = "job_account";
    JOB_APPLICATIONS = "job_applications";
    JOB_BUDGET_RENEW = "job_budget_renew";
    JOB_CONTRACT = "job_contract";
    FOLLOW_NOTE = "follow_note";
    FOLLOW_READ = "follow_read";
    JOB_EXTEND = "job_extend";
    JOB_EXTEND_DOWN = "job_extend_down";
    JOB_INSERT = "job_insert";
    JOB_LOG_END = "job_log_end";
    JOB_REASON = "job_reason";
    JOB_SCOPE = "job_scope";
    JOB_SELECTIONS = "job_selections";
    JOB_SETTLE = "job_settle";
    JOB_STATE = "job_state";
    JOB_THRESHOLDS = "job_thresholds";
    JOB_THRESHOLD_RENEW = "job_threshold_renew";
    JOB_TOTAL = "job_total";
    JOB_WARNING_SUMS = "job_warning_sums";
    JOBS = "jobs";
    JOBS_COUNT = "jobs_count";
    JOBS_OPEN = "jobs_open";
    JOBS_UNCOUNTED = "jobs_uncounted";
    JOBS_WARNED = "jobs_warned";
    LEADER_ACQUIRE = "leader_acquire";
    LEADER_READ = "leader_read";
    LEADER_RENEW = "leader_renew";
    LEADER_RESIGN = "leader_resign";
    LEADER_THROTTLE = "leader_throttle";
    PERMISSIONS = "permissions";
    PRUNE_EXTRAS = "prune_extras";
    PRUNE_FINDINGS = "prune_findings";
    PRUNE_FIND = "prune_find";
    PRUNE_JOB = "prune_job";
    PRUNE_REPORTS = "prune_reports";
    PRUNE_SELECTION = "prune_selection";
    PRUNE_SESSIONS = "prune_sessions";
    PRUNE_SESSIONS_FIND = "prune_sessions_find";
    RANGE_CHANGE = "range_change";
    RANGE_COMPLETE = "range_complete";
    RANGE_HISTORY = "range_history";
    RANGE_OPEN = "range_open";
    RANGE_REOPEN = "range_reopen";
    RANGE_REPORTS = "range_reports";
    RANGES = "ranges";
    RANGES_BETWEEN = "ranges_between";
    RANGES_LAST = "ranges_last";
    RANGES_OPEN = "ranges_open";
    REHEARSED_KEYS = "rehearsed_keys";
    REHEARSED_KEYS_COUNT = "rehearsed_keys_count";
    REPLACED_CONTRACTS = "replaced_contracts";
    RUN_OWNER = "run_owner";
    SESSION = "session";
    SCHEMA_PRESENT = "schema_present";
    SCHEMA_VERSION = "schema_version";
    SESSION_CLOSE = "session_close";
    SESSION_OPEN = "session_open";
    SESSIONS = "sessions";
    SUSPECT_NOTE = "suspect_note";
    TRIAL = "trial";
    WARNINGS = "warnings";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(sql: &str) -> Vec<&str> {
        sql.lines().filter(|line| !line.starts_with("--")).collect()
    }

    /// Two leaders can have one term: a database that went back in time gives it out again.
    #[test]
    fn a_leader_is_told_by_term_and_holder() {
        let is_fence = |line: &&str| line.contains("[term] = @P");
        let fences: Vec<(&str, &str)> = all()
            .into_iter()
            .flat_map(|(name, sql)| {
                numbered(sql).into_iter().filter(is_fence).map(move |line| (name, line))
            })
            .collect();
        assert!(fences.len() > 10);
        for (name, line) in fences {
            assert!(line.contains("AND [holder] = CAST(@P"), "{name}: {line}");
        }
    }

    /// Text travels as nvarchar. Compared with a varchar column it would make the server convert the column, of every
    /// row, instead of looking into its index.
    #[test]
    fn text_is_compared_as_what_its_column_is() {
        for (name, sql) in all() {
            let declared = sql.split("-- params: ").nth(1).and_then(|it| it.lines().next());
            for param in declared.unwrap_or_default().split(", ") {
                let Some((param, ty)) = param.split_once(' ') else { continue };
                if !ty.starts_with("varchar") && !ty.starts_with("char") {
                    continue;
                }
                for line in numbered(sql) {
                    let Some((_, condition)) = line.split_once("WHERE ") else { continue };
                    let compared = format!("] = {param}");
                    let rest = condition.split_once(&compared).map(|(_, rest)| rest);
                    let is_it =
                        rest.is_some_and(|it| !it.starts_with(|c: char| c.is_ascii_digit()));
                    assert!(!is_it, "{name}: say CAST({param} AS {ty}) in `{line}`");
                }
            }
        }
    }
}
