//! How many commits the cluster may have under way, and each worker's share of them.

/// The ceiling, from two sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// What the coordinators are configured with.
    pub configured: Option<u32>,
    /// What an operator has ordered; kept in the database. It wins.
    pub ordered: Option<u32>,
}

impl Throttle {
    /// The most commits at once; `None`: no limit.
    #[must_use]
    pub fn ceiling(self) -> Option<u32> {
        self.ordered.or(self.configured)
    }

    /// The most workers that may hold leases: one without a commit to make would only keep others from working.
    #[must_use]
    pub fn workers_max(self) -> Option<usize> {
        self.ceiling().map(|commits| usize::try_from(commits).unwrap_or(usize::MAX))
    }

    /// The share of one of so many workers, by its place among them; `None`: no limit. Where there are more workers than
    /// commits, those without one hold no lease: a share of one costs nothing then.
    ///
    /// ```
    /// use xmlx_lease::throttle::Throttle;
    ///
    /// let throttle = Throttle { configured: Some(5), ordered: None };
    /// assert_eq!([throttle.share(2, 0), throttle.share(2, 1)], [Some(3), Some(2)]);
    /// ```
    #[must_use]
    pub fn share(self, workers: usize, place: usize) -> Option<u32> {
        let n = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (workers, place) = (n(workers).max(1), n(place));
        let share = |commits: u32| commits / workers + u32::from(place < commits % workers);
        self.ceiling().map(|commits| share(commits).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_divided_and_an_order_wins() {
        let shares = |throttle: Throttle, workers| -> Vec<Option<u32>> {
            (0..workers).map(|place| throttle.share(workers, place)).collect()
        };
        let throttle = Throttle { configured: Some(8), ordered: None };
        assert_eq!(shares(throttle, 3), [Some(3), Some(3), Some(2)], "all of it");
        assert_eq!(shares(throttle, 8), [Some(1); 8]);
        assert_eq!(shares(throttle, 9), [Some(1); 9], "one of them holds no lease");
        assert_eq!((throttle.share(0, 0), throttle.workers_max()), (Some(8), Some(8)));
        let throttle = Throttle { ordered: Some(2), ..throttle };
        assert_eq!((shares(throttle, 2), throttle.ceiling()), (vec![Some(1); 2], Some(2)));
        assert_eq!(throttle.workers_max(), Some(2));
        let throttle = Throttle::default();
        assert_eq!(shares(throttle, 2), [None, None], "no limit");
        assert_eq!((throttle.ceiling(), throttle.workers_max()), (None, None));
    }
}
