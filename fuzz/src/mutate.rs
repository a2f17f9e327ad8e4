//! Other inputs of an input: messages stay messages, so that what is changed of one is not lost with all behind it.

use crate::framing::{MODEL, answers, next};

/// Changes the first `size` bytes of `data` into at most `most`, and says how many they are; `bytes` changes bytes
/// without a thought for what they mean.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    most: usize,
    seed: u32,
    bytes: fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = Random(u64::from(seed));
    let input = data.get(..size).unwrap_or_default();
    let is_of_model = input.first().is_none_or(|mode| mode & MODEL != 0);
    if is_of_model || random.below(8) == 0 {
        return bytes(data, size, most);
    }
    let head = 2 + answers(&input[1..]).0.len();
    let mut head = input.get(..head).unwrap_or(input).to_vec();
    let mut at = head.len();
    let mut messages: Vec<(u8, Vec<u8>)> = Vec::new();
    while let Some((step, range)) = next(input, &mut at) {
        messages.push((step, input.get(range).unwrap_or_default().to_vec()));
    }
    let count = messages.len();
    let (one, other) = (random.below(count), random.below(count));
    if count == 0 {
        return bytes(data, size, most);
    }
    match random.below(13) {
        0 => messages.swap(one, other),
        1 => _ = messages.remove(one),
        2 => messages.insert(other, messages[one].clone()),
        3 => messages[one].0 = random.below(256) as u8,
        // Several at once: a transaction's, mostly.
        4 => {
            let end = count.min(one + 1 + random.below(8));
            let some = messages[one..end].to_vec();
            messages.splice(other..other, some);
        }
        5 => _ = messages.drain(one..count.min(one + 1 + random.below(4))),
        // Of another message's kind, or transaction, or relation.
        6 => {
            let from = messages[other].1.clone();
            let (start, length) = (random.below(6), 1 + random.below(5));
            for at in start..start + length {
                if let (Some(byte), Some(new)) = (messages[one].1.get_mut(at), from.get(at)) {
                    *byte = *new;
                }
            }
        }
        // A setting or an answer, never of what kind the input is or how many answers there are.
        7 => {
            let bit = 1_u8 << random.below(8);
            match random.below(head.len()) {
                0 => head[0] ^= bit & !MODEL,
                1 => {}
                at => head[at] ^= bit,
            }
        }
        _ => {
            let message = &mut messages[one].1;
            let size = message.len();
            message.resize(size + 64, 0);
            let size = bytes(message, size, size + 64);
            message.truncate(size);
        }
    }
    let mut out = head;
    for (step, message) in messages {
        let length = message.len().min(u16::MAX.into());
        out.push(step);
        out.extend((length as u16).to_be_bytes());
        out.extend(&message[..length]);
    }
    let size = out.len().min(most).min(data.len());
    data[..size].copy_from_slice(&out[..size]);
    size
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % count.max(1)
    }
}
