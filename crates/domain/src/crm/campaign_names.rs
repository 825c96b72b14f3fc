//! What campaigns are called in marks of links, on leads and deals, and in the dimensions of journal lines: one form for one
//! name, so that figures have one group for it.

use crate::directory::search;
use crate::ids::CampaignId;

/// The form of a name that is compared and grouped by: lower case, its words with one space between them. Hyphens,
/// underscores and plus signs join words in links and are spaces here. The id of a campaign stays as it is.
pub fn normal(text: &str) -> String {
    if text.trim().parse::<CampaignId>().is_ok() {
        return text.trim().to_string();
    }
    let spaced: String = text.chars().map(|c| if matches!(c, '-' | '_' | '+' | '\u{2010}'..='\u{2015}') { ' ' } else { c }).collect();
    match search::normalise(&spaced) {
        // a name of nothing but such signs stays what it is
        words if words.is_empty() => search::normalise(text),
        words => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;

    #[test]
    fn one_campaign_has_one_name() {
        for text in ["trade fair", "trade-fair", "Trade_Fair", " TRADE  fair ", "trade+fair", "Trade – Fair"] {
            assert_eq!(normal(text), "trade fair", "{text}");
        }
        assert_eq!(normal("--"), "--");
        let id = CampaignId::from_uuid(uuid::Uuid::from_u128(7)).to_string();
        assert_eq!(normal(&id), id);
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(text in "[a-zA-Zß _+-]{0,20}") {
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
        }
    }
}
