//! Tests that cannot run here, and why. They say so where it is seen: runners keep what a passed test prints to
//! themselves.

use std::io::Write as _;

/// Names a file that a line is added to for every test that is skipped; `tests/run` prints it.
const FILE: &str = "XMLX_TEST_SKIPPED";

/// Holds the connection string of a server to test against instead of devdb. The login may create databases and
/// logins.
pub(crate) const SERVER: &str = "XMLX_TEST_SQLSERVER";

/// What a test needs that only devdb has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// To make statements slow, or fail, or lose their answers, in a planned way.
    Faults,
    /// A server of its own, whose address, password, certificate or conversions it chooses.
    OwnServer,
    /// To stop the server and start it again.
    Restart,
    /// To cut every connection of the server at once.
    CutConnections,
    /// What devdb records: logins, errors, locks.
    Record,
    /// To read the bytes between the product and the database, which a server may encrypt.
    Wire,
}

impl Needs {
    fn reason(self) -> &'static str {
        match self {
            Self::Faults => "it needs a plan of faults",
            Self::OwnServer => {
                "it needs a server of its own, to choose its address and how it differs"
            }
            Self::Restart => "it needs a server that it may stop and start",
            Self::CutConnections => "it needs a server whose connections it may cut",
            Self::Record => "it needs a record of logins, errors or locks",
            Self::Wire => "it needs a connection whose bytes it can read",
        }
    }
}

/// Every test that is skipped on a server that is not devdb: its suite, what it needs, its name. All other tests run
/// there. `tests/tests/skipped.rs` compares this list with the tests.
#[rustfmt::skip]
pub const ON_DEVDB_ALONE: &[(&str, Needs, &[&str])] = &[
    ("administrator", Needs::Faults, &[
        "the_database_alone_can_stop_a_job",
    ]),
    ("barriers", Needs::Faults, &[
        "nothing_is_committed_after_a_pause",
        "pauses_in_quick_succession_are_barriers_each",
        "nothing_is_committed_after_a_cancel",
        "a_pause_outlives_its_leader",
        "draining_a_host_repeats_nothing",
        "draining_everybody_leaves_the_rest_for_later",
    ]),
    ("budgets", Needs::Faults, &[
        "a_job_in_which_most_fail_pauses_by_itself",
        "a_number_of_failures_pauses_and_resume_goes_on",
        "warnings_pause_a_job_that_asked_for_it",
    ]),
    ("connect", Needs::OwnServer, &[
        "a_wrong_password_ends_the_worker_and_not_the_job",
        "a_wrong_password_is_told_at_once_by_coordinator_and_client",
        "a_server_without_tls_is_told_from_one_that_is_not_there",
        "passwords_are_not_shown",
        "the_connection_string_may_lie_in_a_file",
        "a_login_that_was_let_in_before_is_tried_again",
        "certificates_are_checked",
        "a_failover_partner_takes_over",
        "a_named_instance_is_found",
        "documents_are_read_from_a_copy",
        "a_copy_that_lags_is_waited_for",
    ]),
    ("connections", Needs::Faults, &[
        "an_unread_answer_is_never_taken_for_another",
        "a_session_that_ends_is_not_used_again",
        "a_probe_that_fails_is_nobodys_error",
        "a_connection_that_never_was_sound_is_an_error",
    ]),
    ("connections", Needs::Record, &[
        "a_refusal_costs_no_connection",
        "an_open_transaction_is_never_taken_over",
        "what_a_batch_sets_does_not_stay",
    ]),
    ("coverage", Needs::Faults, &[
        "a_job_counts_what_its_documents_have_as_files_are_counted",
        "a_job_maps_its_documents_by_a_changed_contract",
    ]),
    ("decided_once", Needs::Faults, &[
        "what_another_tool_logs_meanwhile_is_left_alone",
        "a_drain_extracts_nothing_twice",
    ]),
    ("fault_matrix", Needs::Faults, &[
        "s1_read_the_contract",
        "s2_read_the_columns",
        "s3_read_the_foreign_keys",
        "s4_open_the_range",
        "s5_note_a_suspect",
        "s6_fetch",
        "s7_commit",
        "s8_find_refused",
        "s9_close_the_range",
    ]),
    ("faults", Needs::Faults, &[
        "a_killed_worker_loses_its_leases_to_the_other",
        "a_killed_leader_is_replaced_and_nothing_is_repeated",
        "a_leader_told_to_stop_resigns",
        "a_zombie_commits_nothing",
        "draining_repeats_nothing",
        "pause_is_a_barrier",
        "a_pause_whose_answer_is_lost_is_a_barrier_too",
        "a_submission_whose_answer_is_lost_is_made_once",
        "a_commit_whose_answer_is_lost_is_applied_once",
        "a_commit_that_never_arrived_is_sent_again",
        "a_deadlock_is_tried_again",
        "a_lock_timeout_is_tried_again",
        "a_fetch_that_breaks_is_tried_again",
        "a_range_change_that_breaks_is_seen_through",
        "a_completion_whose_answer_is_lost_is_found_out",
        "a_full_log_pauses_the_job",
        "an_error_without_a_number_pauses_the_job_at_last",
        "an_idle_slot_takes_half_of_the_largest_lease",
        "a_pause_that_finds_a_range_changed_is_a_pause",
        "later_jobs_do_not_count_for_an_earlier_one",
    ]),
    ("faults", Needs::Restart, &[
        "the_database_is_restarted_under_load",
    ]),
    ("fence", Needs::Faults, &[
        "a_commit_that_arrives_after_its_lease_was_lost_is_refused",
        "a_commit_that_arrives_when_another_holds_its_range_is_refused",
        "a_database_that_went_back_in_time_is_filled_again",
    ]),
    ("find_refused", Needs::Faults, &[
        "answers_that_are_lost_and_servers_that_cannot",
    ]),
    ("find_refused", Needs::Record, &[
        "what_cannot_be_caught_leaves_nothing_open",
    ]),
    ("locks", Needs::Record, &[
        "rows_are_locked_in_one_order",
        "a_commit_locks_no_more_rows_of_a_table_than_allowed",
    ]),
    ("main_job", Needs::Faults, &[
        "limit_kill_look_start_again",
        "totals_are_true",
        "a_fetch_that_takes_long_is_waited_for",
        "what_appears_behind_a_job_is_taken_at_its_end",
    ]),
    ("operator", Needs::Faults, &[
        "a_silent_database_is_named",
        "a_job_says_what_holds_it_up",
    ]),
    ("partition", Needs::Faults, &[
        "a_host_that_is_cut_off_commits_nothing_afterwards",
        "a_host_that_nobody_hears_commits_nothing_afterwards",
        "a_host_that_hears_nothing_commits_nothing_afterwards",
    ]),
    ("privileges", Needs::CutConnections, &[
        "a_login_that_is_taken_away_ends_its_programs_alone",
    ]),
    ("privileges", Needs::Faults, &[
        "deaths_and_orders_take_no_more",
    ]),
    ("quality", Needs::Faults, &[
        "counts_are_exact_whatever_goes_wrong",
        "a_threshold_pauses_the_job_and_resume_goes_on",
    ]),
    ("refused_rows", Needs::Faults, &[
        "an_unlisted_error_fails_the_application_it_belongs_to",
        "an_unlisted_error_that_all_meet_pauses_the_job",
        "one_refusal_in_a_hundred_costs_few_commits",
        "one_refusal_in_ten_costs_few_round_trips",
        "refused_applications_are_decided_once_whatever_passes",
        "listed_and_unlisted_errors_are_found_beside_each_other",
        "a_server_that_cannot_search_is_searched_by_halves",
    ]),
    ("rehearsal", Needs::Faults, &[
        "a_rehearsal_writes_nothing_and_comes_to_what_the_load_comes_to",
        "an_old_worker_rehearses_nothing",
    ]),
    ("replace", Needs::Faults, &[
        "every_application_is_wholly_old_or_wholly_new_under_kills",
    ]),
    ("secured", Needs::Faults, &[
        "certificates_and_their_ca_are_replaced_under_load",
    ]),
    ("selection", Needs::Faults, &[
        "a_retry_takes_what_failed_for_one_reason",
        "an_old_worker_is_given_no_part",
    ]),
    ("server", Needs::Faults, &[
        "a_trial_that_was_disturbed_is_no_finding",
    ]),
    ("server", Needs::OwnServer, &[
        "a_server_that_garbles_text_is_refused",
        "nothing_is_decided_on_a_server_that_garbles_text",
        "errors_without_a_number_are_told",
    ]),
    ("sharing", Needs::Faults, &[
        "a_job_of_higher_priority_is_served_first",
    ]),
    ("doctor", Needs::OwnServer, &["what_a_server_does_in_another_way_is_named"]),
    ("doctor", Needs::Faults, &["the_scratch_schema_goes_after_an_error"]),
    ("slow_reads", Needs::Faults, &[
        "no_grant_waits_for_a_read",
        "many_counts_leave_room_for_grants_and_questions",
        "jobs_are_answered_while_a_commit_is_held_open",
    ]),
    ("takeover", Needs::Faults, &[
        "two_leaders_are_killed_one_after_the_other",
        "a_leader_that_resigns_is_followed_at_once",
        "a_leader_that_was_paused_finds_itself_deposed",
        "a_paused_coordinator_holds_no_client_up",
        "a_leader_cut_from_the_database_is_replaced",
        "a_leader_that_hears_nothing_of_the_database_is_replaced",
        "a_leader_cut_from_its_workers_takes_their_leases",
        "a_leader_that_hears_nothing_of_its_workers_takes_their_leases",
        "a_worker_and_the_leader_die_together",
        "all_coordinators_are_away_for_a_while",
    ]),
    ("throttle", Needs::Faults, &[
        "a_ceiling_is_shared_out_and_outlives_the_leader",
        "fewer_commits_than_workers",
        "congestion_fails_no_application",
    ]),
    ("upgrade", Needs::Faults, &[
        "a_cluster_is_upgraded_one_by_one_under_load",
        "workers_may_be_upgraded_before_coordinators",
        "a_build_that_is_too_old_for_the_tables_refuses_to_work",
    ]),
    ("warnings", Needs::Faults, &[
        "every_warning_is_counted_once_whoever_dies",
    ]),
    ("wire", Needs::Wire, &[
        "round_trips_per_group",
        "every_statement_is_listed_and_every_parameter_has_a_type",
        "an_encrypted_database_connection_works",
    ]),
];

/// Whether the tests run against a server that is not devdb, so that a test which needs devdb ends here. Says so.
#[must_use]
pub fn skips_on_server(needs: Needs) -> bool {
    let skips = std::env::var_os(SERVER).is_some();
    if skips {
        skipped(&format!("{}, and {SERVER} is set", needs.reason()));
    }
    skips
}

/// Notes that the running test is skipped, and why.
#[allow(clippy::print_stderr, reason = "what is skipped has to be seen")]
pub(crate) fn skipped(reason: &str) {
    let thread = std::thread::current();
    let line = format!("SKIPPED {}: {reason}", thread.name().unwrap_or("a test"));
    eprintln!("{line}");
    if let Some(path) = std::env::var_os(FILE) {
        let file = std::fs::File::options().create(true).append(true).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        written.unwrap_or_else(|err| panic!("{FILE} {}: {err}", path.display()));
    }
}
