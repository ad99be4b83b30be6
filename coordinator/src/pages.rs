//! Lists in pages. A token is the key of the last row of the page before, so that any coordinator can go on with it, and
//! rows that come or go in the meantime shift nothing.

use xmlx_proto::{ErrorCode, Refusal};

/// The most rows in one answer, and what a client gets that names no size: older ones know no pages and take the first
/// one for all. So many rows stay well below the largest message.
pub(crate) const ROWS_MAX: u32 = 10_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The most rows.
    pub(crate) size: usize,
    /// The key of the last row of the page before; `None`: the first page.
    pub(crate) after: Option<i64>,
}

impl Page {
    /// What a client has asked for.
    pub(crate) fn asked(size: u32, token: &str) -> Result<Self, Refusal> {
        let after = match token {
            "" => None,
            key => Some(key.parse().map_err(|_| {
                let message =
                    "`page_token` is none that a coordinator gave out; begin with an empty one";
                Refusal::new(ErrorCode::Invalid, message)
            })?),
        };
        let size = if size == 0 { ROWS_MAX } else { size.min(ROWS_MAX) };
        Ok(Self { size: usize::try_from(size).unwrap_or(usize::MAX), after })
    }

    /// How many rows to read: one more than the page has shows whether it is the last one.
    pub(crate) fn to_read(self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Keeps what belongs to the page; the token of the next one, empty where there is none.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>, key: impl Fn(&T) -> i64) -> String {
        let has_more = rows.len() > self.size;
        rows.truncate(self.size);
        rows.last().filter(|_| has_more).map_or_else(String::new, |last| key(last).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all: Vec<i64> = (-3..4).collect();
        let (mut seen, mut token) = (Vec::new(), String::new());
        for _ in 0..10 {
            let page = Page::asked(3, &token).expect("our own token");
            let behind =
                all.iter().copied().filter(|it| page.after.is_none_or(|after| *it > after));
            let mut rows: Vec<i64> =
                behind.take(usize::try_from(page.to_read()).expect("4")).collect();
            token = page.cut(&mut rows, |it| *it);
            assert!(rows.len() <= 3);
            seen.extend(rows);
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn sizes_are_bounded_and_tokens_checked() {
        let size = |asked| Page::asked(asked, "").expect("no token").size;
        assert_eq!((size(0), size(7), size(u32::MAX)), (10_000, 7, 10_000));
        let refused = Page::asked(1, "1; DROP").expect_err("no token of ours");
        assert!(refused.message.contains("page_token"), "{refused}");
        let mut exactly = vec![1, 2];
        assert_eq!(
            Page::asked(2, "").expect("valid").cut(&mut exactly, |it| *it),
            "",
            "the last one"
        );
    }
}
