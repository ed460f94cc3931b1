//! The heap size that the next collection is to end at. Mirrors heapGoalInternal and
//! memoryLimitHeapGoal of src/runtime/mgcpacer.go.

/// The least room that the memory limit leaves free.
const MIN_HEADROOM: u64 = 1 << 20;
/// How far behind the start of a collection its end is at least.
const MIN_RUNWAY: u64 = 64 << 10;
/// Where no collection has been started.
const NOT_TRIGGERED: u64 = u64::MAX;

/// What the goal is made from, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacer {
    pub percent_goal: u64,
    pub sweep_min: u64,
    pub triggered: u64,
    pub heap_marked: u64,
    pub heap_free: u64,
    pub total_alloc: u64,
    pub total_free: u64,
    pub mapped_ready: u64,
    pub memory_limit: u64,
    /// See `MemLayouts`.
    pub headroom_percent: u64,
}

impl Pacer {
    pub fn goal(&self) -> u64 {
        let goal = self.percent_goal;
        let limited = self.limit_goal();
        if limited < goal {
            return limited;
        }
        let goal = goal.max(self.sweep_min);
        match self.triggered {
            NOT_TRIGGERED => goal,
            at => goal.max(at.saturating_add(MIN_RUNWAY)),
        }
    }

    fn limit_goal(&self) -> u64 {
        let objects = self.total_alloc.wrapping_sub(self.total_free);
        let other = self.mapped_ready.wrapping_sub(self.heap_free);
        let other = other.wrapping_sub(objects);
        let over = self.mapped_ready.saturating_sub(self.memory_limit);
        let taken = other.wrapping_add(over);
        if taken >= self.memory_limit {
            return self.heap_marked;
        }
        let goal = self.memory_limit - taken;
        let headroom = (goal / 100 * self.headroom_percent).max(MIN_HEADROOM);
        let goal = match goal.checked_sub(headroom) {
            Some(rest) if rest >= headroom => rest,
            _ => headroom,
        };
        goal.max(self.heap_marked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn pacer() -> Pacer {
        Pacer {
            percent_goal: 100 * MB,
            sweep_min: 0,
            triggered: NOT_TRIGGERED,
            heap_marked: 50 * MB,
            heap_free: 10 * MB,
            total_alloc: 1000 * MB,
            total_free: 930 * MB,
            mapped_ready: 90 * MB,
            memory_limit: i64::MAX as u64,
            headroom_percent: 3,
        }
    }

    #[test]
    fn without_a_limit_the_goal_is_that_of_gogc() {
        let mut p = pacer();
        assert_eq!(p.goal(), 100 * MB);
        p.sweep_min = 101 * MB;
        assert_eq!(p.goal(), 101 * MB);
        p.triggered = 101 * MB;
        assert_eq!(p.goal(), 101 * MB + MIN_RUNWAY);
    }

    #[test]
    fn a_limit_leaves_room() {
        let mut p = pacer();
        // 10 MB are neither objects nor free.
        p.memory_limit = 100 * MB;
        assert_eq!(p.goal(), 90 * MB - 90 * MB / 100 * 3);
        p.headroom_percent = 0;
        assert_eq!(p.goal(), 89 * MB);
        // No less than what is alive.
        p.memory_limit = 40 * MB;
        assert_eq!(p.goal(), 50 * MB);
    }
}
