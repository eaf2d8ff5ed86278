//! How long files are.

use crate::photos::body::Body;
use crate::photos::noise::Dice;
use crate::photos::spec::Sizes;
use crate::photos::uti::{Prefix, Uti};

/// Minimum, 10 %, median, 90 % and maximum of recorded lengths in bytes. RAW files and
/// sidecars were not recorded: their figures are estimates.
fn measured(prefix: Prefix, uti: Uti) -> [u64; 5] {
    match (prefix, uti) {
        (Prefix::Sidecar, _) => [400, 600, 900, 1_500, 3_000],
        (Prefix::OriginalVidCompl, _) => [623_122, 2_450_949, 3_349_216, 3_580_629, 4_139_569],
        (Prefix::JpegFull, Uti::Heic) => [939_667, 952_209, 1_437_147, 1_654_903, 1_712_842],
        (Prefix::JpegFull, _) => [104_228, 147_018, 196_116, 394_998, 420_884],
        (_, Uti::QuickTime) => [162_174, 2_093_808, 27_522_719, 225_935_003, 871_257_823],
        (_, Uti::Mpeg4) => [3_508_645, 3_508_645, 9_726_564, 30_163_313, 30_163_313],
        (_, Uti::Heic) => [129_584, 1_258_028, 2_126_939, 3_861_997, 5_926_727],
        (_, Uti::Png | Uti::Gif | Uti::Webp) => [13_692, 129_000, 444_595, 1_491_766, 4_363_330],
        (_, Uti::Dng | Uti::Cr2 | Uti::Arw) => [14_000_000, 20_000_000, 25_000_000, 35_000_000, 60_000_000],
        _ => [29_066, 140_087, 1_717_823, 2_258_568, 2_627_090],
    }
}

/// The length of a new file, in bytes.
pub(in crate::photos) fn length(sizes: Sizes, prefix: Prefix, uti: Uti, dice: &mut Dice) -> u64 {
    match sizes {
        Sizes::Fixed(len) => len.max(Body::MIN),
        Sizes::Tiny => {
            let most = 20_280 >> dice.below(10);
            200 + dice.below(most + 1)
        }
        Sizes::Real => draw(measured(prefix, uti), dice),
        Sizes::Small => (draw(measured(prefix, uti), dice) / 450).max(Body::MIN),
    }
}

/// A length with the given quantiles.
fn draw(quantiles: [u64; 5], dice: &mut Dice) -> u64 {
    let [min, low, median, high, max] = quantiles;
    let (from, to) = match dice.below(100) {
        0..10 => (min, low),
        10..50 => (low, median),
        50..90 => (median, high),
        _ => (high, max),
    };
    from + dice.below(to - from + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_keep_to_their_range() {
        let mut dice = Dice::new(1);
        for _ in 0..500 {
            let tiny = length(Sizes::Tiny, Prefix::Original, Uti::Heic, &mut dice);
            assert!((200..=20_480).contains(&tiny));
            let real = length(Sizes::Real, Prefix::Original, Uti::Heic, &mut dice);
            assert!((129_584..=5_926_727).contains(&real));
        }
        assert_eq!(length(Sizes::Fixed(5), Prefix::Original, Uti::Jpeg, &mut dice), Body::MIN);
        assert_eq!(length(Sizes::Fixed(500), Prefix::Original, Uti::Jpeg, &mut dice), 500);
    }
}
