//! Bad days, drawn.

/// Slow answers, so that there are instants to die at.
const SLOWEST: usize = 30;
const WORSE: [&str; 6] = [
    "\"drop-answer\"",
    "\"drop-request\"",
    "\"half-answer\"",
    "{\"status\": {\"code\": 500}}",
    "{\"too-many\": {\"retry-after\": \"0.05\"}}",
    "\"expired-token\"",
];

/// Numbers that a seed decides (SplitMix64).
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }

    /// Faults: everything is slow, and now and then something worse happens to a write.
    pub fn bad_day(&mut self) -> String {
        let mut faults = Vec::new();
        for on in ["dispatch/", "_vendor/"] {
            for slow in ["latency", "late-answer"] {
                let ms = self.below(SLOWEST);
                faults.push(format!("{{\"do\": {{\"{slow}\": {{\"ms\": {ms}}}}}, \"on\": \"{on}\"}}"));
            }
        }
        for (on, spared) in [("dispatch/team.", 20), ("_vendor/orders.", 4)] {
            for _ in 0..self.below(3) {
                let worse = WORSE[self.below(WORSE.len())];
                let after = self.below(spared);
                faults.push(format!("{{\"do\": {worse}, \"on\": \"{on}\", \"after\": {after}, \"times\": 1}}"));
            }
        }
        format!("[{}]", faults.join(","))
    }
}
