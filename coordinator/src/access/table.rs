//! Which method takes which role.

use xmlx_domain::AccessRole::{self, Approver, Operator, Viewer, Worker};

/// Who only looks.
const LOOK: Needed = Needed::OneOf(&[Viewer, Operator, Approver]);
/// Who changes what the cluster does.
const CHANGE: Needed = Needed::OneOf(&[Operator]);

/// Who lets others in.
const GRANT: Needed = Needed::OneOf(&[Approver]);

/// What a method takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// Nothing: it says no more than that the process runs.
    Nothing,
    /// One of these roles.
    OneOf(&'static [AccessRole]),
}

/// Every method there is. A test compares it with the protocol, so that a new method is not forgotten.
pub(super) const METHODS: &[(&str, Needed)] = &[
    ("xmlx.v1.JobService/Submit", CHANGE),
    ("xmlx.v1.JobService/SubmitPart", CHANGE),
    ("xmlx.v1.JobService/ListJobs", LOOK),
    ("xmlx.v1.JobService/ListRanges", LOOK),
    ("xmlx.v1.JobService/ListFailures", LOOK),
    ("xmlx.v1.JobService/GroupFailures", LOOK),
    ("xmlx.v1.JobService/ListRuns", LOOK),
    // Values in the answer take an operator: see `explain.rs`.
    ("xmlx.v1.JobService/ExplainApplication", LOOK),
    ("xmlx.v1.JobService/ListWarnings", LOOK),
    ("xmlx.v1.JobService/GetRehearsal", LOOK),
    ("xmlx.v1.JobService/GetQuality", LOOK),
    ("xmlx.v1.JobService/Verify", LOOK),
    ("xmlx.v1.JobService/GetReconciliation", LOOK),
    ("xmlx.v1.JobService/GetCoverage", LOOK),
    ("xmlx.v1.JobService/GetDiff", LOOK),
    ("xmlx.v1.JobService/Pause", CHANGE),
    ("xmlx.v1.JobService/Resume", CHANGE),
    ("xmlx.v1.JobService/Cancel", CHANGE),
    ("xmlx.v1.ClusterService/Status", LOOK),
    ("xmlx.v1.ClusterService/DrainWorker", CHANGE),
    ("xmlx.v1.ClusterService/Throttle", CHANGE),
    ("xmlx.v1.ClusterService/Prune", CHANGE),
    ("xmlx.v1.AccessService/ListAudit", LOOK),
    ("xmlx.v1.AccessService/CreateToken", GRANT),
    ("xmlx.v1.AccessService/ListTokens", LOOK),
    ("xmlx.v1.AccessService/RevokeToken", GRANT),
    ("xmlx.v1.WorkerService/Session", Needed::OneOf(&[Worker])),
    ("grpc.health.v1.Health/Check", Needed::Nothing),
    ("grpc.health.v1.Health/Watch", Needed::Nothing),
    ("grpc.health.v1.Health/List", Needed::Nothing),
    ("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", LOOK),
];

/// What a method takes, by `SERVICE/METHOD`; `None`: there is no such method.
pub(super) fn needed(method: &str) -> Option<Needed> {
    METHODS.iter().find(|(known, _)| *known == method).map(|(_, needed)| *needed)
}
