//! The order in which Java's `HashMap` gives its entries back: Debezium keeps an hstore and a sparse vector in one
//! (`HStoreConverter` of the JDBC driver, `Vectors`), and writes them as they come.

/// The hash of a string: of its UTF-16 units.
pub(super) fn hash_of(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// Puts entries, which stand in the order in which they were put in, into the order of a map that was made for
/// `capacity` of them (16 where nothing was said).
///
/// That is the order of its buckets, those of one bucket as they were put in. (From eight on, a bucket may become a tree,
/// which only keys made to collide reach.)
pub(super) fn order<T>(entries: &mut [T], capacity: usize, hash: impl Fn(&T) -> i32) {
    let mut buckets = capacity.max(1).next_power_of_two();
    while entries.len() > buckets / 4 * 3 + buckets % 4 * 3 / 4 {
        buckets *= 2;
    }
    entries.sort_by_key(|entry| {
        let hash = hash(entry).cast_unsigned();
        (hash ^ hash >> 16) as usize & (buckets - 1)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_java_s() {
        assert_eq!(hash_of(""), 0);
        assert_eq!(hash_of("key"), 106_079);
        assert_eq!(hash_of("hello world"), 1_794_106_052);
    }

    #[test]
    fn entries_stand_by_bucket_and_a_full_table_is_doubled() {
        let mut entries = ["key4", "key5"];
        order(&mut entries, 16, |key| hash_of(key));
        assert_eq!(entries, ["key5", "key4"]);
        let mut numbers: Vec<i32> = (0..13).rev().chain([16]).collect();
        order(&mut numbers, 16, |number| *number);
        assert_eq!(numbers, (0..13).chain([16]).collect::<Vec<_>>());
        let mut numbers = [17, 2, 1];
        order(&mut numbers, 16, |number| *number);
        assert_eq!(numbers, [17, 1, 2]);
    }
}
