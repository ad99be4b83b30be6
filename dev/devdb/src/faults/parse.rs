//! Faults as text, for a command line: `commit:3:drop-after`, `fetch:2+:delay=250ms`, `text=submission:1:error=1205`,
//! and of one client alone `xmlx/worker@any:5:stall`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::Error;
use crate::faults::{Action, Fault, Target, When};

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |reason| Error::Fault { text: text.to_owned(), reason };
        let (client, fault) = split_client(text);
        let mut parts = fault.rsplitn(3, ':');
        let (Some(action), Some(when), Some(target)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse("it is written `target:n:action` or `client@target:n:action`"));
        };
        Ok(Self {
            client: client.to_owned(),
            target: target_of(target).ok_or_else(|| {
                refuse("targets are any, fetch, commit, find-refused, leader-renew, leader-take, text=..., value=...")
            })?,
            when: when_of(when)
                .ok_or_else(|| refuse("`n` counts from 1, `n+` is that one and all that follow"))?,
            action: action_of(action).ok_or_else(|| {
                refuse("actions are error=N, drop-before, drop-after, delay=Nms, delay=Ns, stall")
            })?,
        })
    }
}

/// The client's name stands before the first `@`, unless that belongs to a statement's text.
fn split_client(text: &str) -> (&str, &str) {
    match text.split_once('@') {
        Some((client, fault)) if !client.starts_with("text=") && !client.starts_with("value=") => {
            (client, fault)
        }
        Some(_) | None => ("", text),
    }
}

fn target_of(text: &str) -> Option<Target> {
    match text {
        "any" => Some(Target::Any),
        "fetch" => Some(Target::Fetch),
        "commit" => Some(Target::Commit),
        "find-refused" => Some(Target::FindRefused),
        "leader-renew" => Some(Target::LeaderRenew),
        "leader-take" => Some(Target::LeaderTake),
        _ => text
            .strip_prefix("text=")
            .map(|part| Target::Text(part.to_owned()))
            .or_else(|| text.strip_prefix("value=").map(|part| Target::Value(part.to_owned()))),
    }
}

fn when_of(text: &str) -> Option<When> {
    let when = match text.strip_suffix('+') {
        Some(n) => When::From(n.parse().ok()?),
        None => When::Nth(text.parse().ok()?),
    };
    (!matches!(when, When::Nth(0) | When::From(0))).then_some(when)
}

fn action_of(text: &str) -> Option<Action> {
    match text {
        "drop-before" => return Some(Action::DropBefore),
        "drop-after" => return Some(Action::DropAfter),
        "stall" => return Some(Action::Stall),
        _ => {}
    }
    let (name, value) = text.split_once('=')?;
    match name {
        "error" => value.parse().ok().filter(|number| *number > 0).map(Action::Error),
        "delay" => match value.strip_suffix("ms") {
            Some(millis) => {
                millis.parse().ok().map(|millis| Action::Delay(Duration::from_millis(millis)))
            }
            None => value
                .strip_suffix('s')?
                .parse()
                .ok()
                .map(|secs| Action::Delay(Duration::from_secs(secs))),
        },
        _ => None,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.client.is_empty() {
            write!(f, "{}@", self.client)?;
        }
        match &self.target {
            Target::Any => f.write_str("any"),
            Target::Fetch => f.write_str("fetch"),
            Target::Commit => f.write_str("commit"),
            Target::FindRefused => f.write_str("find-refused"),
            Target::LeaderRenew => f.write_str("leader-renew"),
            Target::LeaderTake => f.write_str("leader-take"),
            Target::Text(part) => write!(f, "text={part}"),
            Target::Value(part) => write!(f, "value={part}"),
        }?;
        match self.when {
            When::Nth(n) => write!(f, ":{n}:"),
            When::From(n) => write!(f, ":{n}+:"),
        }?;
        match self.action {
            Action::Error(number) => write!(f, "error={number}"),
            Action::DropBefore => f.write_str("drop-before"),
            Action::DropAfter => f.write_str("drop-after"),
            Action::Delay(delay) => write!(f, "delay={}ms", delay.as_millis()),
            Action::Stall => f.write_str("stall"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in [
            "commit:3:drop-after",
            "fetch:2+:delay=250ms",
            "text=a:b:1:error=1205",
            "any:1:stall",
            "text=SET @P1:1:stall",
            "xmlx/worker@text=SET @P1:1:stall",
        ] {
            assert_eq!(text.parse::<Fault>().map(|fault| fault.to_string()).unwrap(), text);
        }
        for text in
            ["commit", "commit:0:stall", "nothing:1:stall", "commit:1:error=x", "commit:1:delay=5"]
        {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
