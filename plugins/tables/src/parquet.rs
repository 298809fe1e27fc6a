//! Apache Parquet: columns of all rows of a group together. A group is written whenever it is large enough, so that no more
//! than that is held.

use std::io::Write;
use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use rust_decimal::Decimal;

use crate::Error;
use crate::cell::{Cell, Column, Kind};

/// The most rows and bytes of text that are held.
const GROUP_ROWS: usize = 10_000;
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// The digits of a decimal, and how many of them are decimals.
const PRECISION: i32 = 38;
const SCALE: u32 = 10;
const DECIMAL_BYTES: i32 = 16;

/// A Parquet file being written.
pub(crate) struct Parquet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// The cells of a column in the group that is held; `present` has a 1 for each that is not blank.
struct Values {
    present: Vec<i16>,
    values: Typed,
}

enum Typed {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Decimal(Vec<FixedLenByteArray>),
    Date(Vec<i32>),
    DateTime(Vec<i64>),
    Boolean(Vec<bool>),
}

impl<W: Write + Send> Parquet<W> {
    pub fn begin(columns: &[Column], out: W) -> Result<Self, Error> {
        let refused = |error: ParquetError| Error::Columns { format: "parquet", reason: error.to_string() };
        let fields = columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<Vec<_>, _>>();
        let schema = Type::group_type_builder("schema").with_fields(fields.map_err(refused)?).build();
        let schema = Arc::new(schema.map_err(refused)?);
        let properties = WriterProperties::builder()
            // The same bytes, whatever version writes them.
            .set_created_by("tradewire".to_owned())
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(None)
            .build();
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(failed)?;
        let columns = columns.iter().map(|column| Values { present: Vec::new(), values: Typed::of(column.kind) });
        Ok(Parquet { writer, columns: columns.collect(), rows: 0, bytes: 0 })
    }

    pub fn row(&mut self, row: u64, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), Error> {
        // What may be refused comes first: a row that is refused leaves no cell behind.
        let mut decimals = Vec::new();
        for (column, cell) in columns.iter().zip(cells) {
            if let Cell::Decimal(number) = cell {
                let refused = |reason| Error::Value { row, column: column.title.to_owned(), reason };
                decimals.push(decimal(*number).map_err(refused)?);
            }
        }
        let mut decimals = decimals.into_iter();
        for (values, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += values.push(cell, &mut decimals);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub fn finish(mut self) -> Result<W, Error> {
        self.write_group()?;
        let mut out = self.writer.into_inner().map_err(failed)?;
        out.flush()?;
        Ok(out)
    }
}

fn failed(error: ParquetError) -> Error {
    Error::Io(std::io::Error::other(error))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Decimal | Kind::Money => {
            (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(SCALE as i32, PRECISION)))
        }
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
        Kind::DateTime => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Boolean => (Physical::BOOLEAN, None),
    };
    let is_decimal = physical == Physical::FIXED_LEN_BYTE_ARRAY;
    let field = Type::primitive_type_builder(column.title, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(ConvertedType::from(logical.clone()))
        .with_logical_type(logical);
    match is_decimal {
        true => field.with_length(DECIMAL_BYTES).with_precision(PRECISION).with_scale(SCALE as i32).build(),
        false => field.build(),
    }
}

impl Typed {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text => Typed::Text(Vec::new()),
            Kind::Integer => Typed::Integer(Vec::new()),
            Kind::Decimal | Kind::Money => Typed::Decimal(Vec::new()),
            Kind::Date => Typed::Date(Vec::new()),
            Kind::DateTime => Typed::DateTime(Vec::new()),
            Kind::Boolean => Typed::Boolean(Vec::new()),
        }
    }
}

impl Values {
    /// Adds a cell, and says how many bytes of text it has. A decimal is the next of `decimals`.
    fn push(&mut self, cell: &Cell<'_>, decimals: &mut impl Iterator<Item = FixedLenByteArray>) -> usize {
        let mut bytes = 0;
        match (&mut self.values, cell) {
            (Typed::Text(values), Cell::Text(text)) => {
                bytes = text.len();
                values.push(ByteArray::from(text.as_bytes().to_vec()));
            }
            (Typed::Integer(values), Cell::Integer(number)) => values.push(*number),
            (Typed::Decimal(values), Cell::Decimal(_)) => values.extend(decimals.next()),
            (Typed::Date(values), Cell::Date(day)) => values.push(days(*day)),
            (Typed::DateTime(values), Cell::DateTime(moment)) => values.push(moment.timestamp_micros()),
            (Typed::Boolean(values), Cell::Boolean(yes)) => values.push(*yes),
            // Blank: the table has held cells against their columns.
            _ => {
                self.present.push(0);
                return 0;
            }
        }
        self.present.push(1);
        bytes
    }

    fn write<W: Write + Send>(&mut self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        match &mut self.values {
            Typed::Text(values) => write::<ByteArrayType, W>(group, values, &self.present)?,
            Typed::Integer(values) | Typed::DateTime(values) => write::<Int64Type, W>(group, values, &self.present)?,
            Typed::Decimal(values) => write::<FixedLenByteArrayType, W>(group, values, &self.present)?,
            Typed::Date(values) => write::<Int32Type, W>(group, values, &self.present)?,
            Typed::Boolean(values) => write::<BoolType, W>(group, values, &self.present)?,
        }
        self.present.clear();
        Ok(())
    }
}

fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &mut Vec<T::T>,
    present: &[i16],
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("a column is missing".to_owned()))?;
    column.typed::<T>().write_batch(values, Some(present), None)?;
    values.clear();
    column.close()
}

/// The number times 10^SCALE, as big-endian bytes.
fn decimal(number: Decimal) -> Result<FixedLenByteArray, String> {
    let number = number.normalize();
    let digits = || format!("{number} has {} decimals, and a decimal of the file has {SCALE}", number.scale());
    let missing = SCALE.checked_sub(number.scale()).ok_or_else(digits)?;
    let unscaled = number.mantissa().checked_mul(10_i128.pow(missing));
    let unscaled = unscaled.filter(|unscaled| unscaled.unsigned_abs() < 10_u128.pow(PRECISION as u32));
    let unscaled = unscaled.ok_or_else(|| format!("{number} has more digits than a decimal of the file"))?;
    Ok(ByteArray::from(unscaled.to_be_bytes().to_vec()).into())
}

/// Days since 1970.
fn days(day: NaiveDate) -> i32 {
    let since: TimeDelta = day - NaiveDate::default();
    // The days that there are have fewer than 2^31 between them.
    i32::try_from(since.num_days()).unwrap_or_default()
}
