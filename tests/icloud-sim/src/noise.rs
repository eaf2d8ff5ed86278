//! Numbers that look random and are the same on every machine and in every version.
//!
//! A library is a function of its seed: the promise of a random number crate ends at its next release, so the
//! few lines of splitmix64 stand here.

/// The increment of splitmix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scrambles one number; different numbers give different results.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Scrambles two numbers into one.
pub(crate) fn pair(a: u64, b: u64) -> u64 {
    mix(a ^ mix(b))
}

/// A number made of text.
pub(crate) fn of_text(text: &str) -> u64 {
    text.bytes().fold(mix(0), |sum, byte| pair(sum, u64::from(byte)))
}

/// Fills `out` with the noise of `seed`; a longer fill begins with the shorter one.
pub(crate) fn fill(seed: u64, out: &mut [u8]) {
    let mut at = seed;
    for word in out.chunks_mut(8) {
        at = at.wrapping_add(GOLDEN);
        let bytes = mix(at).to_le_bytes();
        word.copy_from_slice(&bytes[..word.len()]);
    }
}

/// `N` bytes of noise.
pub(crate) fn bytes<const N: usize>(seed: u64) -> [u8; N] {
    let mut out = [0; N];
    fill(seed, &mut out);
    out
}

/// The sixteen bytes of a version 4 UUID.
pub(crate) fn uuid(seed: u64) -> [u8; 16] {
    uuid::Builder::from_random_bytes(bytes(seed)).into_uuid().into_bytes()
}

/// A UUID as Apple writes it in record names: upper case.
pub(crate) fn uuid_text(bytes: [u8; 16]) -> String {
    uuid::Uuid::from_bytes(bytes).hyphenated().encode_upper(&mut [0; 36]).to_owned()
}

/// A sequence of throws that depends on its seed alone.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The next number, any of them equally likely.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// The next number below `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// The next place in something that has `len` places; 0 when it has none.
    pub(crate) fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True in `percent` of a hundred throws.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several; they must not be empty.
    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.place(choices.len())]
    }

    /// Puts `items` in another order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.place(last + 1);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_fill_begins_with_the_shorter_one() {
        let (mut short, mut long) = ([0; 13], [0; 40]);
        fill(7, &mut short);
        fill(7, &mut long);
        assert_eq!(short[..], long[..13]);
    }

    #[test]
    fn throws_stay_below_their_end_and_reach_every_place() {
        let mut dice = Dice::new(1);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[dice.place(6)] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn a_shuffle_loses_nothing() {
        let mut items: Vec<u32> = (0..50).collect();
        Dice::new(3).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
