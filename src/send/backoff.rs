//! How long to wait before the next attempt, for everything that is tried again.

use std::time::Duration;

/// How often a rest is doubled at most: more would overflow, and the longest rest is reached before.
const MAX_DOUBLINGS: u32 = 8;

/// The pause before the next attempt: `first_minutes` after the first one, then twice as long each time up to
/// `max_minutes`.
pub(crate) fn pause_minutes(first_minutes: u64, max_minutes: u64, attempts: i64) -> u64 {
    (first_minutes << attempts.clamp(0, 16)).min(max_minutes)
}

/// The same pause and up to a quarter more, so that what failed together is not tried again together. The same seed
/// always gives the same pause.
pub(crate) fn pause_with_jitter(minutes: u64, seed: u64) -> Duration {
    Duration::from_secs(minutes * 60) + jitter(minutes * 15, seed)
}

/// Between zero and this many seconds, by the seed.
pub(crate) fn jitter(seconds: u64, seed: u64) -> Duration {
    let byte = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    Duration::from_secs(seconds * byte / 255)
}

/// How long something that fails is left alone: `first` at first, then twice as long each time up to `max`.
pub(super) fn rest(first: chrono::Duration, max: chrono::Duration, rests: u32) -> chrono::Duration {
    (first * (1 << rests.min(MAX_DOUBLINGS))).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = [-1, 0, 1, 5, 6, 7, i64::MAX].map(|attempts| pause_minutes(5, 360, attempts)).to_vec();
        assert_eq!(pauses, [5, 5, 10, 160, 320, 360, 360]);
        assert_eq!([0, 6, 7].map(|attempts| pause_minutes(1, 64, attempts)), [1, 64, 64]);
    }

    #[test]
    fn jitter_adds_up_to_a_quarter_and_repeats_itself() {
        for seed in 0..1_000 {
            let pause = pause_with_jitter(60, seed).as_secs();
            assert!((3_600..=4_500).contains(&pause), "{seed}: {pause}");
            assert_eq!(pause_with_jitter(60, seed).as_secs(), pause);
        }
    }

    #[test]
    fn rests_double_up_to_the_longest() {
        let rest = |rests| rest(chrono::Duration::seconds(30), chrono::Duration::minutes(15), rests).num_seconds();
        assert_eq!([0, 1, 4, 5, 100].map(rest), [30, 60, 480, 900, 900]);
    }
}
