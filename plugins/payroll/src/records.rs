//! What is read from ServiceTitan, cut down to what pay depends on.

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A person: technicians and other employees are numbered separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey {
    /// Which of the two.
    pub kind: PersonKind,
    /// ServiceTitan's number.
    pub id: i64,
}

/// The two kinds of people that ServiceTitan pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum PersonKind {
    Technician,
    Employee,
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PersonKind::Technician => write!(f, "technician {}", self.id),
            PersonKind::Employee => write!(f, "employee {}", self.id),
        }
    }
}

/// One person's payroll period (`payroll/payrolls`).
#[derive(Debug, Clone, PartialEq)]
pub struct PayrollPeriod {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// Whose it is.
    pub person: PersonKey,
    /// Its first day.
    pub first_day: NaiveDate,
    /// Its last day.
    pub last_day: NaiveDate,
    /// Its status, as ServiceTitan words it: only `Approved`, `Paid` and `Locked` are paid out.
    pub status: Option<String>,
}

impl PayrollPeriod {
    /// Whether someone has said that this is what is to be paid.
    pub fn is_approved(&self) -> bool {
        matches!(self.status.as_deref(), Some("Approved" | "Paid" | "Locked"))
    }
}

/// One gross pay item (`payroll/gross-pay-items`).
#[derive(Debug, Clone, PartialEq)]
pub struct PayItem {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The payroll period that it belongs to.
    pub payroll_id: i64,
    /// Whose it is, where the item says so itself.
    pub person: Option<PersonKey>,
    /// The day on which it was earned.
    pub day: Option<NaiveDate>,
    /// The business unit whose cost it is.
    pub unit: Option<String>,
    /// What it is.
    pub kind: PayKind,
    /// The class of its hours, where it is time.
    pub class: Option<HoursClass>,
    /// Its hours.
    pub hours: Decimal,
    /// Its money.
    pub amount: Decimal,
    /// What was changed of its money by hand.
    pub adjustment: Decimal,
    /// Its activity code.
    pub activity_code_id: Option<i64>,
}

/// What a gross pay item is (`grossPayItemType`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayKind {
    /// Time on a timesheet.
    Time,
    /// A bonus or commission that an invoice gave rise to.
    InvoiceBonus,
    /// A bonus given by hand.
    CustomBonus,
    /// A salary.
    Salary,
    /// A reimbursement.
    Reimbursement,
    /// Something that this contract does not know.
    Unknown(String),
}

impl PayKind {
    /// Its name in settings and messages.
    pub fn name(&self) -> &str {
        match self {
            PayKind::Time => "timesheet-time",
            PayKind::InvoiceBonus => "invoice-related-bonus",
            PayKind::CustomBonus => "custom-bonus",
            PayKind::Salary => "salary",
            PayKind::Reimbursement => "reimbursement",
            PayKind::Unknown(word) => word,
        }
    }

    /// The kinds that settings may name.
    pub const NAMES: [&'static str; 5] =
        ["timesheet-time", "invoice-related-bonus", "custom-bonus", "salary", "reimbursement"];
}

/// The class of hours (`paidTimeType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum HoursClass {
    Regular,
    Overtime,
    DoubleOvertime,
    PaidTimeOff,
}

impl HoursClass {
    /// All of them, in the order in which people read them.
    pub const ALL: [HoursClass; 4] =
        [HoursClass::Regular, HoursClass::Overtime, HoursClass::DoubleOvertime, HoursClass::PaidTimeOff];

    /// Its name in control totals and messages.
    pub fn name(self) -> &'static str {
        match self {
            HoursClass::Regular => "regular",
            HoursClass::Overtime => "overtime",
            HoursClass::DoubleOvertime => "double overtime",
            HoursClass::PaidTimeOff => "paid time off",
        }
    }
}

/// One person's payroll settings (`payroll/payroll-settings`).
#[derive(Debug, Clone, PartialEq)]
pub struct PersonSettings {
    /// Whose they are.
    pub person: PersonKey,
    /// The person's id at the payroll provider.
    pub external_id: Option<String>,
    /// Whether the person is paid through payroll at all.
    pub included: bool,
}

/// One activity code (`payroll/activity-codes`).
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityCode {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The code itself: the earnings code, unless the operator maps it to another.
    pub code: String,
}

/// A person's name, as `settings/technicians` or `settings/employees` has it. Parts that are not known are empty.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Name {
    pub first: String,
    pub last: String,
    /// The name that the company calls the person by.
    pub full: String,
}
