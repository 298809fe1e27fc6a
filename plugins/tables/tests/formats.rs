//! Every format read back by the readers that people use: what was written is what is read, whatever it is.
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::Cursor;

use calamine::{Data, Reader as _};
use chrono::{DateTime, NaiveDate};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use tradewire_tables::{Cell, Column, Decimal, Error, Format, Table};

const COLUMNS: [Column; 7] = [
    Column::integer("Id"),
    Column::text("Name"),
    Column::decimal("Hours"),
    Column::money("Cost"),
    Column::date("Day"),
    Column::date_time("At"),
    Column::boolean("Open"),
];

/// Text that people or attackers write.
const HOSTILE: [&str; 14] = [
    "=HYPERLINK(\"http://example.com\")",
    "+1",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "O'Malley, \"Al\" & <Sons>",
    "Công ty Điện Lạnh \u{1f600}",
    "a\r\nb\nc",
    "</t></is></c><c r=\"A1\"><f>1</f></c>",
    "_x000D_",
    " lead and trail ",
    "\u{202e}txt.exe",
    "]]>",
];

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn day() -> NaiveDate {
    "2026-01-31".parse().unwrap()
}

fn rows() -> Vec<[Cell<'static>; 7]> {
    let at = DateTime::parse_from_rfc3339("2026-01-31T18:30:00-07:00").unwrap();
    let mut rows: Vec<_> = HOSTILE
        .iter()
        .enumerate()
        .map(|(n, text)| {
            let hours = number("7.250") * Decimal::from(n);
            [
                (n as i64).into(),
                (*text).into(),
                hours.into(),
                number("-0.5").into(),
                day().into(),
                at.into(),
                true.into(),
            ]
        })
        .collect();
    rows.push(std::array::from_fn(|_| Cell::Blank));
    rows
}

fn written(format: Format) -> Vec<u8> {
    let mut table = Table::begin(format, &COLUMNS, Vec::new()).unwrap();
    rows().into_iter().for_each(|row| table.row(row).unwrap());
    assert_eq!(table.rows(), HOSTILE.len() as u64 + 1);
    table.finish().unwrap()
}

fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    for format in Format::ALL {
        assert_eq!(written(*format), written(*format), "{format:?}");
    }
}

#[test]
fn separated_values_are_read_back_with_formulas_as_text() {
    for (format, separator) in [(Format::Csv, b','), (Format::Tsv, b'\t')] {
        let bytes = written(format);
        assert!(bytes.ends_with(b"\r\n"));
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(&bytes[..]);
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            ["Id", "Name", "Hours", "Cost", "Day", "At", "Open"]
        );
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), HOSTILE.len() + 1);
        for (n, text) in HOSTILE.iter().enumerate() {
            assert_eq!(rows[n][1], guarded(text));
            assert_eq!(number(&rows[n][2]), number("7.25") * Decimal::from(n));
            assert_eq!(&rows[n][3], "-0.50");
            assert_eq!((&rows[n][4], &rows[n][5], &rows[n][6]), ("2026-01-31", "2026-01-31T18:30:00-07:00", "true"));
        }
        assert!(rows[HOSTILE.len()].iter().all(str::is_empty));
    }
}

#[test]
fn json_lines_have_exact_numbers_and_text_as_it_is() {
    let text = String::from_utf8(written(Format::JsonLines)).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (n, hostile) in HOSTILE.iter().enumerate() {
        assert_eq!(rows[n]["Name"], *hostile);
        assert_eq!(rows[n]["Cost"].to_string(), "-0.50");
        assert_eq!(number(&rows[n]["Hours"].to_string()), number("7.25") * Decimal::from(n));
        assert_eq!((&rows[n]["Day"], &rows[n]["Open"]), (&"2026-01-31".into(), &true.into()));
    }
    assert!(rows[HOSTILE.len()].as_object().unwrap().values().all(serde_json::Value::is_null));
    let mut table = Table::begin(Format::JsonLines, &[Column::decimal("n")], Vec::new()).unwrap();
    table.row([number("1234567890123456789.0123456789").into()]).unwrap();
    assert_eq!(table.finish().unwrap(), b"{\"n\":1234567890123456789.0123456789}\n");
}

#[test]
fn a_workbook_has_numbers_as_numbers_dates_as_dates_and_no_formula() {
    let bytes = written(Format::Xlsx);
    let mut workbook: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(bytes)).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let formulas = workbook.worksheet_formula("Sheet1").unwrap();
    assert!(formulas.used_cells().next().is_none());
    let cell = |row: u32, column: u32| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    assert_eq!((cell(0, 0), cell(0, 6)), (Data::String("Id".into()), Data::String("Open".into())));
    for (n, text) in HOSTILE.iter().enumerate() {
        let row = n as u32 + 1;
        assert_eq!(cell(row, 0), Data::Float(n as f64));
        if !text.contains('\r') && *text != "_x000D_" {
            assert_eq!(cell(row, 1), Data::String((*text).to_owned()));
        }
        assert_eq!(cell(row, 2), Data::Float(7.25 * n as f64));
        assert_eq!(cell(row, 3), Data::Float(-0.5));
        let Data::DateTime(date) = cell(row, 4) else { panic!("{:?}", cell(row, 4)) };
        assert_eq!(date.as_f64(), 46053.0);
        let Data::DateTime(at) = cell(row, 5) else { panic!("{:?}", cell(row, 5)) };
        assert!((at.as_f64() - 46_053.770_833_333).abs() < 1e-8, "{at:?}");
        assert_eq!(cell(row, 6), Data::Bool(true));
    }
    assert_eq!(cell(HOSTILE.len() as u32 + 1, 1), Data::Empty);
}

#[test]
fn parquet_has_typed_columns_and_exact_decimals() {
    let reader = SerializedFileReader::new(bytes::Bytes::from(written(Format::Parquet))).unwrap();
    let schema = reader.metadata().file_metadata().schema();
    let types: Vec<String> =
        schema.get_fields().iter().map(|field| format!("{:?}", field.get_basic_info().logical_type_ref())).collect();
    assert!(types[1].contains("String") && types[2].contains("Decimal") && types[4].contains("Date"), "{types:?}");
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), HOSTILE.len() + 1);
    for (n, text) in HOSTILE.iter().enumerate() {
        let fields: Vec<&Field> = rows[n].get_column_iter().map(|(_, field)| field).collect();
        assert_eq!(fields[0], &Field::Long(n as i64));
        assert_eq!(fields[1], &Field::Str((*text).to_owned()));
        assert_eq!(number(&decimal(fields[2])), number("7.25") * Decimal::from(n));
        assert_eq!(number(&decimal(fields[3])), number("-0.5"));
        assert_eq!(fields[4], &Field::Date(20_484));
        // 18:30 in Phoenix is half past one of the next day in UTC.
        assert_eq!(fields[5], &Field::TimestampMicros(1_769_909_400_000_000));
        assert_eq!(fields[6], &Field::Bool(true));
    }
    assert!(rows[HOSTILE.len()].get_column_iter().all(|(_, field)| *field == Field::Null));
}

fn decimal(field: &Field) -> String {
    match field {
        Field::Decimal(decimal) => {
            let unscaled = i128::from_be_bytes(decimal.data().try_into().unwrap());
            Decimal::from_i128_with_scale(unscaled, decimal.scale() as u32).to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_of_several_groups_are_all_there() {
    let mut table = Table::begin(Format::Parquet, &[Column::integer("n"), Column::text("t")], Vec::new()).unwrap();
    for n in 0..25_000_i64 {
        let text = (n % 3 == 0).then(|| "x".repeat(n as usize % 50));
        table.row([n.into(), text.into()]).unwrap();
    }
    let reader = SerializedFileReader::new(bytes::Bytes::from(table.finish().unwrap())).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    let last = reader.get_row_iter(None).unwrap().map(Result::unwrap).last().unwrap();
    assert_eq!(last.get_column_iter().next().unwrap().1, &Field::Long(24_999));
}

#[test]
fn what_a_format_cannot_hold_is_refused_by_row_and_column() {
    let mut table = Table::begin(Format::Parquet, &[Column::decimal("Rate")], Vec::new()).unwrap();
    table.row([number("0.0000000001").into()]).unwrap();
    table.row([number("79228162514264337593543950335").into()]).unwrap_err();
    let error = table.row([number("0.12345678901").into()]).unwrap_err().to_string();
    assert!(error.contains("row 2, column `Rate`: 0.12345678901 has 11 decimals"), "{error}");
    let mut table = Table::begin(Format::Xlsx, &[Column::text("Note")], Vec::new()).unwrap();
    let error = table.row(["x".repeat(40_000).into()]).unwrap_err().to_string();
    assert!(error.contains("column `Note`") && error.contains("`csv`"), "{error}");
}

#[test]
fn a_row_that_is_refused_leaves_none_of_its_cells() {
    let columns = [Column::integer("Id"), Column::decimal("Rate")];
    let mut table = Table::begin(Format::Parquet, &columns, Vec::new()).unwrap();
    table.row([1.into(), number("0.12345678901").into()]).unwrap_err();
    table.row([2.into(), number("0.5").into()]).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(table.finish().unwrap())).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    let fields: Vec<&Field> = rows[0].get_column_iter().map(|(_, field)| field).collect();
    assert_eq!(fields[0], &Field::Long(2));
    assert_eq!(number(&decimal(fields[1])), number("0.5"));
}

#[test]
fn a_cell_of_another_kind_is_refused() {
    let mut table = Table::begin(Format::Csv, &[Column::integer("Id"), Column::money("Cost")], Vec::new()).unwrap();
    assert!(matches!(table.row([1.into(), "x".into()]), Err(Error::Kind { row: 1, .. })));
    assert!(matches!(table.row([1.into()]), Err(Error::Width { .. })));
    table.row([1.into(), Cell::Blank]).unwrap();
    assert_eq!(table.finish().unwrap(), b"Id,Cost\r\n1,\r\n");
}

#[test]
fn formats_are_called_by_their_extensions() {
    assert_eq!("jsonl".parse::<Format>().unwrap(), Format::JsonLines);
    assert_eq!("xls".parse::<Format>().unwrap_err().to_string(), "write `csv`, `tsv`, `jsonl`, `xlsx` or `parquet`");
}
