//! Whether every user of the machine reads what is delivered to a folder. Its files have the mode of the umask unless the
//! delivery says theirs.

use tradewire_config::{Delivery, DestinationSettings};

use super::{Finding, Patient};

const OTHERS_READ: u32 = 0o004;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    patient.installation.config.deliveries.values().filter_map(open).collect()
}

fn open(delivery: &Delivery) -> Option<Finding> {
    let DestinationSettings::Folder(folder) = &delivery.to else { return None };
    let (name, shown) = (&delivery.name, folder.display());
    if tradewire_private::lets_others_write(folder) {
        let diagnosis = format!("every user of this machine can put files into `{shown}`, where `{name}` delivers to");
        return Some(Finding::new(diagnosis, format!("`chmod o-w {shown}`")));
    }
    let mode =
        tradewire_private::usual_file_mode().filter(|mode| delivery.mode.is_none() && mode & OTHERS_READ != 0)?;
    let is_entered = folder.exists() || tradewire_private::usual_folder_mode().is_some_and(|mode| mode & 1 != 0);
    (is_entered && tradewire_private::lets_others_in(folder)).then(|| {
        Finding::new(
            format!("every user of this machine can read what `{name}` delivers to `{shown}` (mode {mode:04o})"),
            format!("write `mode = \"0640\"` into `[delivery.{name}]`, or `chmod o-rwx {shown}`"),
        )
    })
}
