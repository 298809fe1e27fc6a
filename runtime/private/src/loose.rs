//! What others could do, and the line that mends it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a file or folder is not only ours. The message ends with the line that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loose {
    /// It belongs to another user, who can change all of it.
    Foreign {
        /// What.
        path: PathBuf,
        /// Whether it is a folder.
        is_folder: bool,
        /// Whether it is only read, so that it may be the administrator's as well.
        is_read: bool,
        /// Whose.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// It is a link that another user has made.
    ForeignLink {
        /// What.
        path: PathBuf,
        /// Whose.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// Others can write to it.
    Writable {
        /// What.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can write to what is in a folder that is used as a whole.
    WritableWithin {
        /// The folder.
        folder: PathBuf,
        /// What, the first that was found.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can read it.
    Readable {
        /// What.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it should have, as `chmod` takes it.
        to: &'static str,
        /// Whose.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// A folder on the way to it is one where others can put something else in its place.
    Replaceable {
        /// What.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A folder on the way to it belongs to another user.
    ForeignFolder {
        /// What.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Whose.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// It cannot be looked at, or its mode cannot be changed.
    Unknown {
        /// What.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl Loose {
    /// Whether others can change it, whoever it belongs to.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Loose::Writable { .. } | Loose::WritableWithin { .. } | Loose::Replaceable { .. })
    }

    /// What is wrong.
    #[must_use]
    pub fn diagnosis(&self) -> String {
        match self {
            Loose::Foreign { path, owner, us, .. } => {
                format!("`{}` belongs to user {owner}, and this is user {us}", path.display())
            }
            Loose::ForeignLink { path, owner, us } => {
                format!("the link `{}` belongs to user {owner}, and this is user {us}", path.display())
            }
            Loose::Writable { path, mode } => format!("other users can change `{}` (mode {mode:04o})", path.display()),
            Loose::WritableWithin { folder, path, mode } => {
                let (folder, path) = (folder.display(), path.display());
                format!("other users can change `{path}` (mode {mode:04o}), which is part of `{folder}`")
            }
            Loose::Readable { path, mode, .. } => {
                format!("other users can read `{}` (mode {mode:04o})", path.display())
            }
            Loose::Replaceable { path, folder, mode } => {
                let (path, folder) = (path.display(), folder.display());
                format!(
                    "other users can replace `{path}`, because they can change the folder `{folder}` (mode {mode:04o})"
                )
            }
            Loose::ForeignFolder { path, folder, owner, us } => {
                let (path, folder) = (path.display(), folder.display());
                format!(
                    "user {owner} can replace `{path}`, because the folder `{folder}` belongs to them, and this is user {us}"
                )
            }
            Loose::Unknown { path, why } => {
                format!("whether `{}` is nobody else's cannot be seen, or seen to: {why}", path.display())
            }
        }
    }

    /// What mends it.
    #[must_use]
    pub fn treatment(&self) -> String {
        match self {
            Loose::Foreign { path, is_folder, is_read: true, .. } => trusted(path, *is_folder),
            Loose::Foreign { path, is_folder, owner, us, .. } => given(path, *is_folder, *owner, *us),
            Loose::ForeignFolder { folder, owner, us, .. } => given(folder, false, *owner, *us),
            Loose::ForeignLink { path, .. } => {
                format!("look where it leads with `ls -l {0}`, and make it anew: `rm {0}`", path.display())
            }
            Loose::Writable { path, .. } => format!("`chmod go-w {}`", path.display()),
            Loose::WritableWithin { folder, .. } => format!("`chmod -R go-w {}`", folder.display()),
            // With the mode alone it would be its owner's, and no longer read by us.
            Loose::Readable { path, to, owner, us, .. } if owner != us && *us != 0 => {
                format!("`sudo chown {us} {0} && sudo chmod {to} {0}`", path.display())
            }
            Loose::Readable { path, to, .. } => format!("`chmod {to} {}`", path.display()),
            Loose::Replaceable { folder, .. } => format!("`chmod go-w {}`", folder.display()),
            Loose::Unknown { path, .. } => format!("look at it with `ls -ld {}`", path.display()),
        }
    }
}

impl fmt::Display for Loose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.diagnosis(), self.treatment())
    }
}

impl std::error::Error for Loose {}

/// What to do about something of another user's. The administrator takes nothing away from anybody: what a service runs
/// by is its user's. What the administrator has left behind is given to its user.
fn given(path: &Path, with_all: bool, owner: u32, us: u32) -> String {
    let run = format!("run tradewire as its owner: `sudo -u {} tradewire …`", name_of(owner));
    let all = if with_all { "-R " } else { "" };
    let give = format!("give it to this user: `sudo chown {all}{us} {}`", path.display());
    match (us, owner) {
        (0, _) => run,
        (_, 0) => give,
        _ => format!("{run}; or {give}"),
    }
}

/// What to do about something of another user's that is only read: whoever owns it could change what we do.
fn trusted(path: &Path, with_all: bool) -> String {
    let all = if with_all { "-R " } else { "" };
    format!("where it is to be trusted, `sudo chown {all}root {}`", path.display())
}

/// A user as `sudo` takes one.
fn name_of(user: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, user).map_or_else(|| format!("'#{user}'"), str::to_owned)
}

fn named(users: &str, user: u32) -> Option<&str> {
    let mut named = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        Some((fields.next()?, fields.nth(1)?.parse::<u32>().ok()?))
    });
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    named.find(|(name, id)| *id == user && !name.is_empty() && is_plain(name)).map(|(name, _)| name)
}

/// What was too open, and is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// What.
    pub path: PathBuf,
    /// The mode that it had.
    pub was: u32,
    /// The mode that it has.
    pub is: u32,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mended { path, was, is } = self;
        write!(f, "other users could reach `{}` (mode {was:04o}); its mode is {is:04o} now", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/bash\n+nis\nodd name:x:7:7::/:/bin/sh\ntw:x:1005:1005::/home/tw:/bin/sh\n";
    const NOBODYS: u32 = 4_000_000_001;

    fn foreign(is_folder: bool, owner: u32, us: u32) -> String {
        Loose::Foreign { path: "state".into(), is_folder, is_read: false, owner, us }.to_string()
    }

    #[test]
    fn a_user_is_called_as_sudo_takes_one() {
        assert_eq!(named(USERS, 1005), Some("tw"));
        assert_eq!((named(USERS, 7), named(USERS, 8)), (None, None));
        assert_eq!(name_of(NOBODYS), format!("'#{NOBODYS}'"));
    }

    #[test]
    fn the_administrator_is_never_told_to_take_what_is_anothers() {
        let told = foreign(true, NOBODYS, 0);
        assert!(told.ends_with(&format!("run tradewire as its owner: `sudo -u '#{NOBODYS}' tradewire …`")), "{told}");
        let folder = Loose::ForeignFolder { path: "a/b".into(), folder: "a".into(), owner: NOBODYS, us: 0 }.to_string();
        assert!(folder.contains("sudo -u") && !(told + &folder).contains("chown"), "{folder}");
    }

    #[test]
    fn nobody_is_told_to_run_as_the_owner_of_what_is_only_read() {
        for us in [0, 1005] {
            let read = Loose::Foreign { path: "pack".into(), is_folder: true, is_read: true, owner: NOBODYS, us };
            assert_eq!(read.treatment(), "where it is to be trusted, `sudo chown -R root pack`");
        }
    }

    #[test]
    fn what_the_administrator_lets_us_read_stays_readable_to_us() {
        let readable = |owner, us| Loose::Readable { path: "key".into(), mode: 0o640, to: "600", owner, us };
        assert_eq!(readable(1005, 1005).treatment(), "`chmod 600 key`");
        assert_eq!(readable(0, 1005).treatment(), "`sudo chown 1005 key && sudo chmod 600 key`");
        assert_eq!(readable(1005, 0).treatment(), "`chmod 600 key`");
    }

    #[test]
    fn a_user_is_given_what_the_administrator_left_and_no_more_than_the_file() {
        assert!(foreign(true, 0, 1005).ends_with(": give it to this user: `sudo chown -R 1005 state`"));
        assert!(foreign(false, 0, 1005).ends_with(": give it to this user: `sudo chown 1005 state`"));
        let told = foreign(false, NOBODYS, 1005);
        assert!(told.ends_with("tradewire …`; or give it to this user: `sudo chown 1005 state`"), "{told}");
    }
}
