use bytes::Bytes;
use pg_cdc_core::Lsn;
use pg_cdc_core::types::PgTimestamp;

/// Microseconds from 1970-01-01 to 2000-01-01.
const TO_2000: i64 = 946_684_800_000_000;

/// What is printed.
#[derive(Debug, Default)]
pub(super) struct Out(Vec<u8>);

impl Out {
    pub(super) fn put(&mut self, text: &str) {
        self.put_bytes(text.as_bytes());
    }

    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// As `escape_json` does it.
    pub(super) fn escaped(&mut self, text: &[u8]) {
        self.put("\"");
        for &byte in text {
            match byte {
                b'\x08' => self.put("\\b"),
                b'\x0c' => self.put("\\f"),
                b'\n' => self.put("\\n"),
                b'\r' => self.put("\\r"),
                b'\t' => self.put("\\t"),
                b'"' => self.put("\\\""),
                b'\\' => self.put("\\\\"),
                0..b' ' => self.put(&format!("\\u{byte:04x}")),
                _ => self.put_bytes(&[byte]),
            }
        }
        self.put("\"");
    }

    /// A type's name: escaped, unless it begins with a quote of its own. `arrays_too` says that the plugin forgot that
    /// an array's brackets stand outside of them.
    pub(super) fn type_name(&mut self, name: &str, arrays_too: bool) {
        match name.starts_with('"') && (arrays_too || !name.ends_with(']')) {
            true => self.put(name),
            false => self.escaped(name.as_bytes()),
        }
    }

    /// The content of a message, up to a zero byte.
    pub(super) fn content(&mut self, content: &[u8]) {
        self.escaped(content.split(|&byte| byte == 0).next().unwrap_or_default());
    }

    pub(super) fn finish(self) -> Bytes {
        self.0.into()
    }
}

pub(super) fn lsn(lsn: Lsn) -> String {
    format!("\"{lsn}\"")
}

/// An instant as `timestamptz_to_str` prints it, `zone` seconds east of UTC.
pub(super) fn timestamp(micros: i64, zone: i32) -> String {
    let local = micros - TO_2000 + i64::from(zone) * 1_000_000;
    let local = PgTimestamp::from_micros_since_2000(local).map(|local| local.to_string()).unwrap_or_default();
    let (sign, zone) = (if zone < 0 { '-' } else { '+' }, zone.unsigned_abs());
    let (hours, minutes, seconds) = (zone / 3600, zone / 60 % 60, zone % 60);
    match (minutes, seconds) {
        (0, 0) => format!("\"{local}{sign}{hours:02}\""),
        (_, 0) => format!("\"{local}{sign}{hours:02}:{minutes:02}\""),
        _ => format!("\"{local}{sign}{hours:02}:{minutes:02}:{seconds:02}\""),
    }
}
