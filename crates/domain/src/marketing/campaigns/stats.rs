//! What became of a campaign: counts of readers, never of events; rates over what was delivered; and whether a difference
//! between two variants is more than chance.

use crate::kernel::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::CampaignId;
use crate::kernel::Rate;

/// Counts of readers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignCounts)]
pub struct Counts {
    /// In the frozen audience.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub audience: i64,
    /// Those who get nothing, whatever the reason.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub excluded: i64,
    /// Those still to be judged or written to.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub queued: i64,
    /// Messages on their way now.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub sending: i64,
    /// Messages that the mail server took.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub sent: i64,
    /// Messages of which it is not known whether they were sent; they are not sent again.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub unknown: i64,
    /// Messages that were refused or could not be written.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub failed: i64,
    /// Readers whose turn did not come before the end.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub dropped: i64,
    /// Messages that came back.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub bounced: i64,
    /// Sent and not come back.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub delivered: i64,
    /// Readers who looked at it, each counted once; programs are not readers.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub opened: i64,
    /// Readers who followed a link, each counted once.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub clicked: i64,
    /// Readers of whom only programs looked at it.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub opened_by_programs_only: i64,
    /// Readers with whom what it was for has happened.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub converted: i64,
    /// Readers who want no more.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub unsubscribed: i64,
    /// Readers who called it spam.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub complained: i64,
}

/// Rates, rounded half away from zero to four places; null over nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = CampaignRates)]
pub struct Rates {
    /// Delivered / sent.
    #[schema(required)]
    pub delivery_rate: Option<Rate>,
    /// Bounced / sent.
    #[schema(required)]
    pub bounce_rate: Option<Rate>,
    /// Opened / delivered.
    #[schema(required)]
    pub open_rate: Option<Rate>,
    /// Clicked / delivered.
    #[schema(required)]
    pub click_through_rate: Option<Rate>,
    /// Clicked / opened.
    #[schema(required)]
    pub click_to_open_rate: Option<Rate>,
    /// Converted / delivered.
    #[schema(required)]
    pub conversion_rate: Option<Rate>,
    /// Converted / opened.
    #[schema(required)]
    pub conversion_to_open_rate: Option<Rate>,
    /// Unsubscribed / delivered.
    #[schema(required)]
    pub unsubscribe_rate: Option<Rate>,
    /// Complained / delivered.
    #[schema(required)]
    pub complaint_rate: Option<Rate>,
}

fn rate(part: i64, whole: i64) -> Option<Rate> {
    let quotient = Decimal::from(part).checked_div(Decimal::from(whole))?;
    Rate::try_from(crate::kernel::round_to(quotient, 4).normalize()).ok()
}

impl Counts {
    /// The rates of these counts.
    pub fn rates(&self) -> Rates {
        Rates {
            delivery_rate: rate(self.delivered, self.sent),
            bounce_rate: rate(self.bounced, self.sent),
            open_rate: rate(self.opened, self.delivered),
            click_through_rate: rate(self.clicked, self.delivered),
            click_to_open_rate: rate(self.clicked, self.opened),
            conversion_rate: rate(self.converted, self.delivered),
            conversion_to_open_rate: rate(self.converted, self.opened),
            unsubscribe_rate: rate(self.unsubscribed, self.delivered),
            complaint_rate: rate(self.complained, self.delivered),
        }
    }
    /// Both together.
    pub fn plus(self, o: Self) -> Self {
        Self {
            audience: self.audience + o.audience,
            excluded: self.excluded + o.excluded,
            queued: self.queued + o.queued,
            sending: self.sending + o.sending,
            sent: self.sent + o.sent,
            unknown: self.unknown + o.unknown,
            failed: self.failed + o.failed,
            dropped: self.dropped + o.dropped,
            bounced: self.bounced + o.bounced,
            delivered: self.delivered + o.delivered,
            opened: self.opened + o.opened,
            clicked: self.clicked + o.clicked,
            opened_by_programs_only: self.opened_by_programs_only + o.opened_by_programs_only,
            converted: self.converted + o.converted,
            unsubscribed: self.unsubscribed + o.unsubscribed,
            complained: self.complained + o.complained,
        }
    }
}

/// How many of the readers of a variant did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub did: i64,
    pub of: i64,
}

/// A comparison of two shares by the two-sided z-test for proportions with pooled variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZTest {
    /// Above zero when the second share is larger.
    pub z: f64,
    /// How likely a difference at least as large is by chance alone.
    pub p: f64,
    /// Whether the normal approximation holds: at least five expected of each kind in each variant.
    pub holds: bool,
}

/// Compares two shares; nothing when one of them is of nobody, or when all or none did it.
fn z_test(a: Share, b: Share) -> Option<ZTest> {
    if a.of <= 0 || b.of <= 0 {
        return None;
    }
    let (na, nb) = (a.of as f64, b.of as f64);
    let pooled = (a.did + b.did) as f64 / (na + nb);
    let deviation = (pooled * (1.0 - pooled) * (1.0 / na + 1.0 / nb)).sqrt();
    if deviation <= 0.0 || !deviation.is_finite() {
        return None;
    }
    let z = (b.did as f64 / nb - a.did as f64 / na) / deviation;
    let p = libm::erfc(z.abs() / std::f64::consts::SQRT_2);
    let least = na.min(nb) * pooled.min(1.0 - pooled);
    Some(ZTest { z, p, holds: least >= 5.0 })
}

/// Above this probability a difference is taken for chance; shared by the comparisons when there are several (Bonferroni).
pub const LEVEL: f64 = 0.05;

/// A variant against the first one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CampaignComparison)]
pub struct Comparison {
    /// What is compared: `open_rate` or `click_through_rate`.
    #[schema(max_length = 40, example = "click_through_rate")]
    pub rate: String,
    /// The first variant.
    #[schema(max_length = 20)]
    pub variant: String,
    /// The variant it is compared with.
    #[schema(max_length = 20)]
    pub other: String,
    /// The difference in standard deviations, above zero when the other is better; null when nothing can be said.
    #[schema(required)]
    pub z: Option<Rate>,
    /// How likely a difference at least as large is by chance alone; null when nothing can be said.
    #[schema(required)]
    pub p_value: Option<Rate>,
    /// Whether there are enough readers to say anything.
    pub enough_data: bool,
    /// Whether the difference is more than chance: enough data, and a p-value below 0.05 divided by the number of
    /// comparisons.
    pub significant: bool,
    /// The better variant, when the difference is significant.
    #[schema(required, max_length = 20)]
    pub better: Option<String>,
}

impl Comparison {
    /// Compares two variants; `of` is the number of comparisons that are made.
    pub fn of(rate: &str, a: (&str, Share), b: (&str, Share), of: usize) -> Self {
        let test = z_test(a.1, b.1);
        let decimal = |x: f64| Decimal::from_f64_retain(x).and_then(|d| Rate::try_from(d.round_dp(6).normalize()).ok());
        let enough_data = test.is_some_and(|t| t.holds);
        let significant = enough_data && test.is_some_and(|t| t.p < LEVEL / of.max(1) as f64);
        let better = test.filter(|_| significant).map(|t| if t.z > 0.0 { b.0 } else { a.0 }.to_string());
        Self {
            rate: rate.into(),
            variant: a.0.into(),
            other: b.0.into(),
            z: test.and_then(|t| decimal(t.z)),
            p_value: test.and_then(|t| decimal(t.p)),
            enough_data,
            significant,
            better,
        }
    }
}

/// What became of one variant.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CampaignVariantStats)]
pub struct VariantStats {
    /// The variant.
    #[schema(max_length = 20)]
    pub variant: String,
    /// Its readers.
    pub counts: Counts,
    /// Its rates.
    pub rates: Rates,
}

/// How many get nothing for one reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CampaignExclusions)]
pub struct Exclusions {
    /// The reason.
    pub reason: crate::marketing::campaigns::members::ExclusionReason,
    /// Quantity.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
}

/// What became of a campaign.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignStats {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// All readers.
    pub counts: Counts,
    /// Rates over all readers.
    pub rates: Rates,
    /// Why readers get nothing.
    #[schema(max_items = 10)]
    pub exclusions: Vec<Exclusions>,
    /// Variant by variant.
    #[schema(max_items = 5)]
    pub variants: Vec<VariantStats>,
    /// Each other variant against the first.
    #[schema(max_items = 8)]
    pub comparisons: Vec<Comparison>,
}

/// Each other variant against the first, for openings and for followed links.
pub fn compare(variants: &[VariantStats]) -> Vec<Comparison> {
    let Some((first, others)) = variants.split_first() else { return Vec::new() };
    let opened = |v: &VariantStats| Share { did: v.counts.opened, of: v.counts.delivered };
    let clicked = |v: &VariantStats| Share { did: v.counts.clicked, of: v.counts.delivered };
    let mut out = Vec::new();
    for other in others {
        for (name, share) in [("open_rate", &opened as &dyn Fn(&VariantStats) -> Share), ("click_through_rate", &clicked)] {
            out.push(Comparison::of(name, (&first.variant, share(first)), (&other.variant, share(other)), others.len()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(rate: Option<Rate>) -> String {
        rate.map(|r| r.get().normalize().to_string()).unwrap_or_default()
    }

    /// BCcampus, Foundations in Digital Marketing: 10,000 sent, 8,500 delivered, 3,060 opened, 400 clicked, 102 converted.
    #[test]
    fn rates_are_those_of_the_textbook() {
        let counts =
            Counts { sent: 10_000, delivered: 8_500, bounced: 1_500, opened: 3_060, clicked: 400, converted: 102, ..Default::default() };
        let r = counts.rates();
        let cases = [
            (r.delivery_rate, "0.85"),
            (r.bounce_rate, "0.15"),
            (r.open_rate, "0.36"),
            (r.click_through_rate, "0.0471"),
            (r.click_to_open_rate, "0.1307"),
            (r.conversion_rate, "0.012"),
            (r.conversion_to_open_rate, "0.0333"),
        ];
        for (rate, expected) in cases {
            assert_eq!(text(rate), expected);
        }
        assert_eq!(Counts::default().rates(), Rates::default());
    }

    /// 200 of 1,000 against 250 of 1,000: z = 2.6775, p = 0.0074 (computed with R, `prop.test(…, correct = FALSE)`: X² = 7.168).
    #[test]
    fn a_difference_is_judged_by_its_size_and_its_sample() {
        let test = z_test(Share { did: 200, of: 1000 }, Share { did: 250, of: 1000 }).expect("a test");
        assert!((test.z * test.z - 7.1685).abs() < 0.001 && (test.p - 0.00742).abs() < 0.0001, "{test:?}");
        let more = |a: (i64, i64), b: (i64, i64), of| {
            Comparison::of("open_rate", ("a", Share { did: a.0, of: a.1 }), ("b", Share { did: b.0, of: b.1 }), of)
        };
        assert_eq!(more((200, 1000), (250, 1000), 1).better.as_deref(), Some("b"));
        assert_eq!(more((250, 1000), (200, 1000), 1).better.as_deref(), Some("a"));
        assert!(!more((200, 1000), (250, 1000), 7).significant, "one of seven comparisons");
        assert!(!more((20, 100), (25, 100), 1).significant, "the same shares of fewer readers");
        let few = more((0, 4), (4, 4), 1);
        assert!(!few.enough_data && few.better.is_none(), "{few:?}");
        assert_eq!(more((0, 10), (0, 10), 1).z, None);
        assert_eq!(more((1, 0), (0, 10), 1).p_value, None);
    }

    proptest! {
        #[test]
        fn no_counts_make_it_panic_and_p_is_a_probability(a in 0i64..5000, b in 0i64..5000, na in 0i64..5000, nb in 0i64..5000) {
            if let Some(t) = z_test(Share { did: a.min(na), of: na }, Share { did: b.min(nb), of: nb }) {
                prop_assert!((0.0..=1.0).contains(&t.p) && t.z.is_finite());
            }
        }
    }
}
