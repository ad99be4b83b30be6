//! The statements with fixed names.

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
    CATALOG_COLUMNS = "catalog_columns";
    CATALOG_FOREIGN_KEYS = "catalog_foreign_keys";
    CATALOG_INDEXES = "catalog_indexes";
    CATALOG_REFERENCES = "catalog_references";
    DATABASE = "database";
    JOB_CONTRACT = "job_contract";
    JOB_EXTEND = "job_extend";
    JOB_INSERT = "job_insert";
    JOB_LOG_END = "job_log_end";
    JOB_STATE = "job_state";
    JOB_TOTAL = "job_total";
    JOBS = "jobs";
    JOBS_OPEN = "jobs_open";
    LEADER_ACQUIRE = "leader_acquire";
    LEADER_READ = "leader_read";
    LEADER_RENEW = "leader_renew";
    LEADER_RESIGN = "leader_resign";
    LEADER_THROTTLE = "leader_throttle";
    PERMISSIONS = "permissions";
    RANGE_CHANGE = "range_change";
    RANGE_COMPLETE = "range_complete";
    RANGE_HISTORY = "range_history";
    RANGE_OPEN = "range_open";
    RANGES = "ranges";
    RANGES_LAST = "ranges_last";
    RANGES_OPEN = "ranges_open";
    SESSION = "session";
    SCHEMA_PRESENT = "schema_present";
    SCHEMA_VERSION = "schema_version";
    SESSION_CLOSE = "session_close";
    SESSION_OPEN = "session_open";
    SESSIONS = "sessions";
    SUSPECT_NOTE = "suspect_note";
}
