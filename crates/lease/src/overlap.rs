//! Whether a new job may stand beside those that there are.

use xmlx_domain::{Mode, Scope, Selection};

/// Where the scope of a job that follows its source grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grows {
    /// At its end: it was told where to begin.
    Up,
    /// Wherever ids come.
    BothWays,
}

/// What a job works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// What a repeated submit is recognised by.
    pub submit_key: &'a str,
    /// SHA-256 of its contract's text.
    pub contract_hash: &'a str,
    /// Which applications it takes.
    pub mode: Mode,
    /// What it takes of these.
    pub selection: Selection,
    /// Its ids.
    pub scope: Scope,
    /// Where its scope grows, if it follows.
    pub grows: Grows,
}

/// How a new job stands to one that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// It is the same one: asked for again.
    Same,
    /// Neither takes what the other may take.
    Apart,
    /// Both may take the same ids; they compete if their contracts read the same applications.
    Competing,
}

/// How `new` stands to the job `known`, which may have ended: then only its key counts.
#[must_use]
pub fn beside(known: Claim<'_>, is_open: IsOpen, new: Claim<'_>) -> Beside {
    if known.submit_key == new.submit_key {
        return Beside::Same;
    }
    let may_meet = match is_open {
        IsOpen::Open => known.mode.competes_with(new.mode) && reach(known).overlaps(reach(new)),
        IsOpen::Ended => false,
    };
    if !may_meet {
        return Beside::Apart;
    }
    let describes = |claim: Claim<'_>| (claim.mode, claim.scope, claim.selection);
    // Two lists may be as long as each other.
    let is_list = matches!(new.selection, Selection::Listed(_));
    let is_same =
        !is_list && known.contract_hash == new.contract_hash && describes(known) == describes(new);
    if is_same { Beside::Same } else { Beside::Competing }
}

/// Whether a job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsOpen {
    /// It runs or is paused.
    Open,
    /// It takes nothing more.
    Ended,
}

/// The ids that a job may come to.
fn reach(claim: Claim<'_>) -> Scope {
    match (claim.mode, claim.grows) {
        (
            Mode::Once
            | Mode::Retry
            | Mode::Rehearse
            | Mode::Reconcile
            | Mode::Cover
            | Mode::Diff
            | Mode::Replace
            | Mode::ReplaceAll,
            Grows::Up | Grows::BothWays,
        ) => claim.scope,
        (Mode::Follow, Grows::Up) => Scope { hi: i64::MAX, ..claim.scope },
        (Mode::Follow, Grows::BothWays) => Scope { lo: i64::MIN, hi: i64::MAX },
    }
}

#[cfg(test)]
mod tests {
    use super::Grows::{BothWays, Up};
    use super::*;

    const LOW: Scope = Scope { lo: 1, hi: 10 };
    const HIGH: Scope = Scope { lo: 10, hi: 20 };

    fn claim(mode: Mode, scope: Scope, grows: Grows) -> Claim<'static> {
        let selection = Selection::All;
        Claim { submit_key: "known", contract_hash: "a", mode, selection, scope, grows }
    }

    fn other(mode: Mode, scope: Scope, grows: Grows) -> Claim<'static> {
        Claim { submit_key: "new", contract_hash: "b", ..claim(mode, scope, grows) }
    }

    #[test]
    fn jobs_compete_where_both_could_take_an_application() {
        use Mode::{Follow, Once, Reconcile, Rehearse, Replace, Retry};
        for ((mode, scope, grows), (new, new_scope, new_grows), competes) in [
            ((Follow, HIGH, BothWays), (Once, LOW, Up), true),
            ((Follow, HIGH, BothWays), (Retry, LOW, Up), false),
            ((Once, LOW, Up), (Once, LOW, Up), true),
            ((Once, LOW, Up), (Once, HIGH, Up), false),
            ((Once, LOW, BothWays), (Once, HIGH, BothWays), false),
            ((Follow, LOW, Up), (Once, HIGH, Up), true),
            ((Follow, HIGH, Up), (Once, LOW, Up), false),
            ((Follow, LOW, Up), (Follow, HIGH, Up), true),
            ((Follow, LOW, Up), (Retry, LOW, Up), false),
            ((Once, LOW, Up), (Retry, LOW, Up), false),
            ((Retry, LOW, Up), (Retry, LOW, Up), true),
            ((Retry, LOW, BothWays), (Retry, HIGH, BothWays), false),
            ((Replace, LOW, Up), (Retry, LOW, Up), true),
            ((Replace, LOW, Up), (Replace, HIGH, Up), false),
            ((Replace, LOW, Up), (Once, LOW, Up), false),
            ((Rehearse, LOW, Up), (Once, LOW, Up), false),
            ((Rehearse, LOW, Up), (Rehearse, LOW, Up), false),
            ((Reconcile, LOW, Up), (Replace, LOW, Up), false),
        ] {
            let expected = if competes { Beside::Competing } else { Beside::Apart };
            let (a, b) = (claim(mode, scope, grows), other(new, new_scope, new_grows));
            assert_eq!(beside(a, IsOpen::Open, b), expected, "{a:?} {b:?}");
            let (a, b) = (claim(new, new_scope, new_grows), other(mode, scope, grows));
            assert_eq!(beside(a, IsOpen::Open, b), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_job_that_is_asked_for_again_is_found() {
        let known = claim(Mode::Once, LOW, Up);
        let again = Claim { scope: HIGH, contract_hash: "b", ..known };
        for is_open in [IsOpen::Open, IsOpen::Ended] {
            assert_eq!(beside(known, is_open, again), Beside::Same, "by its key, {is_open:?}");
        }
        let described = Claim { submit_key: "new", ..known };
        assert_eq!(beside(known, IsOpen::Open, described), Beside::Same, "by what it is");
        assert_eq!(beside(known, IsOpen::Ended, described), Beside::Apart, "a new run of it");
        let sample = Selection::Sample("1%".parse().expect("a share"));
        for new in [
            Claim { contract_hash: "b", ..described },
            Claim { scope: Scope { lo: 1, hi: 9 }, ..described },
            Claim { mode: Mode::Follow, ..described },
            Claim { selection: sample, ..described },
        ] {
            assert_eq!(beside(known, IsOpen::Open, new), Beside::Competing, "{new:?}");
        }
        let of_part = |selection| (Claim { selection, ..known }, Claim { selection, ..described });
        let (known, again) = of_part(sample);
        assert_eq!(beside(known, IsOpen::Open, again), Beside::Same, "the same share");
        // They may be other applications: only the key tells.
        let (known, new) = of_part(Selection::Listed(3));
        assert_eq!(beside(known, IsOpen::Open, new), Beside::Competing);
        assert_eq!(beside(known, IsOpen::Open, known), Beside::Same);
    }
}
