//! What is to be written: from options, from answers, and from what the configuration has already.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chrono::{NaiveDate, Utc};
use tradewire_config::{Config, DestinationSettings, variable};
use tradewire_payroll::Layout;
use tradewire_payroll::layout::{COMMON_SETTINGS, PROVIDERS};
use tradewire_schedule::{CronExpression, WindowRule};

use super::ask::{Ask, Choice, given, name, something};
use crate::cli::export::{New, Reference, reference};
use crate::commands::plugin;
use crate::output::Output;

/// The plugin that has providers.
const PAYROLL: &str = "payroll-export";
/// The plugins of this repository that are exports and need nothing but a schedule.
const FIRST_PARTY: [(&str, &str); 3] = [
    (PAYROLL, "gross pay as the file that a payroll provider imports"),
    ("open-orders", "purchase orders that have not come yet, with their age and worth"),
    ("three-way-match", "orders, receipts and bills held against each other"),
];
/// Where plugins of this repository are built to.
const BUILT: &str = "target/guests";

/// An export that is to be, and what it needs besides.
pub struct Draft {
    pub name: String,
    pub plugin: String,
    /// Where the configuration does not have it.
    pub new_plugin: Option<NewPlugin>,
    pub settings: Vec<(String, String)>,
    pub tenants: Vec<String>,
    pub new_tenants: Vec<NewTenant>,
    pub servicetitan: Option<(String, Reference)>,
    pub cron: Option<String>,
    pub window: Option<String>,
    pub deliver: String,
    /// `to` of a delivery that the configuration does not have.
    pub new_delivery: Option<String>,
    /// What is worth knowing after.
    pub hints: Vec<String>,
}

/// A plugin that the configuration does not have.
pub struct NewPlugin {
    pub source: String,
    /// `grant = […]`
    pub grant: String,
    pub vendors: Vec<String>,
}

/// A tenant that the configuration does not have.
pub struct NewTenant {
    pub name: String,
    pub id: i64,
    pub client_id: String,
    pub client_secret: Reference,
    pub timezone: String,
}

impl Draft {
    /// Asks for all that the options do not say.
    pub fn of(options: &New, config: Option<&Config>, output: &Output) -> Result<Draft> {
        let ask = Ask::new(output);
        let asking = Asking { options, config, ask: &ask };
        let plugin = asking.plugin()?;
        let mut hints = Vec::new();
        let provider = if plugin == PAYROLL { asking.provider()? } else { None };
        if let (Some(provider), None) = (&options.provider, &provider) {
            bail!("`--provider {provider}` is for the plugin `{PAYROLL}`; `{plugin}` takes its settings by `--set`");
        }
        let mut settings = options.settings.clone();
        if let Some(provider) = &provider {
            settings.retain(|(name, _)| name != "provider");
            settings.insert(0, ("provider".to_owned(), provider.clone()));
            asking.layout_settings(provider, &mut settings, &mut hints)?;
        }
        let new_plugin = match config.is_some_and(|config| config.plugins.contains_key(&plugin)) {
            true => None,
            false => Some(asking.new_plugin(&plugin, output)?),
        };
        let servicetitan = if config.is_none() { Some(asking.servicetitan()?) } else { None };
        let (tenants, new_tenants) = asking.tenants()?;
        let default = provider.as_ref().map_or_else(|| plugin.clone(), |provider| format!("{provider}-payroll"));
        let export = asking.name(&default)?;
        let cron = asking.cron()?;
        let (deliver, new_delivery) = asking.deliver(&export)?;
        let window = asking.window(cron.is_some())?;
        Ok(Draft {
            name: export,
            plugin,
            new_plugin,
            settings,
            tenants,
            new_tenants,
            servicetitan,
            cron,
            window,
            deliver,
            new_delivery,
            hints,
        })
    }
}

/// Who asks, and what is known before.
struct Asking<'a> {
    options: &'a New,
    config: Option<&'a Config>,
    ask: &'a Ask,
}

impl Asking<'_> {
    fn plugin(&self) -> Result<String> {
        if let Some(plugin) = &self.options.plugin {
            return given("--plugin", plugin, name);
        }
        if self.options.provider.is_some() {
            return Ok(PAYROLL.to_owned());
        }
        let there = self.config.iter().flat_map(|config| config.plugins.keys());
        let mut choices: Vec<Choice> = there.map(|name| (name.clone(), "as configured".to_owned())).collect();
        for (name, about) in FIRST_PARTY {
            if choices.iter().all(|(known, _)| known != name) {
                choices.push((name.to_owned(), about.to_owned()));
            }
        }
        self.ask.choose("--plugin", "which plugin?", &choices)
    }

    /// The provider; none where a layout of the operator's own is set.
    fn provider(&self) -> Result<Option<String>> {
        let set = |wanted: &str| self.options.settings.iter().find(|(name, _)| name == wanted);
        let known = |provider: &str| match Layout::of(provider) {
            Some(_) => Ok(()),
            None => Err(format!("write one of {}", PROVIDERS.map(|(name, _)| name).join(", "))),
        };
        match (&self.options.provider, set("provider"), set("layout")) {
            (Some(provider), ..) | (None, Some((_, provider)), _) => given("--provider", provider, known).map(Some),
            (None, None, Some(_)) => Ok(None),
            (None, None, None) => {
                let about = |provider: &str| Layout::of(provider).map(|layout| layout.provider).unwrap_or_default();
                let choices = PROVIDERS.map(|(name, _)| (name.to_owned(), about(name)));
                self.ask.choose("--provider", "which payroll provider?", &choices).map(Some)
            }
        }
    }

    /// The settings that a provider cannot do without, held against its layout.
    fn layout_settings(
        &self,
        provider: &str,
        settings: &mut Vec<(String, String)>,
        hints: &mut Vec<String>,
    ) -> Result<()> {
        let Some(layout) = Layout::of(provider) else { return Ok(()) };
        let mut others = Vec::new();
        for setting in layout.settings() {
            if settings.iter().any(|(name, _)| name == setting.name()) {
                continue;
            }
            if !setting.is_required() {
                others.push(setting.name().to_owned());
                continue;
            }
            let question = format!("{} ({})", setting.name(), setting.about());
            let check = |answer: &str| setting.fault(answer).map_or(Ok(()), Err);
            let option = format!("--set {}=…", setting.name());
            settings.push((setting.name().to_owned(), self.ask.text(&option, &question, None, check)?));
        }
        let known: Vec<&str> = layout.settings().map(|setting| setting.name()).chain(COMMON_SETTINGS).collect();
        if let Some((unknown, _)) = settings.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            bail!("`--set {unknown}=…`: {} has no such setting; it has {}", layout.provider, known.join(", "));
        }
        let today: NaiveDate = Utc::now().date_naive();
        let find = |wanted: &str| settings.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        if let Err(faults) = layout.bind(find, today) {
            bail!("the settings of {provider} have faults: {}", faults.join("; "));
        }
        if !others.is_empty() {
            hints.push(format!("settings that {provider} also has: {}; see the plugin's README", others.join(", ")));
        }
        Ok(())
    }

    fn new_plugin(&self, plugin: &str, output: &Output) -> Result<NewPlugin> {
        let folder = super::folder_of(&self.options.paths.config);
        let file = format!("{plugin}.wasm");
        let found = [folder.join(&file), Path::new(BUILT).join(&file)].into_iter().find(|path| path.is_file());
        let source = match (&self.options.source, found) {
            (Some(source), _) => source.clone(),
            (None, Some(found)) if !self.ask.is_interactive() => found,
            (None, found) => {
                let default = found.map(|path| path.display().to_string());
                let there = |answer: &str| match Path::new(answer).is_file() {
                    true => Ok(()),
                    false => Err("there is no such file".to_owned()),
                };
                let question = format!("where is the component of `{plugin}`?");
                PathBuf::from(self.ask.text("--source", &question, default.as_deref(), there)?)
            }
        };
        let loaded = plugin::load(&source, output)?;
        let grant = tradewire_surface::grants::Grants::default().line_for(loaded.operations().iter().copied());
        let vendors = match (loaded.uses_middleware(), self.options.vendors.as_slice()) {
            (false, _) => Vec::new(),
            (true, []) => {
                let there = self.config.iter().flat_map(|config| config.middleware.keys());
                let choices: Vec<Choice> = there.map(|name| (name.clone(), String::new())).collect();
                if choices.is_empty() {
                    bail!("`{plugin}` calls vendors, and the configuration has none: add a `[middleware.…]` first");
                }
                self.ask.several("--vendor", "which vendors may it call?", &choices)?
            }
            (true, given) => given.to_vec(),
        };
        Ok(NewPlugin { source: self.seen_from_config(&source)?, grant, vendors })
    }

    fn servicetitan(&self) -> Result<(String, Reference)> {
        let environment = match &self.options.environment {
            Some(environment) => given("--environment", environment, something)?,
            None => {
                let choices = [
                    ("integration", "ServiceTitan's integration environment"),
                    ("production", "ServiceTitan itself"),
                    ("sandbox", "the one that `tradewire sandbox` serves"),
                ];
                let choices = choices.map(|(name, about)| (name.to_owned(), about.to_owned()));
                self.ask.choose("--environment", "which ServiceTitan?", &choices)?
            }
        };
        let app_key =
            self.reference("--app-key", "where is the application's key?", &self.options.app_key, "env:ST_APP_KEY")?;
        Ok((environment, app_key))
    }

    fn reference(&self, option: &str, question: &str, given: &Option<String>, default: &str) -> Result<Reference> {
        if let Some(given) = given {
            return reference(given).map_err(|told| anyhow::anyhow!("`{option}`: {told}"));
        }
        let question = format!("{question} env:NAME, file:PATH or vault:NAME");
        let answer = self.ask.text(option, &question, Some(default), |answer| reference(answer).map(drop))?;
        reference(&answer).map_err(anyhow::Error::msg)
    }

    fn tenants(&self) -> Result<(Vec<String>, Vec<NewTenant>)> {
        let known: Vec<&String> = self.config.iter().flat_map(|config| config.tenants.keys()).collect();
        let tenants = match self.options.tenants.as_slice() {
            [] if known.is_empty() => {
                vec![self.ask.text("--tenant", "what is the tenant to be called?", None, name)?]
            }
            [] => {
                let choices: Vec<Choice> = known.iter().map(|name| ((*name).clone(), String::new())).collect();
                self.ask.several("--tenant", "for which tenants?", &choices)?
            }
            given => given.to_vec(),
        };
        let mut new = Vec::new();
        for tenant in tenants.iter().filter(|tenant| !known.contains(tenant)) {
            let tenant = given("--tenant", tenant, name)?;
            if !new.is_empty() {
                bail!("`{tenant}` is the second tenant that the configuration does not have: add one at a time");
            }
            new.push(self.new_tenant(tenant)?);
        }
        Ok((tenants, new))
    }

    fn new_tenant(&self, name: String) -> Result<NewTenant> {
        let New { tenant_id, client_id, client_secret, timezone, .. } = self.options;
        let id = match tenant_id {
            Some(id) => *id,
            None => {
                let number = |answer: &str| answer.parse::<i64>().map(drop).map_err(|_| "write a number".to_owned());
                let question = format!("the number of `{name}` at ServiceTitan?");
                self.ask.text("--tenant-id", &question, None, number)?.parse()?
            }
        };
        let client_id = match client_id {
            Some(client_id) => given("--client-id", client_id, something)?,
            None => self.ask.text("--client-id", &format!("the client id of `{name}`?"), None, something)?,
        };
        let default = format!("env:{}", variable(&name, "CLIENT_SECRET"));
        let question = format!("where is the client secret of `{name}`?");
        let client_secret = self.reference("--client-secret", &question, client_secret, &default)?;
        let zone = |answer: &str| match answer.parse::<chrono_tz::Tz>() {
            Ok(_) => Ok(()),
            Err(_) => Err("write a time zone such as `America/Phoenix`".to_owned()),
        };
        let timezone = match timezone {
            Some(timezone) => given("--timezone", timezone, zone)?,
            None => self.ask.text("--timezone", &format!("the time zone of `{name}`?"), None, zone)?,
        };
        Ok(NewTenant { name, id, client_id, client_secret, timezone })
    }

    fn name(&self, default: &str) -> Result<String> {
        let free = |answer: &str| match self.config.is_some_and(|config| config.exports.contains_key(answer)) {
            true => Err("there is an export of that name: write another".to_owned()),
            false => name(answer),
        };
        match &self.options.name {
            Some(name) => given("<NAME>", name, free),
            None if !self.ask.is_interactive() => given("<NAME>", default, free),
            None => self.ask.text("<NAME>", "what is the export to be called?", Some(default), free),
        }
    }

    /// Its schedule; none where it runs only when asked.
    fn cron(&self) -> Result<Option<String>> {
        let check = |answer: &str| match answer {
            "never" => Ok(()),
            cron => cron.parse::<CronExpression>().map(drop).map_err(|error| error.to_string()),
        };
        let cron = match &self.options.cron {
            Some(cron) => given("--cron", cron, check)?,
            None => {
                let question =
                    "when does it run? a cron expression in the tenant's time zone, or `never`: only when asked";
                self.ask.text("--cron", question, Some("0 6 * * MON"), check)?
            }
        };
        Ok(Some(cron).filter(|cron| cron != "never"))
    }

    /// What a run accounts for; none is from slot to slot, which only a schedule has.
    fn window(&self, has_slots: bool) -> Result<Option<String>> {
        match &self.options.window {
            Some(window) => given("--window", window, rule).map(Some),
            None if has_slots => Ok(None),
            None => {
                let choices = ["week", "day", "month"].map(|rule| (rule.to_owned(), String::new()));
                self.ask.choose("--window", "what does a run account for?", &choices).map(Some)
            }
        }
    }

    /// The delivery, and its `to` where it is a new one.
    fn deliver(&self, export: &str) -> Result<(String, Option<String>)> {
        let there = self.config.iter().flat_map(|config| config.deliveries.values());
        let answer = match &self.options.deliver {
            Some(deliver) => given("--deliver", deliver, something)?,
            None => {
                let choices: Vec<Choice> = there.map(|delivery| (delivery.name.clone(), told(&delivery.to))).collect();
                let other = "another place";
                let chosen = match choices.is_empty() || !self.ask.is_interactive() {
                    true => other.to_owned(),
                    false => {
                        let other = [(other.to_owned(), String::new())];
                        self.ask.choose("--deliver", "where do its files go?", &[&choices[..], &other].concat())?
                    }
                };
                match chosen == other {
                    true => {
                        self.ask.text("--deliver", "to which folder do its files go?", Some("outbox"), something)?
                    }
                    false => chosen,
                }
            }
        };
        let names: Vec<&String> = self.config.iter().flat_map(|config| config.deliveries.keys()).collect();
        if names.contains(&&answer) {
            return Ok((answer, None));
        }
        let is_address = answer.contains("://");
        let to = if is_address { answer.clone() } else { self.seen_from_config(Path::new(&answer))? };
        let last = answer.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        // A name with a dot would have to be quoted.
        let wanted = if name(last).is_ok() && !last.contains('.') { last } else { export };
        let free = std::iter::once(wanted.to_owned()).chain((2..).map(|n| format!("{wanted}-{n}")));
        let free = free.into_iter().find(|name| !names.contains(&name));
        Ok((free.unwrap_or_else(|| wanted.to_owned()), Some(to)))
    }

    /// A path as the configuration writes it: relative paths are seen from its folder.
    fn seen_from_config(&self, path: &Path) -> Result<String> {
        let is_here = self.options.paths.config.parent().is_none_or(|folder| folder.as_os_str().is_empty());
        let path = if is_here { path.to_owned() } else { std::path::absolute(path)? };
        let text = path.to_str().with_context(|| format!("`{}` is not UTF-8: choose another path", path.display()))?;
        Ok(text.to_owned())
    }
}

fn told(destination: &DestinationSettings) -> String {
    match destination {
        DestinationSettings::Folder(folder) => folder.display().to_string(),
        _ => String::new(),
    }
}

fn rule(answer: &str) -> Result<(), String> {
    match WindowRule::NAMES.iter().any(|(name, _)| *name == answer) {
        true => Ok(()),
        false => Err(format!("write {}", WindowRule::NAMES.map(|(name, _)| name).join(", "))),
    }
}
