//! Several faults, told together: whoever mends them wants to see them all.

use std::fmt;

use tradewire_config::SecretError;

/// What is wrong, each fault with what to do.
#[derive(Debug, Default)]
pub struct Faults(Vec<String>);

impl Faults {
    /// One more.
    pub fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// A secret that cannot be read; a vault that cannot be opened is one fault, however much is in it.
    pub fn secret(&mut self, place: impl fmt::Display, error: &SecretError) {
        let fault = match error {
            SecretError::Vault(error) => error.to_string(),
            error => format!("{place}: {error}"),
        };
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// The value, unless there are faults.
    ///
    /// # Errors
    /// All of them, where there are any.
    pub fn finish<T>(self, value: T) -> Result<T, Faults> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Each of them.
    pub fn each(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faults {}
