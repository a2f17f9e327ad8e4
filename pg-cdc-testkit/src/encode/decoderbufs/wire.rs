//! Fields as protocol buffers write them.

/// Appends `value` in groups of 7 bits, the lowest first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn tagged(field: u32, wire: u32) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, u64::from(field << 3 | wire));
    out
}

/// A field of integers, booleans and enums.
pub(super) fn varint(field: u32, value: u64) -> Vec<u8> {
    let mut out = tagged(field, 0);
    put_varint(&mut out, value);
    out
}

/// A field of eight bytes.
pub(super) fn fixed64(field: u32, value: u64) -> Vec<u8> {
    let mut out = tagged(field, 1);
    out.extend(value.to_le_bytes());
    out
}

/// A field of four bytes.
pub(super) fn fixed32(field: u32, value: u32) -> Vec<u8> {
    let mut out = tagged(field, 5);
    out.extend(value.to_le_bytes());
    out
}

/// A string, bytes or a message.
pub(super) fn counted(field: u32, value: &[u8]) -> Vec<u8> {
    let mut out = tagged(field, 2);
    put_varint(&mut out, value.len() as u64);
    out.extend(value);
    out
}

/// What a seed says.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides` (splitmix64).
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides.max(1)
    }
}

/// Fields one behind the other, as the schema has them.
pub(super) fn in_order(fields: Vec<(u32, Vec<u8>)>) -> Vec<u8> {
    fields.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// Fields in an order of their own, those of the same number in order; where `strewn`, with some that nobody knows in
/// between.
pub(super) fn in_any_order(fields: Vec<(u32, Vec<u8>)>, strewn: bool, dice: &mut Dice) -> Vec<u8> {
    let mut numbers: Vec<u32> = fields.iter().map(|(number, _)| *number).collect();
    for at in (1..numbers.len()).rev() {
        numbers.swap(at, dice.below(at as u64 + 1) as usize);
    }
    let (mut out, mut left) = (Vec::new(), fields);
    for number in numbers {
        if strewn && dice.below(4) == 0 {
            out.extend(unknown(dice));
        }
        if let Some(at) = left.iter().position(|(known, _)| *known == number) {
            out.extend(left.remove(at).1);
        }
    }
    if strewn && dice.below(4) == 0 {
        out.extend(unknown(dice));
    }
    out
}

/// A field that no version of the schema has.
fn unknown(dice: &mut Dice) -> Vec<u8> {
    let field = 100 + dice.below(1 << 20) as u32;
    match dice.below(5) {
        0 => varint(field, dice.below(u64::MAX)),
        1 => fixed64(field, dice.below(u64::MAX)),
        2 => counted(field, b"whatever"),
        3 => fixed32(field, 7),
        _ => {
            let inner = counted(1, b"in a group");
            [tagged(field, 3), inner, tagged(field, 4)].concat()
        }
    }
}
