//! Counts steps, so that tests can say how work grows with the size of a document without a clock.
//!
//! A step is a word or a place looked at, or a byte in a search. Outside of this crate's unit tests nothing is counted.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes so many steps.
#[inline(always)]
pub(crate) fn note(n_steps: usize) {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + n_steps));
    #[cfg(not(test))]
    let _ = n_steps;
}

/// Returns the steps that something takes.
#[cfg(test)]
pub(crate) fn of<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = STEPS.get();
    let result = run();
    (STEPS.get() - before, result)
}
