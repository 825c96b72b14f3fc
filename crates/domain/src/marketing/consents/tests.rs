//! Whose word counts, and until when.

use super::*;
use crate::marketing::consents::ConsentStatus::*;
use proptest::prelude::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).expect("a time")
}
fn word(topic: Option<&str>, status: ConsentStatus, second: i64) -> LastWord {
    LastWord {
        consent: Id::from_uuid(Uuid::from_u128(1)),
        channel: ConsentChannel::Email,
        topic: topic.map(String::from),
        status,
        effective_at: at(second),
        expires_at: None,
    }
}

#[test]
fn the_last_word_decides_and_an_opt_out_of_everything_dominates() {
    use ConsentReason as R;
    let n = Some("news");
    let cases: [(&[LastWord], Option<&str>, R); 9] = [
        (&[], n, R::NoConsent),
        (&[word(n, Granted, 1)], n, R::Granted),
        (&[word(n, Granted, 1)], None, R::NoConsent),
        (&[word(n, Granted, 1)], Some("other"), R::NoConsent),
        (&[word(None, Granted, 1)], n, R::Granted),
        (&[word(None, Granted, 1), word(n, Withdrawn, 1)], n, R::Withdrawn),
        (&[word(None, Withdrawn, 1), word(n, Granted, 9)], n, R::OptedOut),
        (&[word(n, PendingDoi, 1)], n, R::NotConfirmed),
        (&[word(None, Granted, 9), word(n, PendingDoi, 1)], n, R::NotConfirmed),
    ];
    for (words, topic, reason) in cases {
        let verdict = judge(words, ConsentChannel::Email, topic, at(100));
        assert_eq!((verdict.reason, verdict.allowed), (reason, reason == R::Granted), "{words:?} {topic:?}");
        assert!(!judge(words, ConsentChannel::Sms, topic, at(100)).allowed);
    }
}

#[test]
fn a_grant_ends_at_its_expiry() {
    let grant = LastWord { expires_at: Some(at(50)), ..word(None, Granted, 1) };
    assert!(judge(std::slice::from_ref(&grant), ConsentChannel::Email, None, at(49)).allowed);
    assert_eq!(judge(&[grant], ConsentChannel::Email, None, at(50)).reason, ConsentReason::Expired);
}

#[test]
fn a_withdrawal_wins_ties_and_the_strictest_stays_in_a_merge() {
    assert!(word(None, Withdrawn, 5).prevails_over(&word(None, Granted, 5)));
    assert!(!word(None, Granted, 5).prevails_over(&word(None, Withdrawn, 5)));
    assert!(word(None, Granted, 6).prevails_over(&word(None, Withdrawn, 5)));
    assert!(word(None, Withdrawn, 1).is_stricter_than(&word(None, Granted, 9)));
    assert!(!word(None, Granted, 9).is_stricter_than(&word(None, PendingDoi, 1)));
}

fn new(status: ConsentStatus) -> NewConsent {
    let evidence = ConsentEvidence { wording_version: Some("v1".into()), source: Some("form".into()), ..Default::default() };
    NewConsent {
        party_id: Some(Id::from_uuid(Uuid::from_u128(1))),
        contact_id: None,
        lead_id: None,
        channel: ConsentChannel::Email,
        topic: None,
        status,
        lawful_basis: LawfulBasis::Consent,
        effective_at: None,
        expires_at: None,
        evidence,
    }
}

#[test]
fn a_row_is_provable_about_one_and_not_ahead_of_time() {
    let build = |n: NewConsent| Consent::new(Id::from_uuid(Uuid::from_u128(2)), n, None, String::new(), at(100));
    let code = |n: NewConsent| build(n).expect_err("refused").code();
    assert_eq!(build(new(Granted)).expect("valid").effective_at, at(100));
    assert_eq!(code(NewConsent { party_id: None, ..new(Granted) }), ONE_SUBJECT);
    assert_eq!(code(NewConsent { lead_id: Some(Id::from_uuid(Uuid::from_u128(3))), ..new(Granted) }), ONE_SUBJECT);
    assert_eq!(code(NewConsent { effective_at: Some(at(101)), ..new(Granted) }), IN_THE_FUTURE);
    assert_eq!(code(NewConsent { expires_at: Some(at(100)), ..new(Granted) }), WRONG_EXPIRY);
    assert_eq!(code(NewConsent { expires_at: Some(at(200)), ..new(Withdrawn) }), WRONG_EXPIRY);
    assert_eq!(code(NewConsent { evidence: Default::default(), ..new(PendingDoi) }), NO_EVIDENCE);
    assert!(build(NewConsent { evidence: Default::default(), ..new(Withdrawn) }).is_ok());
}

proptest! {
    #[test]
    fn whatever_the_order_the_same_word_prevails(rows in prop::collection::vec((0i64..5, 0usize..3), 1..12)) {
        let words: Vec<LastWord> = rows.iter().map(|(t, s)| word(None, ConsentStatus::ALL[*s], *t)).collect();
        let last = |words: &mut dyn Iterator<Item = &LastWord>| {
            words.fold(None::<LastWord>, |kept, w| match kept { Some(k) if !w.prevails_over(&k) => Some(k), _ => Some(w.clone()) })
        };
        let (forward, backward) = (last(&mut words.iter()), last(&mut words.iter().rev()));
        prop_assert_eq!(forward.map(|w| (w.effective_at, w.status)), backward.map(|w| (w.effective_at, w.status)));
    }
}
