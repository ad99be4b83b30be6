//! Who decided which applications, by what the leases say.

use xmlx_domain::SessionId;

/// `[from, through]`, decided under one lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: i64,
    through: i64,
    session: u32,
    /// The highest `through` of this stretch and those before it.
    reach: i64,
}

/// Sessions by number, so that a hundred thousand ranges do not hold as many names.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Vec<SessionId>);

impl Sessions {
    /// The session's number; there are as few sessions as there were worker processes.
    pub(crate) fn number(&mut self, session: &SessionId) -> u32 {
        let known = self.0.iter().rposition(|known| known == session);
        let number = known.unwrap_or_else(|| {
            self.0.push(session.clone());
            self.0.len() - 1
        });
        u32::try_from(number).expect("fewer than 2^32 processes")
    }

    fn is(&self, number: u32, session: &SessionId) -> bool {
        self.0
            .get(usize::try_from(number).unwrap_or(usize::MAX))
            .is_some_and(|known| known == session)
    }
}

/// Every stretch of ids that was decided under a lease.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    stretches: Vec<Stretch>,
}

impl Decided {
    /// Under a lease of `session` the cursor went from `before` to `after`.
    pub(crate) fn add(&mut self, before: i64, after: i64, session: u32) {
        if after > before {
            self.stretches.push(Stretch {
                from: before + 1,
                through: after,
                session,
                reach: after,
            });
        }
    }

    /// Call before [`Decided::decided_by`].
    pub(crate) fn sort(&mut self) {
        self.stretches.sort_unstable_by_key(|stretch| stretch.from);
        let mut reach = i64::MIN;
        for stretch in &mut self.stretches {
            reach = reach.max(stretch.through);
            stretch.reach = reach;
        }
    }

    /// Whether `session` held the range of the application when it was decided. Stretches overlap where a range was
    /// opened again.
    pub(crate) fn decided_by(&self, sessions: &Sessions, app_id: i64, session: &SessionId) -> bool {
        let after = self.stretches.partition_point(|stretch| stretch.from <= app_id);
        let before = self.stretches[..after].iter().rev();
        let mut reaching = before.take_while(|stretch| stretch.reach >= app_id);
        reaching.any(|stretch| app_id <= stretch.through && sessions.is(stretch.session, session))
    }
}
