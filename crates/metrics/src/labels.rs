//! Numbers by a word of a closed list.

use std::fmt::Debug;
use std::marker::PhantomData;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use xmlx_domain::{ErrorClass, JobState, RangeEvent};

use crate::SECONDS;

type Labels = [(&'static str, &'static str); 1];

/// The words of one label. A number has one series for each, so that the list has to be short and closed.
pub trait Word: Copy + Debug + 'static {
    /// The label's name.
    const LABEL: &'static str;

    /// All words.
    const ALL: &'static [Self];

    /// As it is written.
    fn word(self) -> &'static str;
}

/// Words that the whole project has.
macro_rules! words_of_the_domain {
    ($($name:ident as $label:literal),+) => {
        $(impl Word for $name {
            const LABEL: &'static str = $label;
            const ALL: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        })+
    };
}

words_of_the_domain!(ErrorClass as "class", JobState as "state", RangeEvent as "event");

fn labels<W: Word>(word: W) -> Labels {
    [(W::LABEL, word.word())]
}

macro_rules! numbers_by_word {
    ($(#[$doc:meta])* $name:ident of $metric:ty, made by $make:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<W> {
            family: Family<Labels, $metric, fn() -> $metric>,
            words: PhantomData<W>,
        }

        impl<W: Word> $name<W> {
            pub(crate) fn new() -> Self {
                let make: fn() -> $metric = $make;
                let family = Family::new_with_constructor(make);
                for word in W::ALL {
                    drop(family.get_or_create(&labels(*word)));
                }
                Self { family, words: PhantomData }
            }

            pub(crate) fn family(&self) -> Family<Labels, $metric, fn() -> $metric> {
                self.family.clone()
            }

            /// The number of one word.
            pub fn of(&self, word: W) -> $metric {
                self.family.get_or_create(&labels(word)).clone()
            }
        }
    };
}

numbers_by_word! {
    /// Counters, one for each word.
    Counters of Counter, made by Counter::default
}

numbers_by_word! {
    /// Gauges, one for each word.
    Gauges of Gauge, made by Gauge::default
}

numbers_by_word! {
    /// Histograms of times, one for each word.
    Histograms of Histogram, made by || Histogram::new(SECONDS)
}
