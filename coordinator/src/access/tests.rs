//! Every method of the protocol, called by the holder of every role.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::codegen::http;
use tower::service_fn;

use super::table::{METHODS, Needed};
use super::*;

/// What the holder of each role may call; whoever adds a method says it here a second time.
const OF_WORKERS: &[&str] = &["WorkerService/Session"];
const OF_APPROVERS_ALONE: &[&str] = &["AccessService/CreateToken", "AccessService/RevokeToken"];
const OF_OPERATORS_ALONE: &[&str] = &[
    "JobService/Submit",
    "JobService/SubmitPart",
    "JobService/Pause",
    "JobService/Resume",
    "JobService/Cancel",
    "ClusterService/DrainWorker",
    "ClusterService/Throttle",
    "ClusterService/Prune",
];

fn methods() -> Vec<String> {
    let descriptors = FileDescriptorSet::decode(xmlx_proto::DESCRIPTORS).unwrap();
    let mut all = Vec::new();
    for file in &descriptors.file {
        for service in &file.service {
            for method in &service.method {
                all.push(format!("{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    all
}

fn caller(name: &str, roles: &[AccessRole]) -> Caller {
    Caller { name: name.to_owned(), address: None, roles: roles.iter().copied().collect() }
}

#[test]
fn every_method_of_the_protocol_is_in_the_table_and_no_other() {
    let mut protocol = methods();
    let mut table: Vec<&str> = METHODS.iter().map(|(method, _)| *method).collect();
    table.retain(|method| method.starts_with("xmlx."));
    protocol.sort_unstable();
    table.sort_unstable();
    assert_eq!(table, protocol);
    let open: Vec<&str> = METHODS
        .iter()
        .filter(|(_, needed)| *needed == Needed::Nothing)
        .map(|(method, _)| *method)
        .collect();
    assert!(open.iter().all(|method| method.starts_with("grpc.health.v1.")), "{open:?}");
}

#[test]
fn each_role_may_call_its_methods_and_no_other() {
    let mut walked = BTreeMap::new();
    for method in methods() {
        let short = method.strip_prefix("xmlx.v1.").unwrap();
        let is_of_workers = OF_WORKERS.contains(&short);
        let is_of_operators = OF_OPERATORS_ALONE.contains(&short);
        let is_of_approvers = OF_APPROVERS_ALONE.contains(&short);
        for role in AccessRole::ALL {
            let expected = match role {
                AccessRole::Worker => is_of_workers,
                AccessRole::Coordinator => false,
                AccessRole::Operator => !is_of_workers && !is_of_approvers,
                AccessRole::Approver => !is_of_workers && !is_of_operators,
                AccessRole::Viewer => !is_of_workers && !is_of_operators && !is_of_approvers,
            };
            let permitted = permit(&caller("x", &[*role]), &format!("/{method}"));
            assert_eq!(permitted.is_ok(), expected, "{method} {role}");
            *walked.entry(expected).or_insert(0) += 1;
        }
        let nobody = permit(&caller("", &[]), &format!("/{method}")).unwrap_err();
        assert_eq!(nobody.code, ErrorCode::Denied);
        assert!(nobody.message.contains("prove who you are"), "{nobody}");
    }
    assert!(walked[&true] > 20 && walked[&false] > 30, "{walked:?}");
}

#[test]
fn what_is_not_in_the_table_nobody_may_call() {
    let everybody = caller("x", AccessRole::ALL);
    for path in [
        "",
        "/",
        "/xmlx.v1.JobService/Explode",
        "/xmlx.v1.JobService/Submit/",
        "//xmlx.v1.JobService/submit",
    ] {
        let refusal = permit(&everybody, path).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::Denied, "{path}");
    }
}

/// The layer asks before it lets anything through, and hands the caller on.
#[tokio::test]
async fn a_stranger_reaches_nothing() {
    let inner = service_fn(async |request: http::Request<Body>| {
        let caller = request.extensions().get::<Caller>().expect("whoever gets through is known");
        assert_eq!(caller.name, "");
        Ok::<_, Infallible>(http::Response::new(Body::empty()))
    });
    let status = async |guard: Guard| {
        let mut guarded = guard.layer(inner);
        let request = http::Request::builder().uri("/xmlx.v1.ClusterService/Status");
        let answer = guarded.call(request.body(Body::empty()).unwrap()).await.unwrap();
        answer.headers().get("grpc-status").map(|value| value.to_str().unwrap().to_owned())
    };
    // Nobody listens there: what is denied is denied without the database.
    let store = store_at("127.0.0.1,1");
    let mut guard = Guard::new(&Security::default(), RoleRules::default(), &store);
    assert_eq!(status(guard.clone()).await, None, "without TLS everybody may");
    guard.is_open = false;
    assert_eq!(status(guard).await.as_deref(), Some("7"), "PERMISSION_DENIED");
}

fn store_at(server: &str) -> Store {
    let store = Store::new(&xmlx_store::StoreConfig {
        connection_string: format!("Server={server};Database=d;User Id=u;Password=p"),
        ca: None,
        access: xmlx_store::Access::ReadWrite,
        application_name: "test".to_owned(),
        connections_max: 1,
        limits: xmlx_extract::Limits::default(),
    });
    store.unwrap()
}

/// A database that is gone is asked once, however many come with made-up tokens: each of them would wait for it.
#[tokio::test]
async fn made_up_tokens_do_not_wait_for_a_database_that_is_gone() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let n_asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&n_asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            drop(stream);
        }
    });
    let tokens = Tokens::new(store_at(&format!("127.0.0.1,{}", address.port())));
    assert_eq!(tokens.find("xmlx_made_up").await, None);
    let first = n_asked.load(std::sync::atomic::Ordering::SeqCst);
    assert!(first > 0, "it was asked");
    for i in 0..1_000 {
        assert_eq!(tokens.find(&format!("xmlx_made_up_{i}")).await, None);
    }
    let asked = n_asked.load(std::sync::atomic::Ordering::SeqCst);
    // A busy machine may need more than the two seconds after which it is asked again, but not for each of them.
    assert!(asked < 10 * first, "{asked} connections, {first} for the first token");
}
