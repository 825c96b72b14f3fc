//! The rules of opportunities, walked through.

use super::*;
use crate::crm::opportunities::changes::{OpportunityField, differences};
use crate::crm::opportunities::lines::NewOpportunityLine;
use crate::crm::pipelines::{NewPipeline, NewStage, StagePatch};
use crate::ids::{CompanyId, OpportunityLineId, PartyId, UserId};
use crate::kernel::{Code, Id};
use proptest::prelude::*;
use uuid::Uuid;

fn id<T: Id>(n: u128) -> T {
    T::from_uuid(Uuid::from_u128(n))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
}

fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, d).expect("a day")
}

/// a 10 % → b 50 %, asks for an amount → c 80 %, must not be skipped → d 90 %, asks for a date and an owner
fn pipeline() -> Pipeline {
    let stage = |name: &str, percent: i32, required: &[StageRequirement], allow_skip| NewStage {
        name: name.into(),
        probability_percent: Rate::from(percent),
        forecast_category: if percent > 60 { ForecastCategory::Commit } else { ForecastCategory::Pipeline },
        required_fields: required.to_vec(),
        allow_skip,
        stalled_after_days: Some(10),
        position: None,
    };
    let stages = vec![
        stage("a", 10, &[], true),
        stage("b", 50, &[StageRequirement::Amount], true),
        stage("c", 80, &[], false),
        stage("d", 90, &[StageRequirement::ExpectedCloseDate, StageRequirement::Owner], true),
    ];
    let mut n = 0;
    let ids = || {
        n += 1;
        id(n)
    };
    NewPipeline { company_id: id(1), name: "Sales".into(), stages, metadata: Default::default() }
        .build(id(1), true, ids, now())
        .expect("a pipeline")
}

fn new() -> NewOpportunity {
    NewOpportunity {
        company_id: id::<CompanyId>(1),
        name: " Machines ".into(),
        party_id: id::<PartyId>(1),
        contact_id: None,
        pipeline_id: None,
        stage_id: None,
        currency: None,
        amount_source: None,
        amount: None,
        probability_percent: None,
        forecast_category: None,
        expected_close_date: None,
        owner_id: None,
        source: None,
        territory_id: None,
        description: None,
        competitor: None,
        lines: vec![],
        splits: vec![],
        contact_roles: vec![],
        competitor_ids: vec![],
        metadata: Default::default(),
    }
}

fn line(net: &str) -> OpportunityLine {
    let new = NewOpportunityLine {
        product_id: None,
        description: Some("x".into()),
        quantity: "1".parse().expect("a quantity"),
        unit_price: Some(net.parse().expect("a price")),
        discount_percent: Rate::ZERO,
    };
    new.build(id::<OpportunityLineId>(1), id(1), 1, None, "EUR").expect("a line")
}

fn build(new: NewOpportunity, lines: Vec<OpportunityLine>) -> Result<Opportunity> {
    new.build(Beginning { id: id(1), pipeline: &pipeline(), currency: "EUR", source_lead_id: None, campaign: None, now: now() }, lines)
}

fn amount(s: &str) -> Option<Amount> {
    Some(s.parse().expect("an amount"))
}

fn deal() -> Opportunity {
    build(NewOpportunity { amount: amount("1000"), ..new() }, vec![]).expect("a deal")
}

fn change(o: Opportunity, patch: OpportunityPatch) -> Result<Opportunity> {
    let p = pipeline();
    let stage = p.stage(o.stage_id).expect("its stage").clone();
    o.change(patch, None, &stage, now())
}

fn code<T: std::fmt::Debug>(r: Result<T>) -> Code {
    r.expect_err("refused").code()
}

#[test]
fn a_new_deal_starts_in_the_first_stage_with_its_probability() {
    let o = deal();
    assert_eq!((o.name.as_str(), o.currency.as_str(), o.stage_id), ("Machines", "EUR", id(1)));
    assert_eq!((o.amount_source, o.weighted_amount), (AmountSource::Manual, amount("100").expect("some")));
    let o = build(new(), vec![line("19.99"), line("0.02")]).expect("a deal");
    assert_eq!(
        (o.amount_source, o.amount.to_string().as_str(), o.weighted_amount.to_string().as_str()),
        (AmountSource::Lines, "20.01", "2.00")
    );
}

#[test]
fn what_makes_no_deal_is_refused() {
    let lines = Some(AmountSource::Lines);
    for (bad, expected) in [
        (NewOpportunity { amount: amount("1"), amount_source: lines, ..new() }, AMOUNT_FROM_LINES),
        (NewOpportunity { amount: amount("-1"), ..new() }, NEGATIVE_AMOUNT),
        (NewOpportunity { probability_percent: Some(Rate::from(101)), ..new() }, NOT_A_PERCENTAGE),
        (NewOpportunity { forecast_category: Some(ForecastCategory::Closed), ..new() }, CLOSED_WHILE_OPEN),
        (NewOpportunity { stage_id: Some(id(99)), ..new() }, FOREIGN_STAGE),
        (NewOpportunity { stage_id: Some(id(2)), ..new() }, STAGE_REQUIREMENTS),
        (NewOpportunity { currency: Some("XXX".into()), ..new() }, crate::directory::currencies::UNKNOWN_CURRENCY),
        (NewOpportunity { amount: amount("1.005"), ..new() }, crate::kernel::problems::too_many_decimals),
        (NewOpportunity { name: "  ".into(), ..new() }, crate::kernel::problems::invalid_body),
    ] {
        assert_eq!(code(build(bad, vec![])), expected);
    }
}

#[test]
fn stages_guard_their_entrance() {
    let p = pipeline();
    let poor = build(new(), vec![]).expect("a deal");
    assert_eq!(code(poor.clone().advance(&p, id(2), false, now())), STAGE_REQUIREMENTS);
    assert_eq!(code(poor.clone().advance(&p, id(1), false, now())), SAME_STAGE);
    assert_eq!(code(poor.advance(&p, id(77), false, now())), FOREIGN_STAGE);
    // from a to d jumps over c, which must not be skipped
    assert_eq!(code(deal().advance(&p, id(4), false, now())), STAGE_SKIPPED);
    let at_c = deal().advance(&p, id(3), false, now()).expect("over b, which may be skipped");
    assert_eq!((at_c.probability_percent, at_c.forecast_category), (Rate::from(80), ForecastCategory::Commit));
    // what is missing is told all at once
    let problem = at_c.clone().advance(&p, id(4), false, now()).expect_err("refused");
    assert_eq!((problem.code(), problem.errors().len()), (STAGE_REQUIREMENTS, 2));
    let ready = OpportunityPatch { expected_close_date: Some(Some(day(1))), owner_id: Some(Some(id::<UserId>(1))), ..Default::default() };
    let at_d = change(at_c, ready).expect("changed").advance(&p, id(4), false, now()).expect("ready");
    // back is free, over c too
    assert_eq!(at_d.advance(&p, id(1), false, now()).expect("back").probability_percent, Rate::from(10));
}

#[test]
fn no_deal_enters_an_archived_stage() {
    let p = pipeline().change_stage(id(2), StagePatch { archived: Some(true), ..Default::default() }, 0, now()).expect("archived");
    assert_eq!(code(deal().advance(&p, id(2), false, now())), ARCHIVED_STAGE);
}

#[test]
fn a_stated_probability_stays_until_the_stage_changes() {
    let o = change(deal(), OpportunityPatch { probability_percent: Some(Some(Rate::from(33))), ..Default::default() }).expect("changed");
    assert_eq!((o.probability_is_manual, o.weighted_amount.to_string().as_str()), (true, "330.00"));
    let o = change(o, OpportunityPatch { amount: amount("10.05"), ..Default::default() }).expect("changed");
    assert_eq!(o.weighted_amount.to_string(), "3.32", "half a cent goes up");
    let freed = change(o.clone(), OpportunityPatch { probability_percent: Some(None), ..Default::default() }).expect("changed");
    assert_eq!((freed.probability_is_manual, freed.probability_percent), (false, Rate::from(10)));
    let moved = o.advance(&pipeline(), id(2), false, now()).expect("moved");
    assert_eq!((moved.probability_is_manual, moved.probability_percent), (false, Rate::from(50)));
}

#[test]
fn lines_are_rounded_anew_in_another_currency() {
    let o = build(new(), vec![line("33.34")]).expect("a deal");
    let yen = change(o, OpportunityPatch { currency: Some("JPY".into()), ..Default::default() }).expect("changed");
    assert_eq!(yen.amount.to_string(), "33.00");
    let stated = change(deal(), OpportunityPatch { amount: amount("1.50"), ..Default::default() }).expect("changed");
    assert_eq!(
        code(change(stated, OpportunityPatch { currency: Some("JPY".into()), ..Default::default() })),
        crate::kernel::problems::too_many_decimals
    );
}

#[test]
fn only_a_later_date_is_a_push() {
    let to =
        |o, d: Option<u32>| change(o, OpportunityPatch { expected_close_date: Some(d.map(day)), ..Default::default() }).expect("changed");
    let o = to(deal(), Some(10));
    let o = to(o, Some(5));
    let o = to(o, Some(5));
    assert_eq!(o.close_date_pushes, 0);
    let o = to(o, Some(6));
    let o = to(to(o, None), Some(20));
    assert_eq!(o.close_date_pushes, 1);
}

#[test]
fn a_won_deal_is_worth_what_was_agreed() {
    let agreed: Amount = "3000".parse().expect("an amount");
    let won = deal().agreed(agreed, "USD").win(day(3), now()).expect("won");
    assert_eq!((won.amount, won.weighted_amount, won.currency.as_str()), (agreed, agreed, "USD"));
    assert_eq!(won.amount_source, AmountSource::Manual, "lines that say something else do not change it");
}

#[test]
fn a_won_deal_counts_whole_and_a_lost_one_not_at_all() {
    let won = deal().win(day(3), now()).expect("won");
    assert_eq!(
        (won.probability_percent, won.forecast_category, won.weighted_amount),
        (Rate::from(100), ForecastCategory::Closed, won.amount)
    );
    assert_eq!(won.closed_date, Some(day(3)));
    let why =
        |r: &str| LoseOpportunity { reason: Some(r.into()), loss_reason_id: None, competitor: Some("Acme".into()), competitor_id: None };
    let lost = deal().lose(why("price"), day(3), now()).expect("lost");
    assert_eq!(
        (lost.probability_percent, lost.forecast_category, lost.weighted_amount),
        (Rate::ZERO, ForecastCategory::Omitted, Amount::ZERO)
    );
    assert_eq!((lost.loss_reason.as_deref(), lost.competitor.as_deref()), (Some("price"), Some("Acme")));
    assert_eq!(code(deal().lose(why(" "), day(3), now())), crate::kernel::problems::invalid_body);
}

#[test]
fn the_states_allow_what_they_say() {
    let p = pipeline();
    let why = || LoseOpportunity { reason: Some("price".into()), loss_reason_id: None, competitor: None, competitor_id: None };
    let won = deal().win(day(1), now()).expect("won");
    let lost = deal().lose(why(), day(1), now()).expect("lost");
    for closed in [won, lost] {
        assert_eq!(closed.status.actions(), ["reopen"]);
        assert_eq!(code(closed.clone().win(day(1), now())), NOT_OPEN);
        assert_eq!(code(closed.clone().lose(why(), day(1), now())), NOT_OPEN);
        assert_eq!(code(closed.clone().advance(&p, id(2), false, now())), NOT_OPEN);
        assert_eq!(code(change(closed.clone(), OpportunityPatch::default())), NOT_OPEN);
        assert_eq!(code(closed.clone().with_lines(vec![], &p.stages[0], now())), NOT_OPEN);
        let open = closed.reopen(&p, now()).expect("reopened");
        assert_eq!(
            (open.status, open.probability_percent, open.closed_at, open.loss_reason.clone()),
            (OpportunityStatus::Open, Rate::from(10), None, None)
        );
        assert_eq!(code(open.reopen(&p, now())), NOT_CLOSED);
    }
}

#[test]
fn a_deal_closed_in_a_stage_archived_since_reopens_in_the_first() {
    let p = pipeline();
    let won = deal().advance(&p, id(3), false, now()).expect("moved").win(day(1), now()).expect("won");
    let p = p.change_stage(id(3), StagePatch { archived: Some(true), ..Default::default() }, 0, now()).expect("archived");
    assert_eq!(won.reopen(&p, now()).expect("reopened").stage_id, id(1));
}

#[test]
fn the_history_names_exactly_what_changed() {
    let o = deal();
    let first: Vec<_> = differences(None, &o).iter().map(|d| d.field).collect();
    use OpportunityField::*;
    assert_eq!(first, [Stage, Status, Amount, Currency, Probability, ForecastCategory]);
    let moved = o.clone().advance(&pipeline(), id(2), false, now()).expect("moved");
    let found = differences(Some(&o), &moved);
    assert_eq!(found.iter().map(|d| d.field).collect::<Vec<_>>(), [Stage, Probability]);
    assert_eq!((found[1].old.as_deref(), found[1].new.as_deref()), (Some("10"), Some("50")));
    assert!(differences(Some(&o), &o).is_empty());
}

/// PIPE-04 of the cases: lost deals weigh zero.
#[test]
fn weighted_amounts_are_those_of_the_published_case() {
    let weighted = |amount: &str, percent: i32| {
        Opportunity::weighted(amount.parse().expect("an amount"), Rate::from(percent), "EUR").expect("in range").to_string()
    };
    for (a, percent, w) in [
        ("12000", 10, "1200.00"),
        ("8000", 65, "5200.00"),
        ("15500.50", 80, "12400.40"),
        ("9999.99", 50, "5000.00"),
        ("4500", 65, "2925.00"),
    ] {
        assert_eq!(weighted(a, percent), w);
    }
}

proptest! {
    #[test]
    fn the_amount_from_lines_is_their_sum(cents in prop::collection::vec(1i64..100_000_000, 0..20)) {
        let lines: Vec<_> = cents.iter().map(|c| line(&Decimal::new(*c, 2).to_string())).collect();
        let o = build(new(), lines).expect("a deal");
        prop_assert_eq!(o.amount.get(), Decimal::new(cents.iter().sum(), 2));
        prop_assert!(o.weighted_amount <= o.amount);
    }
    #[test]
    fn no_walk_leaves_the_figures_inconsistent(steps in prop::collection::vec((0u8..6, 1u128..5), 0..25)) {
        let p = pipeline();
        let mut o = deal();
        for (what, stage) in steps {
            let next = match what {
                0 => o.clone().win(day(1), now()),
                1 => o.clone().lose(LoseOpportunity { reason: Some("x".into()), loss_reason_id: None, competitor: None, competitor_id: None }, day(1), now()),
                2 => o.clone().reopen(&p, now()),
                3 => change(o.clone(), OpportunityPatch { probability_percent: Some(Some(Rate::from(stage as i32 * 7))), ..Default::default() }),
                _ => o.clone().advance(&p, id(stage), false, now()),
            };
            if let Ok(next) = next { o = next; }
            match o.status {
                OpportunityStatus::Won => prop_assert!(o.probability_percent == Rate::from(100) && o.weighted_amount == o.amount),
                OpportunityStatus::Lost => prop_assert!(o.probability_percent.is_zero() && o.weighted_amount.is_zero()),
                OpportunityStatus::Open => prop_assert!(o.closed_at.is_none() && o.forecast_category != ForecastCategory::Closed),
            }
            prop_assert_eq!(o.weighted_amount, Opportunity::weighted(o.amount, o.probability_percent, "EUR").expect("in range"));
        }
    }
}

#[test]
fn a_lost_deal_says_why() {
    let why = LoseOpportunity { reason: None, loss_reason_id: Some(id(1)), competitor: None, competitor_id: None };
    assert_eq!(code(deal().lose(why, day(1), now())), NO_LOSS_REASON);
}

#[test]
fn a_quote_is_asked_for_where_the_stage_says_so() {
    let p = pipeline();
    let patch = StagePatch { required_fields: Some(vec![StageRequirement::Quote]), ..Default::default() };
    let p = p.change_stage(id(2), patch, 0, now()).expect("changed");
    assert_eq!(code(deal().advance(&p, id(2), false, now())), STAGE_REQUIREMENTS);
    assert_eq!(deal().advance(&p, id(2), true, now()).expect("quoted").stage_id, id(2));
    assert_eq!(code(build(NewOpportunity { stage_id: Some(id(2)), ..new() }, vec![])), STAGE_REQUIREMENTS);
}

#[test]
fn a_deal_stalls_once_until_something_is_done() {
    let (p, days) = (pipeline(), |n: i64| now() + TimeDelta::days(n));
    let o = deal();
    assert_eq!(o.stalls_at, Some(days(10)));
    assert_eq!(o.clone().stall(days(9)), None);
    let stalled = o.stall(days(10)).expect("stalled");
    assert_eq!((stalled.stalled_at, stalled.clone().stall(days(11))), (Some(days(10)), None));
    let stage = p.stage(id(1)).expect("a stage");
    let old = stalled.clone().touched(days(-1), stage);
    assert_eq!((old.stalled_at, old.stalls_at), (Some(days(10)), Some(days(10))), "what was done before the entry changes nothing");
    let touched = stalled.touched(days(11), stage);
    assert_eq!((touched.stalled_at, touched.stalls_at), (None, Some(days(21))));
    let moved = touched.clone().advance(&p, id(2), false, days(12)).expect("moved");
    assert_eq!(moved.stalls_at, Some(days(22)));
    let won = moved.win(day(1), days(13)).expect("won");
    assert_eq!((won.stalls_at, won.clone().touched(days(14), stage).stalls_at), (None, None));
}
