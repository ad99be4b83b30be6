//! What grows with every job: lists come in pages, and what nobody needs any more is taken away when asked.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use tonic::transport::Channel;
use xmlx_proto::v1 as pb;
use xmlx_proto::v1::job_service_client::JobServiceClient;
use xmlx_tests::{Cluster, Setup};

/// Jobs that ended long ago go with everything of theirs; what a job needs that stays, stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_ended_long_ago_is_taken_away_when_asked() {
    let cluster = Cluster::start(Setup { broken_permille: 300, ..Setup::small(60) }).await;
    let first = cluster.submit(&["--limit", "20", "--wait"]);
    let follow = cluster.submit(&["--follow"]);
    cluster.wait_logged(60).await;
    let retry = ["retry", "--contract", "card.json", "--wait", "-o", "json"];
    let retried = cluster.client(&retry).json()["job"]["job"].as_i64().unwrap();
    let newest = cluster.client(&retry).json()["job"]["job"].as_i64().unwrap();
    assert_eq!((first, follow, retried, newest), (1, 2, 3, 4));
    let prune = |flags: &[&str]| {
        let all: Vec<&str> = ["prune", "--older-than", "90d", "-o", "json"]
            .into_iter()
            .chain(flags.iter().copied())
            .collect();
        cluster.client(&all).expect(0).json()
    };
    assert_eq!(prune(&[])["jobs"], 0, "nothing is old enough");
    let log_ends = "SELECT COUNT_BIG(*) FROM [xmlx].[job] WHERE [log_end] IS NOT NULL";
    cluster
        .wait_for("the ends of the logs", async |cluster| cluster.db.count(log_ends).await == 3)
        .await;
    for sql in [
        "UPDATE [xmlx].[job] SET [created_at] = DATEADD(day, -101, [created_at]), [finished_at] = DATEADD(day, -100, [finished_at])",
        "INSERT INTO [xmlx].[worker_session] ([session_id], [name], [build], [slots], [state], [started_at], [ended_at]) VALUES ('00000000-0000-4000-8000-000000000009', N'w9', N'0', 1, 'left', '2020-01-01T00:00:00', '2020-01-02T00:00:00')",
    ] {
        cluster.db.run(sql).await;
    }
    let sessions = "SELECT COUNT_BIG(*) FROM [xmlx].[worker_session]";
    let of_job = |table: &str, job: i64| {
        format!("SELECT COUNT_BIG(*) FROM [xmlx].[{table}] WHERE [job_id] = {job}")
    };
    let entries = cluster.db.count(&of_job("range_history", first)).await;
    let would = prune(&["--dry-run"]);
    assert_eq!((&would["jobs"], &would["history"]), (&1.into(), &entries.into()), "{would}");
    assert_eq!(would["sessions"], 1);
    assert_eq!(cluster.db.count(sessions).await, 2, "nothing has gone yet");

    let did = prune(&[]);
    assert_eq!(did["jobs"], 1, "{did}");
    assert_eq!((&did["history"], &did["ranges"]), (&would["history"], &would["ranges"]));
    assert_eq!(cluster.db.count(sessions).await, 1);
    for table in ["job", "range", "range_history", "suspect", "job_budget", "warning"] {
        assert_eq!(cluster.db.count(&of_job(table, first)).await, 0, "{table}");
    }
    // The retry ran beside the job that follows, which needs its row; the newest job's id must not come again.
    cluster.assert_each_verified(&[follow, retried, newest]);
    assert_eq!(prune(&[])["jobs"], 0);
    let too_young = cluster.client(&["prune", "--older-than", "1m"]);
    assert!(too_young.stderr.contains("at least 3600"), "{too_young:?}");
}

/// However small the pages, together they are the list.
#[tokio::test(flavor = "multi_thread")]
async fn pages_make_up_the_list() {
    let flags = &["--lease-apps-first", "5", "--lease-apps-min", "5"];
    let setup = Setup { broken_permille: 400, coordinator_flags: flags, ..Setup::small(60) };
    let cluster = Cluster::start(setup).await;
    let job = cluster.submit(&["--wait"]);
    let again = cluster.submit(&["--wait"]);
    let channel = Channel::from_shared(cluster.coordinators[0].0.clone()).unwrap();
    let mut client = JobServiceClient::new(channel.connect().await.unwrap());

    let (mut ranges, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListRangesRequest { job_id: job, page_size: 2, page_token };
        let page = client.list_ranges(request).await.unwrap().into_inner();
        assert!(page.ranges.len() <= 2);
        ranges.extend(page.ranges.iter().map(|it| it.range_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let all =
        format!("SELECT [range_id] FROM [xmlx].[range] WHERE [job_id] = {job} ORDER BY [range_id]");
    assert_eq!(ranges, cluster.db.column(&all).await);
    assert!(ranges.len() > 4, "{ranges:?}");

    let (mut failures, mut stages, mut page_token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let request = pb::ListFailuresRequest {
            job_id: job,
            limit: 0,
            page_size: 3,
            page_token,
            filter: None,
        };
        let page = client.list_failures(request).await.unwrap().into_inner();
        failures.extend(page.failures.iter().map(|it| it.app_id));
        stages.push(page.stages.len());
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let all = "SELECT CAST([app_id] AS bigint) FROM [sample].[processing_log] WHERE [status] = 'failed' ORDER BY [log_id] DESC";
    assert_eq!(failures, cluster.db.column(all).await);
    assert!(failures.len() > 6 && stages[0] > 0 && stages[1..].iter().all(|it| *it == 0));

    let mut list = async |page_token: String| {
        let request = pb::ListJobsRequest { page_size: 1, page_token, job_id: None };
        client.list_jobs(request).await.map(tonic::Response::into_inner)
    };
    let newest = list(String::new()).await.unwrap();
    let oldest = list(newest.next_page_token.clone()).await.unwrap();
    assert_eq!((newest.jobs[0].job_id, oldest.jobs[0].job_id), (again, job));
    assert_eq!(oldest.next_page_token, "");
    let refused = list("nonsense".to_owned()).await.unwrap_err();
    assert!(refused.message().contains("page_token"), "{refused:?}");
}
