//! Workbooks of Excel, as ECMA-376 has them: one sheet, its header frozen.
//!
//! The sheet is written as its rows come, into a ZIP that is written as it comes too. The crates that write workbooks keep
//! the sheet in memory, or in a file, and a plugin has no files; what is needed here is a small part of the format.

use std::io::{BufWriter, Write};

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use rust_decimal::Decimal;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::cell::{Cell, Column, Kind};
use crate::{Error, quantity};

/// The most rows of a sheet, its header included.
const MOST_ROWS: u64 = 1_048_576;
/// The most columns of a sheet.
const MOST_COLUMNS: usize = 16_384;
/// The most UTF-16 units of a text.
const LONGEST_TEXT: usize = 32_767;
/// The most digits that Excel's numbers hold.
const DIGITS: usize = 15;

/// Places of the formats in `cellXfs` below.
const BOLD: u8 = 1;
const MONEY: u8 = 2;
const DATE: u8 = 3;
const DATE_TIME: u8 = 4;

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#;
const RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const WORKBOOK_RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r##"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.00########"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="166" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"##;
const SHEET_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>"#;
const SHEET_END: &str = "</sheetData></worksheet>";

/// A workbook being written.
pub(crate) struct Xlsx<W: Write> {
    sheet: BufWriter<ZipWriter<StreamWriter<W>>>,
    /// `A`, `B`, … of each column.
    letters: Vec<String>,
    text: String,
}

impl<W: Write> Xlsx<W> {
    pub fn begin(columns: &[Column], out: W) -> Result<Self, Error> {
        if columns.len() > MOST_COLUMNS {
            let reason = format!("there are more than {MOST_COLUMNS}");
            return Err(Error::Columns { format: "xlsx", reason });
        }
        let mut zip = ZipWriter::new_stream(out);
        for (name, content) in [
            ("[Content_Types].xml", CONTENT_TYPES),
            ("_rels/.rels", RELATIONSHIPS),
            ("xl/workbook.xml", WORKBOOK),
            ("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONSHIPS),
            ("xl/styles.xml", STYLES),
        ] {
            zip.start_file(name, options()).map_err(zipped)?;
            zip.write_all(content.as_bytes())?;
        }
        zip.start_file("xl/worksheets/sheet1.xml", options()).map_err(zipped)?;
        let letters = (0..columns.len()).map(letters).collect();
        let mut xlsx = Xlsx { sheet: BufWriter::with_capacity(64 * 1024, zip), letters, text: String::new() };
        xlsx.head(columns)?;
        Ok(xlsx)
    }

    fn head(&mut self, columns: &[Column]) -> Result<(), Error> {
        let mut text = SHEET_HEAD.to_owned();
        // Wide enough for what columns of their kind hold; nobody knows yet how wide that is.
        if !columns.is_empty() {
            text.push_str("<cols>");
            for (n, column) in columns.iter().enumerate() {
                let least = if column.kind == Kind::DateTime { 20 } else { 12 };
                let width = column.title.chars().count().clamp(least, 40) + 2;
                text.push_str(&format!(r#"<col min="{0}" max="{0}" width="{width}" customWidth="1"/>"#, n + 1));
            }
            text.push_str("</cols>");
        }
        text.push_str(r#"<sheetData><row r="1">"#);
        for (letters, column) in self.letters.iter().zip(columns) {
            let too_long = |reason| Error::Columns { format: "xlsx", reason };
            string(&mut text, &format!("{letters}1"), BOLD, column.title).map_err(too_long)?;
        }
        text.push_str("</row>");
        Ok(self.sheet.write_all(text.as_bytes())?)
    }

    pub fn row(&mut self, row: u64, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), Error> {
        if row >= MOST_ROWS {
            return Err(Error::Rows { format: "xlsx", most: MOST_ROWS - 1 });
        }
        self.text.clear();
        self.text.push_str(&format!(r#"<row r="{}">"#, row + 1));
        for ((letters, column), cell) in self.letters.iter().zip(columns).zip(cells) {
            let place = format!("{letters}{}", row + 1);
            let text = &mut self.text;
            let written = match cell {
                Cell::Blank => Ok(()),
                Cell::Text(value) => string(text, &place, 0, value),
                Cell::Integer(value) => number(text, &place, 0, &value.to_string()),
                Cell::Decimal(value) => {
                    let style = if column.kind == Kind::Money { MONEY } else { 0 };
                    number(text, &place, style, &quantity(*value))
                }
                Cell::Date(day) => match serial(day.and_hms_opt(0, 0, 0)) {
                    Some(serial) => number(text, &place, DATE, &serial),
                    None => string(text, &place, 0, &day.to_string()),
                },
                Cell::DateTime(moment) => match serial(Some(moment.naive_local())) {
                    Some(serial) => value(text, &place, DATE_TIME, &serial),
                    None => string(text, &place, 0, &moment.to_rfc3339()),
                },
                Cell::Boolean(yes) => {
                    text.push_str(&format!(r#"<c r="{place}" t="b"><v>{}</v></c>"#, u8::from(*yes)));
                    Ok(())
                }
            };
            written.map_err(|reason| Error::Value { row, column: column.title.to_owned(), reason })?;
        }
        self.text.push_str("</row>");
        Ok(self.sheet.write_all(self.text.as_bytes())?)
    }

    pub fn finish(mut self) -> Result<W, Error> {
        self.sheet.write_all(SHEET_END.as_bytes())?;
        let zip = self.sheet.into_inner().map_err(|error| Error::Io(error.into_error()))?;
        let mut out = zip.finish().map_err(zipped)?.into_inner();
        out.flush()?;
        Ok(out)
    }
}

/// The same bytes whenever it is written.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default())
}

fn zipped(error: zip::result::ZipError) -> Error {
    Error::Io(error.into())
}

/// `A`, … `Z`, `AA`, …
fn letters(column: usize) -> String {
    let (mut rest, mut letters) = (column + 1, Vec::new());
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// A number, as far as Excel holds all of its digits; else text.
fn number(out: &mut String, place: &str, style: u8, digits: &str) -> Result<(), String> {
    let significant = digits.trim_start_matches(['-', '0', '.']).chars().filter(char::is_ascii_digit).count();
    if significant > DIGITS { string(out, place, 0, digits) } else { value(out, place, style, digits) }
}

fn value(out: &mut String, place: &str, style: u8, digits: &str) -> Result<(), String> {
    let style = if style == 0 { String::new() } else { format!(r#" s="{style}""#) };
    out.push_str(&format!(r#"<c r="{place}"{style}><v>{digits}</v></c>"#));
    Ok(())
}

/// Text in the cell itself: what looks like a formula is none there.
fn string(out: &mut String, place: &str, style: u8, text: &str) -> Result<(), String> {
    let units = text.encode_utf16().count();
    if units > LONGEST_TEXT {
        return Err(format!("the text has {units} characters, and a cell of Excel holds {LONGEST_TEXT}"));
    }
    let style = if style == 0 { String::new() } else { format!(r#" s="{style}""#) };
    out.push_str(&format!(r#"<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">"#));
    for (n, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(c),
            // XML has no such characters, and reads a carriage return as a line feed: Excel writes their numbers.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push_str(&format!("_x{:04X}_", u32::from(c))),
            '_' if is_number(&text[n..]) => out.push_str("_x005F_"),
            c => out.push(c),
        }
    }
    out.push_str("</t></is></c>");
    Ok(())
}

/// Whether a text begins with what Excel would read as the number of a character: `_x000D_`.
fn is_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7 && bytes[1] == b'x' && bytes[2..6].iter().all(u8::is_ascii_hexdigit) && bytes[6] == b'_'
}

/// Days since the end of 1899 as Excel counts them, with the time as a fraction; none before March 1900, where Excel has
/// a day that never was.
fn serial(moment: Option<NaiveDateTime>) -> Option<String> {
    let moment = moment?;
    let first = NaiveDate::from_ymd_opt(1900, 3, 1)?;
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    if moment.date() < first || moment.year() > 9999 {
        return None;
    }
    let days = (moment.date() - zero).num_days();
    let millis =
        u64::from(moment.num_seconds_from_midnight()) * 1000 + u64::from(moment.nanosecond() / 1_000_000).min(999);
    // Ten decimals of a day are a hundred-thousandth of a second.
    let serial = Decimal::from(days) + Decimal::from(millis) / Decimal::from(86_400_000);
    Some(serial.round_dp(10).normalize().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn columns_are_called_as_excel_calls_them() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn days_are_counted_as_excel_counts_them() {
        let at = |text: &str| serial(text.parse().ok());
        assert_eq!(at("2026-01-31T00:00:00").unwrap(), "46053");
        assert_eq!(at("2026-01-31T18:00:00").unwrap(), "46053.75");
        assert_eq!(at("1900-03-01T00:00:00").unwrap(), "61");
        assert_eq!(at("1900-02-28T00:00:00"), None);
    }

    #[test]
    fn no_text_becomes_structure_or_another_character() {
        let mut out = String::new();
        string(&mut out, "A1", 0, "</t>\u{0}\r_x000D_ a_b & \u{1f600}").unwrap();
        assert!(out.contains(">&lt;/t&gt;_x0000__x000D__x005F_x000D_ a_b &amp; \u{1f600}<"), "{out}");
    }

    #[test]
    fn numbers_with_more_digits_than_excel_holds_are_text() {
        let mut out = String::new();
        number(&mut out, "A1", 0, "-0.000123456789012345").unwrap();
        number(&mut out, "B1", 0, "1234567890123456.70").unwrap();
        assert!(out.starts_with(r#"<c r="A1"><v>-0.000123456789012345</v>"#), "{out}");
        assert!(out.contains(r#"<c r="B1" t="inlineStr">"#), "{out}");
    }
}
