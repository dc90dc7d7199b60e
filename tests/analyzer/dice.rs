//! Random choices that shrink: the smaller the number, the plainer the choice.

use std::fmt;

use proptest::{collection::vec, prelude::*};

/// The numbers that a case consists of.
#[derive(Clone)]
pub(crate) struct Numbers(Vec<u16>);

/// Enough for a world and what is done to it. Where they end, every further choice is the plainest.
const ENOUGH: usize = 700;

/// Any; or, where `ANALYZER_NUMBERS` says so, those of one failure as it was printed.
#[expect(clippy::disallowed_methods, reason = "a test asks what to repeat")]
pub(crate) fn numbers() -> BoxedStrategy<Numbers> {
    match std::env::var("ANALYZER_NUMBERS") {
        Ok(text) => Just(Numbers::parse(&text)).boxed(),
        Err(_) => vec(any::<u16>(), ENOUGH).prop_map(Numbers).boxed(),
    }
}

/// On one line, and without the plain choices: each number with its place.
impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.iter().enumerate().filter(|(_, number)| **number != 0);
        told.try_for_each(|(place, number)| write!(f, "{place}:{number} "))
    }
}

pub(crate) struct Dice<'n>(std::slice::Iter<'n, u16>);

impl Numbers {
    fn parse(text: &str) -> Self {
        let mut numbers = vec![0; ENOUGH];
        for pair in text.split_whitespace() {
            let (place, number) = pair.split_once(':').expect("PLACE:NUMBER");
            let place: usize = place.parse().expect("a place");
            numbers[place] = number.parse().expect("a number");
        }
        Self(numbers)
    }

    pub(crate) fn dice(&self) -> Dice<'_> {
        Dice(self.0.iter())
    }
}

impl Dice<'_> {
    /// Less than `limit`; 0 is the plainest.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = self.0.next().copied().unwrap_or_default();
        usize::from(number) * limit / (usize::from(u16::MAX) + 1)
    }

    /// True in this many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// The first is the plainest.
    pub(crate) fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, at - self.below(at + 1));
        }
    }
}
