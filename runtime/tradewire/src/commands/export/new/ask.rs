//! Questions: answered by an option, else by whoever sits at the terminal, else an error that names the option.

use std::io::{IsTerminal, stderr, stdin};

use anyhow::{Result, anyhow, bail};
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, MultiSelect, Select};
use tradewire_config::is_name;

use crate::output::Output;

/// Whoever answers what no option says.
pub struct Ask {
    someone: bool,
    theme: ColorfulTheme,
}

/// A choice: what is written, and what is said of it.
pub type Choice = (String, String);

impl Ask {
    pub fn new(output: &Output) -> Ask {
        let someone = !output.is_silent() && stdin().is_terminal() && stderr().is_terminal();
        Ask { someone, theme: ColorfulTheme::default() }
    }

    /// Whether anyone is there to be asked.
    pub fn is_interactive(&self) -> bool {
        self.someone
    }

    /// A text. `check` says why an answer will not do.
    pub fn text(
        &self,
        option: &str,
        question: &str,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        if !self.someone {
            return Err(missing(option, question));
        }
        let mut input = Input::<String>::with_theme(&self.theme).with_prompt(question);
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        let answer = input.validate_with(|answer: &String| check(answer.trim())).interact_text()?;
        Ok(answer.trim().to_owned())
    }

    /// One of several.
    pub fn choose(&self, option: &str, question: &str, choices: &[Choice]) -> Result<String> {
        if !self.someone {
            let choices: Vec<&str> = choices.iter().map(|(choice, _)| choice.as_str()).collect();
            return Err(missing(option, &format!("{question} ({})", choices.join(", "))));
        }
        let items: Vec<String> = choices.iter().map(shown).collect();
        let chosen = Select::with_theme(&self.theme).with_prompt(question).items(&items).default(0).interact()?;
        choices.get(chosen).map(|(choice, _)| choice.clone()).ok_or_else(|| missing(option, question))
    }

    /// Some of several; at least one.
    pub fn several(&self, option: &str, question: &str, choices: &[Choice]) -> Result<Vec<String>> {
        if !self.someone {
            let choices: Vec<&str> = choices.iter().map(|(choice, _)| choice.as_str()).collect();
            return Err(missing(option, &format!("{question} ({})", choices.join(", "))));
        }
        let items: Vec<String> = choices.iter().map(shown).collect();
        let question = format!("{question} (space chooses, enter ends)");
        loop {
            let chosen = MultiSelect::with_theme(&self.theme).with_prompt(&question).items(&items).interact()?;
            if !chosen.is_empty() {
                return Ok(chosen
                    .into_iter()
                    .filter_map(|n| choices.get(n))
                    .map(|(choice, _)| choice.clone())
                    .collect());
            }
        }
    }
}

fn shown((choice, about): &Choice) -> String {
    if about.is_empty() { choice.clone() } else { format!("{choice}: {about}") }
}

fn missing(option: &str, question: &str) -> anyhow::Error {
    anyhow!("`{option}` is missing: {question}; nobody is at a terminal to be asked")
}

/// That an answer says something.
pub fn something(answer: &str) -> Result<(), String> {
    if answer.is_empty() { Err("write something".to_owned()) } else { Ok(()) }
}

/// A name as the configuration has them.
pub fn name(answer: &str) -> Result<(), String> {
    match is_name(answer) {
        true => Ok(()),
        false => Err("write 1 to 64 letters, digits, `-`, `_` and `.`".to_owned()),
    }
}

/// The answer of an option, checked as one at the terminal would be.
pub fn given(option: &str, answer: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<String> {
    match check(answer.trim()) {
        Ok(()) => Ok(answer.trim().to_owned()),
        Err(fault) => bail!("`{option}` is `{}`: {fault}", answer.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_is_what_the_configuration_takes_for_one() {
        assert!(["acme", "a-b_c", "acme.2", "x".repeat(64).as_str()].iter().all(|answer| name(answer).is_ok()));
        assert!(["", "a b", "Löhne", "x".repeat(65).as_str()].iter().all(|answer| name(answer).is_err()));
    }
}
