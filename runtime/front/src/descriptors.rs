//! File descriptors: connections, files, the store and every plugin's memory take of the same few.

/// More than this is not asked for: what the system keeps for each costs memory.
#[cfg(unix)]
const ENOUGH: u64 = 65_536;
/// The most connections that are open at a time, however many descriptors there are.
const CONNECTIONS: u64 = 2048;
/// What a process has open that serves nobody.
const OWN: u64 = 64;

/// Raises the soft limit as far as the hard one lets it, and says what it is. None where there is none.
pub fn raise() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let current = current?;
        let wanted = maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
        if current >= wanted {
            return Some(current);
        }
        match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
            Ok(()) => Some(wanted),
            // It stays as it is, and everything else goes by that.
            Err(_) => Some(current),
        }
    }
    #[cfg(not(unix))]
    None
}

/// How many connections may be open where there are so many descriptors: the larger half is kept back for runs.
pub fn connections(limit: Option<u64>) -> usize {
    let most = limit.map_or(CONNECTIONS, |limit| (limit.saturating_sub(OWN) / 2).clamp(8, CONNECTIONS));
    usize::try_from(most).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_keep_the_larger_half() {
        assert_eq!([Some(256), Some(1024), Some(65_536), None].map(connections), [96, 480, 2048, 2048]);
        assert_eq!(connections(Some(10)), 8);
    }

    #[cfg(unix)]
    #[test]
    fn the_soft_limit_is_as_high_as_it_may_be() {
        use rustix::process::{Resource, getrlimit};
        let raised = raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(raised, limit.current);
        assert!(limit.current >= limit.maximum.map(|maximum| maximum.min(ENOUGH)));
    }
}
