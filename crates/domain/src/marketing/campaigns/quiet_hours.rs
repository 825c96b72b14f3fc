//! Quiet hours: when nobody is written to, in the reader's own time zone. Of a reader whose zone is not known the country
//! is taken; a country with several zones is quiet as long as it is quiet in any of them.

use chrono::{DateTime, Duration, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WRONG_QUIET_HOURS;
use crate::kernel::Result;

/// A part of the day in which no message is sent. It may span midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From this time of the day on, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "20:00")]
    pub from: String,
    /// Until this time of the day, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "08:00")]
    pub until: String,
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

impl QuietHours {
    /// Fails with [`WRONG_QUIET_HOURS`].
    pub fn check(&self) -> Result<()> {
        match (time(&self.from), time(&self.until)) {
            (Some(from), Some(until)) if from != until => Ok(()),
            _ => Err(WRONG_QUIET_HOURS.field("/quiet_hours", "Two different times of the day, such as 20:00 and 08:00.")),
        }
    }
    fn is_quiet(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let (Some(from), Some(until)) = (time(&self.from), time(&self.until)) else { return false };
        let local = at.with_timezone(&zone).time();
        if from < until { from <= local && local < until } else { from <= local || local < until }
    }
    /// The first moment from `at` on, to the minute, at which it is quiet in none of the zones. After two days without one
    /// that moment is taken.
    pub fn next_allowed(&self, at: DateTime<Utc>, zones: &[Tz]) -> DateTime<Utc> {
        let quiet = |t: DateTime<Utc>| zones.iter().any(|z| self.is_quiet(t, *z));
        if !quiet(at) {
            return at;
        }
        let full = at.with_second(0).and_then(|t| t.with_nanosecond(0)).unwrap_or(at);
        (1..=2 * 24 * 60).map(|m| full + Duration::minutes(m)).find(|t| !quiet(*t)).unwrap_or(full + Duration::days(2))
    }
}

/// The zones that a reader may live in: the known one, else those at the edges of the country, else that of the company.
pub fn zones_of(zone: Option<&str>, country: Option<&str>, company: &str) -> Vec<Tz> {
    if let Some(known) = zone.and_then(|z| z.parse().ok()) {
        return vec![known];
    }
    let edges = country.map(zones_of_country).unwrap_or_default();
    if !edges.is_empty() {
        return edges.to_vec();
    }
    vec![company.parse().unwrap_or(Tz::UTC)]
}

/// The zones of a country; of large ones the most western and the most eastern.
fn zones_of_country(code: &str) -> &'static [Tz] {
    use chrono_tz::{Africa, America, Asia, Atlantic, Australia, Europe, Pacific};
    match code {
        "AE" => &[Asia::Dubai],
        "AR" => &[America::Argentina::Buenos_Aires],
        "AT" => &[Europe::Vienna],
        "AU" => &[Australia::Perth, Australia::Sydney, Australia::Brisbane],
        "BE" => &[Europe::Brussels],
        "BG" => &[Europe::Sofia],
        "BR" => &[America::Rio_Branco, America::Sao_Paulo, America::Noronha],
        "CA" => &[America::Vancouver, America::St_Johns],
        "CH" => &[Europe::Zurich],
        "CL" => &[America::Santiago, Pacific::Easter],
        "CN" => &[Asia::Shanghai],
        "CO" => &[America::Bogota],
        "CY" => &[Asia::Nicosia],
        "CZ" => &[Europe::Prague],
        "DE" => &[Europe::Berlin],
        "DK" => &[Europe::Copenhagen],
        "EE" => &[Europe::Tallinn],
        "EG" => &[Africa::Cairo],
        "ES" => &[Atlantic::Canary, Europe::Madrid],
        "FI" => &[Europe::Helsinki],
        "FR" => &[Europe::Paris],
        "GB" => &[Europe::London],
        "GR" => &[Europe::Athens],
        "HK" => &[Asia::Hong_Kong],
        "HR" => &[Europe::Zagreb],
        "HU" => &[Europe::Budapest],
        "ID" => &[Asia::Jakarta, Asia::Jayapura],
        "IE" => &[Europe::Dublin],
        "IL" => &[Asia::Jerusalem],
        "IN" => &[Asia::Kolkata],
        "IS" => &[Atlantic::Reykjavik],
        "IT" => &[Europe::Rome],
        "JP" => &[Asia::Tokyo],
        "KE" => &[Africa::Nairobi],
        "KR" => &[Asia::Seoul],
        "LT" => &[Europe::Vilnius],
        "LU" => &[Europe::Luxembourg],
        "LV" => &[Europe::Riga],
        "MA" => &[Africa::Casablanca],
        "MT" => &[Europe::Malta],
        "MX" => &[America::Tijuana, America::Cancun],
        "MY" => &[Asia::Kuala_Lumpur],
        "NG" => &[Africa::Lagos],
        "NL" => &[Europe::Amsterdam],
        "NO" => &[Europe::Oslo],
        "NZ" => &[Pacific::Auckland],
        "PE" => &[America::Lima],
        "PH" => &[Asia::Manila],
        "PL" => &[Europe::Warsaw],
        "PT" => &[Atlantic::Azores, Europe::Lisbon],
        "RO" => &[Europe::Bucharest],
        "RS" => &[Europe::Belgrade],
        "SA" => &[Asia::Riyadh],
        "SE" => &[Europe::Stockholm],
        "SG" => &[Asia::Singapore],
        "SI" => &[Europe::Ljubljana],
        "SK" => &[Europe::Bratislava],
        "TH" => &[Asia::Bangkok],
        "TR" => &[Europe::Istanbul],
        "TW" => &[Asia::Taipei],
        "UA" => &[Europe::Kyiv],
        "US" => &[Pacific::Honolulu, America::Anchorage, America::Los_Angeles, America::New_York],
        "UY" => &[America::Montevideo],
        "VE" => &[America::Caracas],
        "VN" => &[Asia::Ho_Chi_Minh],
        "ZA" => &[Africa::Johannesburg],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn night() -> QuietHours {
        QuietHours { from: "20:00".into(), until: "08:00".into() }
    }
    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn the_readers_own_night_counts() {
        let cases = [
            (Some("Europe/Berlin"), None, "2026-01-02T18:59:30Z", "2026-01-02T18:59:30Z"),
            (Some("Europe/Berlin"), None, "2026-01-02T19:00:00Z", "2026-01-03T07:00:00Z"),
            (None, Some("DE"), "2026-07-02T18:00:00Z", "2026-07-03T06:00:00Z"),
            (None, Some("JP"), "2026-01-02T09:00:00Z", "2026-01-02T09:00:00Z"),
            (None, Some("JP"), "2026-01-02T12:00:30Z", "2026-01-02T23:00:00Z"),
            // from Hawaii to New York: after 8 in Honolulu (18 UTC) and before 20 in New York (1 UTC)
            (None, Some("US"), "2026-01-02T14:00:00Z", "2026-01-02T18:00:00Z"),
            (None, Some("ZZ"), "2026-01-02T21:00:00Z", "2026-01-03T08:00:00Z"),
            (Some("Mars/Phobos"), None, "2026-01-02T21:00:00Z", "2026-01-03T08:00:00Z"),
        ];
        for (zone, country, from, expected) in cases {
            assert_eq!(night().next_allowed(at(from), &zones_of(zone, country, "UTC")), at(expected), "{zone:?} {country:?} {from}");
        }
        let noon = QuietHours { from: "12:00".into(), until: "13:00".into() };
        assert_eq!(noon.next_allowed(at("2026-01-02T12:30:00Z"), &[Tz::UTC]), at("2026-01-02T13:00:00Z"));
    }

    #[test]
    fn quiet_hours_are_two_times() {
        assert!(night().check().is_ok());
        for (from, until) in [("20:00", "20:00"), ("24:00", "08:00"), ("x", "08:00")] {
            let wrong = QuietHours { from: from.into(), until: until.into() };
            assert_eq!(wrong.check().expect_err("wrong").code(), WRONG_QUIET_HOURS, "{from} {until}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_written_to_at_night(seconds in 1_700_000_000i64..1_800_000_000, from in 0u32..24, hours in 1u32..20) {
            let quiet = QuietHours { from: format!("{from:02}:00"), until: format!("{:02}:00", (from + hours) % 24) };
            let now = DateTime::from_timestamp(seconds, 0).expect("a moment");
            let zones = zones_of(None, Some("DE"), "UTC");
            let next = quiet.next_allowed(now, &zones);
            prop_assert!(next >= now && !zones.iter().any(|z| quiet.is_quiet(next, *z)));
        }
    }
}
