//! Geometric types: points in the plane and what is made of them (`src/backend/utils/adt/geo_ops.c`).
//!
//! Coordinates are float8, NaN and the infinities included, in text with the digits of [`write_float8`]. Values compare
//! as their floats do: exactly, 0 and -0 alike, NaN with nothing (to PostgreSQL coordinates within 1e-6 are the same).

mod circle;
mod line;
mod path;
mod point;
mod segment;

use super::encoded::Reader;
use super::float::float8_from_text;
use super::{Flaw, Parsed, write_float8};

pub use circle::PgCircle;
pub use line::PgLine;
pub use path::{PgPath, PgPolygon};
pub use point::PgPoint;
pub use segment::{PgBox, PgLseg};

pub(super) use path::{write_path_from_binary, write_polygon_from_binary};

/// A cursor over the text of one of these types.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over `byte`, if it stands here.
    fn skip(&mut self, byte: u8) -> bool {
        let stands = self.rest().first() == Some(&byte);
        self.at += usize::from(stands);
        stands
    }

    fn take(&mut self, byte: u8) -> Parsed<()> {
        let at = self.at;
        if self.skip(byte) { Ok(()) } else { Err(Flaw::at("is not the text of its type", at)) }
    }

    /// A number, which ends before a comma or a closing bracket.
    fn number(&mut self) -> Parsed<f64> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| matches!(byte, b',' | b')' | b']' | b'}' | b'>'));
        let number = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let value = float8_from_text(number).map_err(|flaw| Flaw::at(flaw.what, self.at))?;
        self.at += number.len();
        Ok(value)
    }

    fn point(&mut self) -> Parsed<PgPoint> {
        self.take(b'(')?;
        let x = self.number()?;
        self.take(b',')?;
        let y = self.number()?;
        self.take(b')')?;
        Ok(PgPoint { x, y })
    }

    fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(Flaw::at("has bytes behind its end", self.at)) }
    }
}

/// Reads a binary form that is `N` numbers.
fn numbers<const N: usize>(bytes: &[u8]) -> Parsed<[f64; N]> {
    let mut reader = Reader::new(bytes);
    let mut numbers = [0.0; N];
    for number in &mut numbers {
        *number = f64::from_be_bytes(reader.array()?);
    }
    reader.end()?;
    Ok(numbers)
}

fn write_numbers(numbers: &[f64], out: &mut Vec<u8>) {
    for number in numbers {
        out.extend_from_slice(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_forms_that_postgresql_prints() {
        for bad in [
            "",
            "(1,2",
            "1,2",
            "(1,2))",
            "(1, 2)",
            "(1,2,3)",
            "(,2)",
            "(1,)",
            "(inf,1)",
            "(1,2) ",
            "(1e999,0)",
        ] {
            assert!(bad.parse::<PgPoint>().is_err(), "{bad}");
        }
        for bad in ["", "{1,2}", "{1,2,3,4}", "[1,2,3]", "{1,2,3"] {
            assert!(bad.parse::<PgLine>().is_err(), "{bad}");
        }
        for bad in ["", "(1,2),(3,4)", "[(1,2)]", "[(1,2),(3,4),(5,6)]", "[(1,2)(3,4)]"] {
            assert!(bad.parse::<PgLseg>().is_err(), "{bad}");
        }
        for bad in ["", "(1,2)", "((1,2),(3,4))", "(1,2),(3,4),"] {
            assert!(bad.parse::<PgBox>().is_err(), "{bad}");
        }
        for bad in ["", "()", "[]", "[(1,2))", "((1,2)]", "((1,2),)", "(1,2)", "[(1,2)"] {
            assert!(bad.parse::<PgPath>().is_err(), "{bad}");
        }
        for bad in ["", "()", "[(1,2)]", "((1,2)", "(1,2)"] {
            assert!(bad.parse::<PgPolygon>().is_err(), "{bad}");
        }
        for bad in ["", "((1,2),3)", "<(1,2)>", "<(1,2),>", "<1,2,3>"] {
            assert!(bad.parse::<PgCircle>().is_err(), "{bad}");
        }
        assert_eq!("(1,x)".parse::<PgPoint>().unwrap_err().offset(), Some(3));
    }

    #[test]
    fn a_number_of_points_that_are_not_there_is_an_error() {
        let point = [0; 16];
        for count in [0, 2, -1, i32::MAX, i32::MIN] {
            let polygon = [&count.to_be_bytes()[..], &point].concat();
            assert!(PgPolygon::from_binary(&polygon).is_err());
            assert!(PgPath::from_binary(&[&[1][..], &polygon].concat()).is_err());
        }
        let one = [&[0, 0, 0, 1][..], &point].concat();
        assert!(
            PgPolygon::from_binary(&one).is_ok() && PgPath::from_binary(&[&[1][..], &one].concat()).is_ok()
        );
        for bad in
            [[&[2][..], &one].concat(), [&[0][..], &one, &[0]].concat(), [&[0][..], &one[..19]].concat()]
        {
            assert!(PgPath::from_binary(&bad).is_err());
        }
    }

    /// The binary form that is left of a value's text, and the text that the binary form alone gives.
    macro_rules! there_and_back {
        ($value:expr, $type:ty, $write:expr) => {{
            let value: $type = $value;
            let (mut binary, mut again, mut text) = (Vec::new(), Vec::new(), Vec::new());
            value.write_binary(&mut binary);
            value.to_string().parse::<$type>().unwrap().write_binary(&mut again);
            prop_assert_eq!(&binary, &again);
            let write: fn(&[u8], &mut Vec<u8>) -> Parsed<()> = $write;
            write(&binary, &mut text).unwrap();
            prop_assert_eq!(text, value.to_string().into_bytes());
        }};
        ($value:expr, $type:ty) => {
            there_and_back!($value, $type, |binary, text| {
                <$type>::from_binary(binary)?.write_text(text);
                Ok(())
            })
        };
    }

    fn number() -> impl Strategy<Value = f64> {
        let number = any::<u64>()
            .prop_map(f64::from_bits)
            .prop_map(|number| if number.is_nan() { f64::NAN } else { number });
        prop_oneof![number, -1e6..1e6, Just(f64::NAN), Just(f64::INFINITY), Just(-0.0)]
    }

    fn point() -> impl Strategy<Value = PgPoint> {
        (number(), number()).prop_map(|(x, y)| PgPoint { x, y })
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(
            numbers in prop::array::uniform3(number()),
            points in prop::collection::vec(point(), 2..6),
            closed: bool,
        ) {
            let [a, b, c] = numbers;
            let (first, second) = (points[0], points[1]);
            there_and_back!(first, PgPoint);
            there_and_back!(PgLine { a, b, c }, PgLine);
            there_and_back!(PgLseg { start: first, end: second }, PgLseg);
            there_and_back!(PgBox { high: first, low: second }, PgBox);
            there_and_back!(PgCircle { center: first, radius: a }, PgCircle);
            there_and_back!(PgPath { closed, points: points.clone() }, PgPath, write_path_from_binary);
            there_and_back!(PgPath { closed, points: points.clone() }, PgPath);
            there_and_back!(PgPolygon { points: points.clone() }, PgPolygon, write_polygon_from_binary);
            there_and_back!(PgPolygon { points }, PgPolygon);
        }

        #[test]
        fn random_text_is_a_value_or_an_error(text in "[\\[\\](){}<>,0-9.eNa-]{0,24}") {
            let text = text.as_bytes();
            let _ = (PgPoint::from_text(text), PgLine::from_text(text), PgLseg::from_text(text));
            let _ = (PgBox::from_text(text), PgPath::from_text(text), PgPolygon::from_text(text));
            let _ = PgCircle::from_text(text);
        }
    }
}
