//! When each target is due: one queue of times, and at most so many cycles under way.
//!
//! A target keeps its own pace and never overlaps itself: it is out of the queue from the moment it is handed
//! out until [`Schedule::finished`] puts it back. How late it was handed out is measured, because a prober that
//! falls behind must say so before it blames the network.

use std::{cmp::Reverse, collections::BinaryHeap, future, time::Duration};

use tokio::time::{Instant, sleep_until};

/// First cycles start this far apart, nearer when many targets share an interval: the first answers come soon,
/// and a fleet of targets does not start in one burst.
const FIRST_GAP: Duration = Duration::from_millis(50);

/// Every cycle starts up to this share of its interval after its turn, so that targets and hosts that once met
/// do not meet for ever.
const JITTER_DIVISOR: u32 = 20;

#[derive(Debug)]
pub struct Schedule {
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
    turns: Vec<Turn>,
    running: usize,
    concurrency: usize,
    seed: u64,
}

/// The regular beat of one target, from which jitter departs but never drifts.
#[derive(Clone, Copy, Debug)]
struct Turn {
    interval: Duration,
    beat: Instant,
}

/// A target's cycle that is to start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The target's place in the list the schedule was made of.
    pub target: usize,
    pub lateness: Duration,
}

impl Schedule {
    /// One interval a target. `concurrency` is the most cycles under way at once, at least one; `seed` varies
    /// the jitter between hosts.
    pub fn new(intervals: &[Duration], concurrency: usize, seed: u64) -> Self {
        let now = Instant::now();
        let count = u32::try_from(intervals.len().max(1)).unwrap_or(u32::MAX);
        let turn = |(place, interval): (u32, &Duration)| {
            let gap = FIRST_GAP.min(*interval / count);
            Turn { interval: *interval, beat: now + gap * place }
        };
        let turns: Vec<Turn> = (0..).zip(intervals).map(turn).collect();
        let queue = turns.iter().enumerate().map(|(target, turn)| Reverse((turn.beat, target))).collect();
        Self { queue, turns, running: 0, concurrency: concurrency.max(1), seed }
    }

    /// Waits for the next due target. Waits for ever while as many cycles run as may, or none is queued; losing
    /// the future loses nothing.
    pub async fn next(&mut self) -> Due {
        let due = match self.queue.peek() {
            Some(Reverse((due, _))) if self.running < self.concurrency => *due,
            _ => future::pending().await,
        };
        sleep_until(due).await;
        match self.queue.pop() {
            Some(Reverse((due, target))) => {
                self.running += 1;
                Due { target, lateness: due.elapsed() }
            }
            None => future::pending().await,
        }
    }

    /// Puts a target back in the queue. Beats that passed while its cycle ran are left out.
    pub fn finished(&mut self, target: usize) {
        let Some(turn) = self.turns.get_mut(target) else { return };
        let now = Instant::now();
        turn.beat += turn.interval;
        while turn.beat + turn.interval <= now {
            turn.beat += turn.interval;
        }
        let turn = *turn;
        let due = turn.beat + self.jitter(turn.interval);
        self.queue.push(Reverse((due, target)));
        self.running = self.running.saturating_sub(1);
    }

    /// How long the most overdue target has been waiting.
    pub fn overdue(&self) -> Duration {
        self.queue.peek().map_or(Duration::ZERO, |Reverse((due, _))| due.elapsed())
    }

    fn jitter(&mut self, interval: Duration) -> Duration {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let thousandths = u32::try_from(mix(self.seed) % 1000).unwrap_or_default();
        interval / JITTER_DIVISOR * thousandths / 1000
    }
}

/// The output function of `SplitMix64`: chance enough for jitter, without a dependency.
/// <https://doi.org/10.1145/2714064.2660195>
fn mix(seed: u64) -> u64 {
    let a = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ (b >> 31)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn starts(schedule: &mut Schedule, count: usize) -> Vec<(usize, Duration)> {
        let begin = Instant::now();
        let mut starts = Vec::new();
        for _ in 0..count {
            let due = schedule.next().await;
            starts.push((due.target, begin.elapsed()));
            schedule.finished(due.target);
        }
        starts
    }

    #[tokio::test(start_paused = true)]
    async fn one_target_starts_at_once() {
        let mut schedule = Schedule::new(&[60 * SECOND], 8, 1);
        assert_eq!(schedule.next().now_or_never(), Some(Due { target: 0, lateness: Duration::ZERO }));
    }

    #[tokio::test(start_paused = true)]
    async fn many_first_cycles_spread_over_the_interval() {
        let mut schedule = Schedule::new(&[10 * SECOND; 200], 64, 1);
        let first = starts(&mut schedule, 200).await;
        assert!(first.iter().enumerate().all(|(place, (target, _))| place == *target));
        assert!(first.windows(2).all(|pair| pair[1].1 >= pair[0].1 + FIRST_GAP), "no two start together");
        assert!(first[199].1 < 10 * SECOND + SECOND / 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_targets_do_not_wait_for_their_interval() {
        let mut schedule = Schedule::new(&[3600 * SECOND; 3], 8, 1);
        assert!(starts(&mut schedule, 3).await[2].1 < SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn each_target_keeps_its_own_pace_without_drift() {
        let mut schedule = Schedule::new(&[10 * SECOND, 30 * SECOND], 8, 7);
        // 41 and 14 starts: the fast one at 0, 10, …, 400 s, the slow one at 0, 30, …, 390 s.
        let all = starts(&mut schedule, 55).await;
        let of = |target| all.iter().filter(move |start| start.0 == target).map(|start| start.1);
        assert_eq!((of(0).count(), of(1).count()), (41, 14));
        for (beat, at) in (0..).zip(of(0)) {
            let late = at.checked_sub(10 * SECOND * beat).expect("never before its beat");
            assert!(late <= SECOND / 2 + SECOND / 500, "{late:?} after beat {beat}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_differs_between_cycles_and_between_seeds() {
        let gaps = async |seed| {
            let mut schedule = Schedule::new(&[100 * SECOND], 1, seed);
            starts(&mut schedule, 5).await
        };
        let (one, two) = (gaps(1).await, gaps(2).await);
        assert_ne!(one, two);
        assert_ne!(one[2].1.abs_diff(one[1].1), one[3].1.abs_diff(one[2].1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cycle_never_overlaps_itself_and_missed_beats_are_left_out() {
        let mut schedule = Schedule::new(&[SECOND], 8, 1);
        schedule.next().await;
        advance(10 * SECOND + SECOND / 2).await;
        assert_eq!(schedule.next().now_or_never(), None, "still under way");
        schedule.finished(0);
        let late = schedule.next().await;
        assert!(late.lateness <= SECOND, "the latest beat counts, not the first missed: {late:?}");
        schedule.finished(0);
        let before = Instant::now();
        schedule.next().await;
        assert!(before.elapsed() >= SECOND / 4, "nothing is made up for");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_cycles_than_may_and_waiting_counts_as_late() {
        let mut schedule = Schedule::new(&[10 * SECOND; 3], 2, 1);
        let (first, second) = (schedule.next().await, schedule.next().await);
        assert_eq!((first.target, second.target), (0, 1));
        advance(3 * SECOND).await;
        assert_eq!(schedule.next().now_or_never(), None);
        assert!(schedule.overdue() > 2 * SECOND);
        schedule.finished(0);
        let third = schedule.next().await;
        assert_eq!(third.target, 2);
        assert!(third.lateness > 2 * SECOND);
    }
}
