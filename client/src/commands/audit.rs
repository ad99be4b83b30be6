//! `audit`: who did what, and whether the record is whole.

use std::time::Duration;

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};

/// What is asked of the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// No older than this.
    pub(crate) since: Option<Duration>,
    /// Check the whole of it, and print no entries.
    pub(crate) verify: bool,
}

/// What a check found.
#[derive(Debug, serde::Serialize)]
struct Verified {
    entries: i64,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
    head: String,
}

pub(crate) async fn run(cluster: &Cluster, format: Format, asked: Asked) -> anyhow::Result<Answer> {
    if asked.verify {
        return verify(cluster, format).await;
    }
    let mut after = 0;
    let mut widths = Vec::new();
    let mut is_first = true;
    loop {
        let page = page(cluster, after, asked.since).await?;
        let Some(last) = page.entries.last() else {
            if is_first && format == Format::Table {
                output::table(&HEADER, Vec::new())?;
            }
            return Ok(Answer::Yes);
        };
        after = last.entry;
        match format {
            // A line for each, as systems that collect such records read them.
            Format::Json => {
                for entry in &page.entries {
                    output::json(&object(entry))?;
                }
            }
            Format::Table => {
                let rows = page.entries.iter().map(row).collect();
                let header = is_first.then_some(&HEADER[..]);
                output::verbatim(&output::columns(header, rows, &mut widths))?;
            }
        }
        is_first = false;
    }
}

async fn page(
    cluster: &Cluster,
    after: i64,
    since: Option<Duration>,
) -> anyhow::Result<pb::ListAuditResponse> {
    let since_s =
        since.map_or(0, |since| u32::try_from(since.as_secs().max(1)).unwrap_or(u32::MAX));
    let request = pb::ListAuditRequest { after, page_size: 0, since_s };
    let list = async |channel| cluster::access(channel).list_audit(request).await;
    cluster.call(Patience::READING, list).await
}

/// Goes through the whole record: each entry follows the one before, and the last is the one that the head names.
async fn verify(cluster: &Cluster, format: Format) -> anyhow::Result<Answer> {
    let mut chain = Chain::default();
    let head = loop {
        let page = page(cluster, chain.entry, None).await?;
        let is_last = page.entries.is_empty();
        chain.follow(&page.entries);
        if is_last || chain.broken_at.is_some() {
            break page;
        }
    };
    chain.end(head.head_entry, &head.head_hash);
    let verified = Verified {
        entries: chain.entry,
        holds: chain.broken_at.is_none(),
        broken_at: chain.broken_at,
        head: head.head_hash,
    };
    let rendered = output::rendered(format, &verified, |report| match verified.broken_at {
        None => report.line(&format!(
            "{} entries, each bound to the one before; the last has the hash {}",
            verified.entries, verified.head
        )),
        Some(at) => report.line(&format!(
            "the record is broken at entry {at}: it was changed, or entries are missing"
        )),
    })?;
    output::verbatim(&rendered)?;
    Ok(verified.holds.into())
}

/// The record as far as it was read.
#[derive(Debug, Default)]
struct Chain {
    entry: i64,
    hash: String,
    broken_at: Option<i64>,
}

impl Chain {
    fn follow(&mut self, entries: &[pb::AuditEntry]) {
        for entry in entries {
            let follows = entry.entry == self.entry + 1 && entry.previous == self.hash;
            if !follows || !entry.is_sound {
                self.broken_at.get_or_insert(self.entry + 1);
                return;
            }
            self.entry = entry.entry;
            self.hash.clone_from(&entry.hash);
        }
    }

    /// The record may have grown since the head was read, and is never shorter than it.
    fn end(&mut self, head_entry: i64, head_hash: &str) {
        let is_cut = self.entry < head_entry;
        let differs = self.entry == head_entry && self.hash != head_hash;
        if self.broken_at.is_none() && (is_cut || differs) {
            self.broken_at = Some(self.entry + i64::from(is_cut));
        }
    }
}

const HEADER: [&str; 8] =
    ["ENTRY", "AT", "WHO", "FROM", "METHOD", "SUBJECT", "OUTCOME", "PARAMETERS"];

fn row(entry: &pb::AuditEntry) -> Vec<String> {
    let who = if entry.who.is_empty() { "?" } else { &entry.who };
    vec![
        entry.entry.to_string(),
        entry.at.clone(),
        who.to_owned(),
        entry.address.clone(),
        entry.method.clone(),
        entry.subject.clone(),
        entry.outcome.clone(),
        entry.parameters.clone(),
    ]
}

fn object(entry: &pb::AuditEntry) -> serde_json::Value {
    // What cannot be read as JSON is shown as the text that it is.
    let parameters = serde_json::from_str(&entry.parameters)
        .unwrap_or_else(|_| serde_json::Value::String(entry.parameters.clone()));
    serde_json::json!({
        "entry": entry.entry, "at": entry.at, "who": entry.who, "address": entry.address,
        "method": entry.method, "subject": entry.subject, "contract_hash": entry.contract_hash,
        "parameters": parameters, "outcome": entry.outcome, "previous": entry.previous, "hash": entry.hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(entry: i64, previous: &str, hash: &str) -> pb::AuditEntry {
        let (previous, hash) = (previous.to_owned(), hash.to_owned());
        pb::AuditEntry { entry, previous, hash, is_sound: true, ..Default::default() }
    }

    #[test]
    fn what_is_missing_is_found_at_any_end() {
        let whole = [entry(1, "", "a"), entry(2, "a", "b"), entry(3, "b", "c")];
        let broken = |entries: &[pb::AuditEntry], head: (i64, &str)| {
            let mut chain = Chain::default();
            chain.follow(entries);
            chain.end(head.0, head.1);
            chain.broken_at
        };
        assert_eq!(broken(&whole, (3, "c")), None);
        assert_eq!(broken(&whole, (2, "b")), None, "it has grown meanwhile");
        assert_eq!(broken(&[], (0, "")), None);
        assert_eq!(broken(&whole[..2], (3, "c")), Some(3));
        assert_eq!(broken(&whole[1..], (3, "c")), Some(1));
        assert_eq!(broken(&[], (3, "c")), Some(1));
        assert_eq!(broken(&whole, (3, "x")), Some(3));
        let mut forged = whole.clone();
        forged[1].is_sound = false;
        assert_eq!(broken(&forged, (3, "c")), Some(2));
    }
}
