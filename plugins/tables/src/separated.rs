//! Text formats: a row a line.

use std::borrow::Cow;
use std::io::Write;

use crate::cell::{Cell, Column, Kind};
use crate::{Error, guarded, money, quantity};

/// Comma- or tab-separated values; rows end in CRLF.
pub(crate) struct Separated<W: Write>(csv::Writer<W>);

impl<W: Write> Separated<W> {
    pub fn begin(separator: u8, columns: &[Column], out: W) -> Result<Self, Error> {
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.delimiter(separator).terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(columns.iter().map(|column| column.title.as_bytes()))?;
        Ok(Separated(writer))
    }

    pub fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), Error> {
        for (column, cell) in columns.iter().zip(cells) {
            match cell {
                Cell::Text(text) => self.0.write_field(guarded(text).as_bytes())?,
                cell => self.0.write_field(plain(column.kind, cell).as_bytes())?,
            }
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    pub fn finish(self) -> Result<W, Error> {
        self.0.into_inner().map_err(|error| error.into_error().into())
    }
}

/// A cell as it is written without quotes.
fn plain<'c>(kind: Kind, cell: &'c Cell<'_>) -> Cow<'c, str> {
    match cell {
        Cell::Blank => Cow::Borrowed(""),
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Decimal(number) if kind == Kind::Money => money(*number).into(),
        Cell::Decimal(number) => quantity(*number).into(),
        Cell::Date(day) => day.to_string().into(),
        Cell::DateTime(moment) => moment.to_rfc3339().into(),
        Cell::Boolean(yes) => if *yes { "true" } else { "false" }.into(),
    }
}

/// JSON Lines: all columns in every row, in order.
pub(crate) struct JsonLines<W> {
    /// Each name as it begins its value: `"Id":`
    names: Vec<String>,
    line: String,
    out: W,
}

impl<W: Write> JsonLines<W> {
    pub fn begin(columns: &[Column], out: W) -> Result<Self, Error> {
        let names = columns.iter().map(|column| Ok(format!("{}:", quoted(column.title)?)));
        Ok(JsonLines { names: names.collect::<Result<_, Error>>()?, line: String::new(), out })
    }

    pub fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), Error> {
        self.line.clear();
        for (n, ((name, column), cell)) in self.names.iter().zip(columns).zip(cells).enumerate() {
            self.line.push(if n == 0 { '{' } else { ',' });
            self.line.push_str(name);
            match cell {
                Cell::Blank => self.line.push_str("null"),
                Cell::Integer(_) | Cell::Decimal(_) | Cell::Boolean(_) => {
                    self.line.push_str(&plain(column.kind, cell));
                }
                cell => self.line.push_str(&quoted(&plain(column.kind, cell))?),
            }
        }
        self.line.push_str("}\n");
        Ok(self.out.write_all(self.line.as_bytes())?)
    }

    pub fn finish(mut self) -> Result<W, Error> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn quoted(text: &str) -> Result<String, Error> {
    serde_json::to_string(text).map_err(|error| Error::Io(error.into()))
}
