//! Lists that come in pages: each page is printed as it arrives, so that a million rows need no memory.

use anyhow::ensure;
use serde::Serialize;

use crate::output::{self, Format};

/// Rows that are asked for at once.
const PAGE: u32 = 1_000;

/// What to ask a coordinator for next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) page_size: u32,
    pub(crate) page_token: String,
}

/// Goes through a list page by page, up to its end or to the limit.
#[derive(Debug)]
pub(crate) struct Pages {
    /// Rows that are still wanted.
    left: u64,
    next: Option<String>,
    /// Whether there is more than was wanted.
    has_more: bool,
}

impl Pages {
    /// `limit`: at most so many rows; 0: all.
    pub(crate) fn new(limit: u64) -> Self {
        let left = if limit == 0 { u64::MAX } else { limit };
        Self { left, next: Some(String::new()), has_more: false }
    }

    /// `None`: that was all that is wanted.
    pub(crate) fn ask(&self) -> Option<Ask> {
        let page_size = u32::try_from(self.left).unwrap_or(u32::MAX).min(PAGE);
        self.next.clone().map(|page_token| Ask { page_size, page_token })
    }

    /// Records a page. What is wanted of it remains in `items`.
    pub(crate) fn record<T>(&mut self, items: &mut Vec<T>, next: String) -> anyhow::Result<()> {
        let n_received = items.len();
        // A coordinator that knows no pages sends everything at once.
        items.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= items.len() as u64;
        let is_last = next.is_empty();
        ensure!(
            is_last || self.next.as_ref() != Some(&next),
            "the coordinator sends the same page again and again"
        );
        self.has_more = !is_last || n_received > items.len();
        self.next = Some(next).filter(|_| !is_last && self.left > 0);
        Ok(())
    }

    /// Reports that a list was cut off, so that nobody who counts its rows takes it for the whole.
    pub(crate) fn report_rest(&self, limit: u64) {
        if self.has_more {
            output::note(&format!("the first {limit}; there are more: `--limit 0` shows all"));
        }
    }
}

/// Prints rows as they come: a table whose columns stay where the first page had them, or one JSON array.
#[derive(Debug)]
pub(crate) struct List {
    format: Format,
    header: &'static [&'static str],
    /// What JSON begins and ends with.
    frame: (String, &'static str),
    widths: Vec<u16>,
    n_pages: u64,
    n_items: u64,
}

impl List {
    pub(crate) fn new(format: Format, header: &'static [&'static str]) -> Self {
        Self::within(format, header, ("[".to_owned(), "]"))
    }

    /// A list whose JSON stands within something else.
    pub(crate) fn within(
        format: Format,
        header: &'static [&'static str],
        frame: (String, &'static str),
    ) -> Self {
        Self { format, header, frame, widths: Vec::new(), n_pages: 0, n_items: 0 }
    }

    pub(crate) fn page<T: Serialize>(
        &mut self,
        items: &[T],
        row: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Json => output::text(&self.json(items)?)?,
            Format::Table => {
                let header = (self.n_pages == 0).then_some(self.header);
                let text =
                    output::columns(header, items.iter().map(row).collect(), &mut self.widths);
                if !text.is_empty() {
                    output::verbatim(&text)?;
                }
            }
        }
        self.n_pages += 1;
        self.n_items += items.len() as u64;
        Ok(())
    }

    /// Ends the list: JSON needs its closing brackets.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        match self.format {
            Format::Json => output::line(self.frame.1),
            Format::Table => Ok(()),
        }
    }

    fn json<T: Serialize>(&self, items: &[T]) -> anyhow::Result<String> {
        let mut text = if self.n_pages == 0 { self.frame.0.clone() } else { String::new() };
        for (i, item) in items.iter().enumerate() {
            if self.n_items > 0 || i > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(item)?);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of `n` numbers in pages of at most 3, whatever is asked for; how often it was asked.
    fn numbers(n: u32, limit: u64) -> (Vec<u32>, bool, u32) {
        let (mut pages, mut seen, mut n_asked) = (Pages::new(limit), Vec::new(), 0);
        while let Some(ask) = pages.ask() {
            n_asked += 1;
            let start: u32 = ask.page_token.parse().unwrap_or(0);
            let end = n.min(start + ask.page_size.min(3));
            let next = if end < n { end.to_string() } else { String::new() };
            let mut items: Vec<u32> = (start..end).collect();
            pages.record(&mut items, next).unwrap();
            seen.append(&mut items);
        }
        (seen, pages.has_more, n_asked)
    }

    #[test]
    fn all_pages_come_and_none_twice() {
        for n in [0, 1, 3, 4, 7] {
            let all = (0..n).collect();
            assert_eq!(numbers(n, 0), (all, false, n.div_ceil(3).max(1)));
        }
    }

    #[test]
    fn a_limit_ends_a_list_and_says_so() {
        assert_eq!(numbers(7, 4), (vec![0, 1, 2, 3], true, 2));
        assert!(!numbers(7, 7).1);
        assert!(!numbers(2, 9).1);
    }

    /// The release before sends everything, whatever is asked for.
    #[test]
    fn what_was_not_asked_for_is_not_shown() {
        let (mut pages, mut items) = (Pages::new(2), vec![0, 1, 2]);
        pages.record(&mut items, String::new()).unwrap();
        assert_eq!((items, pages.ask(), pages.has_more), (vec![0, 1], None, true));
    }

    #[test]
    fn the_same_page_again_is_an_error() {
        let mut pages = Pages::new(0);
        pages.record(&mut vec![1], "1".to_owned()).unwrap();
        let err = pages.record(&mut vec![1], "1".to_owned()).unwrap_err();
        assert!(err.to_string().contains("the same page"), "{err}");
    }

    #[test]
    fn pages_of_json_are_one_document() {
        let mut list = List::within(Format::Json, &[], ("{\"n\":3,\"all\":[".to_owned(), "]}"));
        let mut text = list.json(&[1, 2]).unwrap();
        (list.n_pages, list.n_items) = (1, 2);
        text += &list.json::<i32>(&[]).unwrap();
        text += &list.json(&[3]).unwrap();
        assert_eq!(text + list.frame.1, "{\"n\":3,\"all\":[1,2,3]}");
    }
}
