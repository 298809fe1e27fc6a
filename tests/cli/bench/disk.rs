//! Small disks that fill up and turn read-only, each seen only by the processes that are started on it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Bench, Told};

/// A disk in memory, mounted over a folder of a bench in a namespace of its own. Gone when this is dropped.
pub struct Disk {
    keeper: Child,
    folder: PathBuf,
    is_root: bool,
}

impl Disk {
    /// One of this size. None where this machine lets nobody mount, which is said.
    pub fn over(bench: &Bench, folder: &str, size: &str) -> Option<Disk> {
        let folder = bench.path(folder);
        let _ = fs::create_dir(&folder);
        let is_root = rustix::process::geteuid().is_root();
        let mut unshare = Command::new("unshare");
        if !is_root {
            unshare.args(["--user", "--map-root-user"]);
        }
        let script = "mount -t tmpfs -o mode=0755,size=$1 tmpfs \"$0\" && echo mounted && exec cat";
        unshare.args(["--mount", "sh", "-c", script]).arg(&folder).arg(size);
        let keeper = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut line = String::new();
        let keeper = keeper.ok().and_then(|mut keeper| {
            BufReader::new(keeper.stdout.as_mut()?).read_line(&mut line).ok()?;
            Some(keeper)
        });
        match keeper {
            Some(keeper) if line == "mounted\n" => Some(Disk { keeper, folder, is_root }),
            _ => {
                let test = std::thread::current().name().unwrap_or_default().to_owned();
                // Not by a macro, whose text the test harness keeps to itself.
                let _ = writeln!(std::io::stderr(), "NOT TESTED: {test}: this machine lets nobody mount a disk");
                None
            }
        }
    }

    /// The folder as those on the disk see it.
    pub fn path(&self, name: &str) -> PathBuf {
        let inside = Path::new("/proc").join(self.keeper.id().to_string()).join("root");
        inside.join(self.folder.strip_prefix("/").unwrap()).join(name)
    }

    /// What is there.
    pub fn names(&self) -> Vec<String> {
        super::names(&self.path(""))
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut filler = fs::File::create(self.path("filler")).unwrap();
        while filler.write_all(&[0; 1024]).is_ok() {}
    }

    /// Gives that room back.
    pub fn clear(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    /// Mounts it anew: `ro`, `rw`, `size=8m`.
    pub fn remount(&self, how: &str) {
        assert!(self.try_remount(how), "{how}");
    }

    /// The same, which is refused where somebody has a file open for writing.
    pub fn try_remount(&self, how: &str) -> bool {
        let mut mount = self.enter();
        // With its source named nothing is added from what is mounted, such as owners that a namespace does not know.
        mount.args(["mount", "-o", &format!("remount,{how}"), "tmpfs"]).arg(&self.folder).stderr(Stdio::null());
        mount.status().unwrap().success()
    }

    /// Runs `tradewire` with these words where the disk is seen, to its end.
    pub fn tradewire(&self, bench: &Bench, words: &str) -> Told {
        self.command(bench, words).output().unwrap().into()
    }

    /// Starts it.
    pub fn start(&self, bench: &Bench, words: &str) -> Child {
        self.command(bench, words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn command(&self, bench: &Bench, words: &str) -> Command {
        let plain = bench.command(words);
        let mut command = self.enter();
        command.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]).arg(bench.path("")).arg(plain.get_program());
        command.args(plain.get_args()).stdin(Stdio::null());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.keeper.id().to_string(), "--mount"]);
        if !self.is_root {
            command.args(["--user", "--preserve-credentials"]);
        }
        command
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
