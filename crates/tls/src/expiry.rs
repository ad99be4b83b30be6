//! When certificates end.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::FromDer as _;

use crate::Error;

const DAY: i64 = 24 * 3600;
/// An operator is told when so many days are left: first in time to order a new one, last to be woken for it.
const WARNED_AT: [i64; 3] = [30, 7, 1];

/// When the first of these certificates ends, in seconds since 1970; `None` where there is none.
///
/// # Errors
/// Where one cannot be read.
pub(crate) fn first_end(certificates: &[CertificateDer<'_>]) -> Result<Option<i64>, Error> {
    let mut first = None;
    for certificate in certificates {
        let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(certificate)
            .map_err(|err| Error::Certificate(err.to_string()))?;
        let end = parsed.validity().not_after.timestamp();
        first = Some(first.map_or(end, |first: i64| first.min(end)));
    }
    Ok(first)
}

/// Whole days until the first of these certificates ends at `now`, the time since 1970; negative where one has ended.
///
/// # Errors
/// Where one cannot be read.
pub fn days_left(certificates: &[CertificateDer<'_>], now: Duration) -> Result<Option<i64>, Error> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    Ok(first_end(certificates)?.map(|end| end.saturating_sub(now).div_euclid(DAY)))
}

/// Which threshold is reached, and whether that is news.
#[derive(Debug, Default)]
pub(crate) struct Warned {
    last: Option<i64>,
}

impl Warned {
    /// Whether an operator should be told: a threshold is reached that was not before.
    pub(crate) fn is_due(&mut self, days: i64) -> bool {
        let reached = WARNED_AT.into_iter().filter(|threshold| days < *threshold).min();
        let reached = if days < 0 { Some(-1) } else { reached };
        let is_news = reached.is_some() && reached != self.last;
        self.last = reached;
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_threshold_is_told_once() {
        let mut warned = Warned::default();
        let days = [90, 30, 29, 28, 7, 6, 5, 1, 0, 0, -1, -2, 90, 3];
        let told: Vec<i64> = days.into_iter().filter(|days| warned.is_due(*days)).collect();
        assert_eq!(told, [29, 6, 0, -1, 3]);
    }
}
