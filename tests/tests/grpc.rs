//! What every gRPC tool expects of a server, and what the protocol refuses.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use xmlx_proto::v1 as pb;
use xmlx_proto::v1::worker_message::Body;
use xmlx_proto::v1::worker_service_client::WorkerServiceClient;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_tests::{Cluster, Setup};

async fn coordinator() -> (Cluster, Channel) {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let url = cluster.coordinators[0].0.clone();
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    (cluster, channel)
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_reported() {
    let (_cluster, channel) = coordinator().await;
    let request = HealthCheckRequest { service: "xmlx.v1.JobService".to_owned() };
    let answer = HealthClient::new(channel).check(request).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_the_services() {
    let (_cluster, channel) = coordinator().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let mut answers =
        client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.next().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<&str> = list.service.iter().map(|it| it.name.as_str()).collect();
    for name in ["xmlx.v1.WorkerService", "xmlx.v1.JobService", "xmlx.v1.ClusterService"] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
}

/// What is malformed is refused at the door, with the field's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_hello_is_refused_with_a_reason() {
    let (_cluster, channel) = coordinator().await;
    let good = pb::Hello {
        protocol_min: 1,
        protocol_max: 1,
        session_id: "00000000-0000-4000-8000-000000000001".to_owned(),
        name: "w".to_owned(),
        build: "0".to_owned(),
        slots: 1,
        held: Vec::new(),
    };
    let cases = [
        (None, ErrorCode::Invalid, "`hello`"),
        (
            Some(pb::Hello { session_id: "x".to_owned(), ..good.clone() }),
            ErrorCode::Invalid,
            "`hello.session_id`",
        ),
        (Some(pb::Hello { slots: 0, ..good.clone() }), ErrorCode::Invalid, "`hello.slots`"),
        (Some(pb::Hello { slots: 1_000_000, ..good.clone() }), ErrorCode::Invalid, "`hello.slots`"),
        (
            Some(pb::Hello { protocol_min: 98, protocol_max: 99, ..good }),
            ErrorCode::Protocol,
            "upgrade the older of the two",
        ),
    ];
    for (hello, code, text) in cases {
        let body = hello.map_or(Body::Goodbye(pb::Goodbye::default()), Body::Hello);
        let message = pb::WorkerMessage { term: 0, body: Some(body) };
        let mut client = WorkerServiceClient::new(channel.clone());
        let refused =
            client.session(tokio_stream::once(message)).await.map(drop).expect_err("a refusal");
        let refusal = Refusal::from_status(&refused);
        assert_eq!(refusal.code, code, "{refusal}");
        assert!(refusal.message.contains(text), "{refusal}");
    }
}

/// The highest version that both sides speak.
#[tokio::test(flavor = "multi_thread")]
async fn hello_and_welcome_agree_on_a_protocol() {
    let (_cluster, channel) = coordinator().await;
    for (n, protocol_max, agreed) in [(1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 9, 4)] {
        let hello = pb::Hello {
            protocol_min: 1,
            protocol_max,
            session_id: format!("00000000-0000-4000-8000-00000000000{n}"),
            name: "w".to_owned(),
            build: "0".to_owned(),
            slots: 1,
            held: Vec::new(),
        };
        let message = pb::WorkerMessage { term: 0, body: Some(Body::Hello(hello)) };
        let mut client = WorkerServiceClient::new(channel.clone());
        let mut answers =
            client.session(tokio_stream::once(message)).await.expect("a stream").into_inner();
        let first = answers.message().await.expect("a message").expect("a message").body;
        let Some(pb::coordinator_message::Body::Welcome(welcome)) = first else {
            panic!("{first:?}")
        };
        assert_eq!(welcome.protocol, agreed, "of 1..={protocol_max}");
    }
}
