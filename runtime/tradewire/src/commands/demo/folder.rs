//! The folder of a demo: a configuration, its plugin and its secrets, complete in itself.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use tradewire_sandbox::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT};

/// How a configuration begins that may be written over.
const MARK: &str = "# Written by `tradewire demo`, and written anew by the next one.\n";

/// A folder that holds nothing of earlier demos.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, and removes what an earlier demo left there: each demo is as the first.
    pub fn begin(path: &Path) -> Result<Folder> {
        let folder = Folder(path.to_owned());
        let config = folder.config();
        match fs::read_to_string(&config) {
            Ok(text) if text.starts_with(MARK) => folder.clear()?,
            Ok(_) => bail!("`{}` was not written by a demo; choose another folder with `--out`", config.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", config.display())),
        }
        fs::create_dir_all(path)
            .with_context(|| format!("cannot make the folder `{}`; choose another with `--out`", path.display()))?;
        Ok(folder)
    }

    /// The compiled plugins stay: they save time and show nowhere.
    fn clear(&self) -> Result<()> {
        let gone = |result: std::io::Result<()>, path: &Path| match result {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove what the last demo left: `{}`", path.display()))
            }
            _ => Ok(()),
        };
        for name in ["tradewire.db", "tradewire.db-wal", "tradewire.db-shm"] {
            let path = self.0.join(".tradewire").join(name);
            gone(fs::remove_file(&path), &path)?;
        }
        let payroll = self.0.join("payroll");
        gone(fs::remove_dir_all(&payroll), &payroll)
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("tradewire.toml")
    }

    /// Puts the plugin and the secrets there.
    pub fn furnish(&self, plugin: &Path) -> Result<()> {
        fs::copy(plugin, self.0.join("payroll-export.wasm")).with_context(|| {
            format!(
                "cannot read the plugin `{}`; build it with `plugins/build`, or name it with `--plugin`",
                plugin.display()
            )
        })?;
        self.write("app-key.secret", DEMO_APP_KEY)?;
        self.write("client.secret", DEMO_CLIENT_SECRET)
    }

    /// Writes a configuration whose export is due at this moment of each week.
    pub fn schedule(&self, address: &str, due: DateTime<Tz>) -> Result<()> {
        let cron = format!("{} {} {} * * {}", due.second(), due.minute(), due.hour(), due.weekday());
        let zone = due.timezone().name();
        let text = format!(
            r#"{MARK}
[servicetitan]
environment = "{address}"    # production, integration, sandbox, or an address
app_key = {{ file = "app-key.secret" }}

[tenant.acme]
id = {DEMO_TENANT}
client_id = "{DEMO_CLIENT_ID}"
client_secret = {{ file = "client.secret" }}
timezone = "{zone}"

[plugin.payroll-export]
source = "payroll-export.wasm"
grant = [
  "payroll/payrolls.get-list",
  "payroll/gross-pay-items.get-list",
  "payroll/payroll-settings.get-payroll-settings-list",
  "payroll/activity-codes.get-list",
  "settings/technicians.get-list",
  "settings/employees.get-list",
]
limits = {{ memory = "64 MiB", time = "1 min" }}

[export.weekly-payroll]
run = "payroll-export"
tenants = ["acme"]
cron = "{cron}"    # second, minute, hour, day of the month, month, day of the week; in the tenant's time zone
settings = {{ provider = "adp-workforce-now", company-code = "AB" }}
deliver = "adp"

[delivery.adp]
to = "payroll"
"#
        );
        self.write("tradewire.toml", &text)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    }
}
