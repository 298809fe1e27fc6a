//! Records of ServiceTitan as tests need them, and the file that a provider gets of them.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tradewire_payroll::{
    ActivityCode, ControlTotal, HoursClass, Layout, Name, PayItem, PayKind, PayrollPeriod, PersonKey, PersonKind,
    PersonSettings, Rules, Sheet, Table, postings,
};

pub const ANN: PersonKey = PersonKey { kind: PersonKind::Technician, id: 1 };
pub const BOB: PersonKey = PersonKey { kind: PersonKind::Employee, id: 1 };
pub const THU: PersonKey = PersonKey { kind: PersonKind::Technician, id: 2 };
pub const CODES: [&str; 3] = ["BON", "COM", "MIL"];

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[derive(Debug, Clone, Default)]
pub struct Month {
    pub periods: Vec<PayrollPeriod>,
    pub items: Vec<PayItem>,
    pub settings: Vec<PersonSettings>,
    pub names: BTreeMap<PersonKey, Name>,
}

impl Month {
    /// Three people in the week from the 5th to the 11th of January 2026, all of it approved.
    pub fn approved() -> Month {
        use HoursClass::*;
        let mut month = Month::default();
        month.person(ANN, "123", ("Ann", "O'Neil"), 10);
        month.person(BOB, "456", ("Bob", "Stone"), 11);
        month.person(THU, " 51 ", ("Thu", "Nguyễn Thị"), 12);
        for (payroll, day, unit, class, hours, amount) in [
            (10, 5, "HVAC", Regular, "8.3333", "250.00"),
            (10, 6, "HVAC", Regular, "7.7504", "232.51"),
            (10, 6, "Plumbing", Regular, "8.0001", "240.00"),
            (10, 7, "Plumbing", Overtime, "1.2525", "56.36"),
            (10, 8, "HVAC", DoubleOvertime, "0.5", "30.00"),
            (11, 5, "Plumbing", PaidTimeOff, "8", "160.00"),
            (12, 6, "HVAC", Regular, "10.25", "205.00"),
        ] {
            month.time(payroll, day, unit, class, dec(hours), dec(amount));
        }
        for (payroll, day, unit, code, amount) in [
            (10, 8, "HVAC", "BON", "100.005"),
            (10, 9, "Plumbing", "BON", "-25.50"),
            (11, 9, "Plumbing", "MIL", "12.30"),
            (12, 9, "HVAC", "COM", "-40"),
        ] {
            month.money(payroll, day, unit, code, dec(amount));
        }
        month
    }

    pub fn person(&mut self, person: PersonKey, external_id: &str, (first, last): (&str, &str), payroll: i64) {
        self.settings.push(PersonSettings { person, external_id: Some(external_id.to_owned()), included: true });
        let name = Name { first: first.to_owned(), last: last.to_owned(), full: format!("{first} {last}") };
        self.names.insert(person, name);
        self.period(person, payroll, 5);
    }

    /// A week that begins on that day of January.
    pub fn period(&mut self, person: PersonKey, id: i64, first: u32) {
        self.periods.push(PayrollPeriod {
            id,
            person,
            first_day: format!("2026-01-{first:02}").parse().unwrap(),
            last_day: format!("2026-01-{:02}", first + 6).parse().unwrap(),
            status: Some("Approved".to_owned()),
        });
    }

    pub fn time(&mut self, payroll: i64, day: u32, unit: &str, class: HoursClass, hours: Decimal, amount: Decimal) {
        self.item(payroll, day, unit, PayKind::Time, amount);
        let item = self.items.last_mut().unwrap();
        (item.class, item.hours, item.activity_code_id) = (Some(class), hours, None);
    }

    pub fn money(&mut self, payroll: i64, day: u32, unit: &str, code: &str, amount: Decimal) {
        self.item(
            payroll,
            day,
            unit,
            if code == "MIL" { PayKind::Reimbursement } else { PayKind::CustomBonus },
            amount,
        );
        let code = CODES.iter().position(|known| *known == code).map_or(99, |place| place as i64);
        self.items.last_mut().unwrap().activity_code_id = Some(code);
    }

    fn item(&mut self, payroll_id: i64, day: u32, unit: &str, kind: PayKind, amount: Decimal) {
        self.items.push(PayItem {
            id: 1000 + self.items.len() as i64,
            payroll_id,
            person: None,
            day: Some(format!("2026-01-{day:02}").parse().unwrap()),
            unit: Some(unit.to_owned()),
            kind,
            class: None,
            hours: Decimal::ZERO,
            amount,
            adjustment: Decimal::ZERO,
            activity_code_id: None,
        });
    }

    /// The sheet, or every refusal in words.
    pub fn sheet(&self, rules: &Rules) -> Result<Sheet, Vec<String>> {
        let codes = CODES.iter().enumerate().map(|(place, code)| ActivityCode {
            id: place as i64,
            name: format!("Activity {code}"),
            code: (*code).to_owned(),
        });
        let sheet = Sheet::gather(&self.periods, self.items.clone(), &self.settings, &codes.collect::<Vec<_>>(), rules);
        let mut sheet = sheet.map_err(|refusals| self.told(&refusals))?;
        for (person, known) in &mut sheet.people {
            known.name = self.names[person].clone();
        }
        Ok(sheet)
    }

    fn told(&self, refusals: &[tradewire_payroll::Refusal]) -> Vec<String> {
        let names = self.names.iter().map(|(person, name)| (*person, name.full.clone())).collect();
        refusals.iter().map(|refusal| refusal.told(&names)).collect()
    }

    /// The file that the provider gets, and its control total; or every refusal in words.
    pub fn file(
        &self,
        layout: Layout,
        settings: &[(&str, &str)],
        rules: Rules,
    ) -> Result<(String, ControlTotal), Vec<String>> {
        let settings: BTreeMap<&str, &str> = settings.iter().copied().collect();
        let window_end = "2026-01-12".parse().unwrap();
        let bound = layout.bind(|name| settings.get(name).map(|text| (*text).to_owned()), window_end)?;
        let rules = Rules { time_by_hours: bound.time_by_hours(), by_name: bound.by_name(), ..rules };
        let sheet = self.sheet(&rules)?;
        let postings = postings::of(&sheet, &bound.grain());
        let table = Table::lay_out(&bound, &sheet, &postings).map_err(|refusals| self.told(&refusals))?;
        let mut bytes = Vec::new();
        table.write(&mut bytes).unwrap();
        Ok((String::from_utf8(bytes).unwrap(), table.total))
    }
}

pub fn layout(provider: &str) -> Layout {
    Layout::of(provider).unwrap_or_else(|| panic!("there is no layout `{provider}`"))
}

/// Rules that give earnings codes these names.
pub fn codes(pairs: &[(&str, &str)]) -> Rules {
    Rules { codes: pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect(), ..Rules::default() }
}

/// Rules that leave these kinds out.
pub fn without(kinds: &[&str]) -> Rules {
    Rules { skipped: kinds.iter().map(|kind| (*kind).to_owned()).collect(), ..Rules::default() }
}
