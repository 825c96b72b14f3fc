//! Campaigns: from the draft to the last message, with a mail server that the test starts itself.

pub(crate) mod crash;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crm::common::{act, at, events, lead, with};
use crate::fixtures::{id, user_with, verified};
use crate::harness::{Client, LINKS, Server};
use crate::marketing::consent_confirmations::browse;
use crate::marketing::consents::consent;
use crate::marketing::segments::segment;
use crate::marketing::templates::template;

/// A party with an address, and consent to everything by e-mail.
pub fn reader(s: &Client, name: &str, more: Value) -> Value {
    let base = json!({"name": name, "tags": ["readers"], "allow_duplicate": true, "emails": [{"address": format!("{}@example.org", name.to_lowercase())}]});
    let party = s.post("/v1/directory/parties", with(base, more)).created();
    let grant =
        json!({"party_id": party["id"], "channel": "email", "status": "granted", "evidence": {"wording_version": "v1", "source": "form"}});
    s.post("/v1/marketing/consents", grant).created();
    party
}

/// Everybody with the tag of readers.
fn readers(s: &Server) -> Value {
    segment(s, json!({"field": "tag", "op": "equals", "value": "readers"}), json!({}))
}

/// A draft to all readers.
#[track_caller]
pub fn campaign(s: &Server, more: Value) -> Value {
    let variants = json!([{"name": "a", "template_id": template(s, json!({}))["id"], "share_percent": 100}]);
    let base = json!({"company_id": s.company_id(), "name": "Spring", "segment_id": readers(s)["id"], "variants": variants});
    s.post("/v1/marketing/campaigns", with(base, more)).created()
}

/// Waits for a campaign to be so.
#[track_caller]
pub fn until(s: &Client, campaign: &Value, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let now = s.get(&at("campaigns", campaign)).ok();
        if holds(&now) {
            return now;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never {what}: {now:#}\n{:#}", stats(s, campaign));
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[track_caller]
fn completed(s: &Server, campaign: &Value) -> Value {
    until(s, campaign, "completed", |c| c["status"] == "completed")
}

pub fn stats(s: &Client, campaign: &Value) -> Value {
    s.get(&format!("{}/stats", at("campaigns", campaign))).ok()
}

#[track_caller]
fn launched(s: &Server, campaign: &Value) -> Value {
    act(s, "campaigns", campaign, "launch", json!({}))
}

/// The one member of a campaign with this name.
#[track_caller]
fn member(s: &Server, campaign: &Value, name: &str) -> Value {
    let all = s.all(&format!("{}/members", at("campaigns", campaign)));
    all.iter().find(|m| m["name"] == name).cloned().unwrap_or_else(|| panic!("{name} is not among {all:#?}"))
}

/// Follows a link as its reader would, at the server of the test.
fn follow(s: &Server, method: &str, link: &str) -> crate::harness::Answer {
    let path = link.strip_prefix(LINKS).unwrap_or_else(|| panic!("{link} leads elsewhere")).to_string();
    let outside = s.anonymous();
    let request = outside.request(method, &path).header("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0");
    match method {
        "POST" => request.bytes("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").send(),
        _ => request.send(),
    }
}

each_engine! {
    fn who_may_get_it_gets_it_once_and_the_others_are_told_why(s, sink) {
        let ana = reader(s, "Ana", json!({}));
        let bare = |name: &str, more: Value| s.post("/v1/directory/parties", with(json!({"name": name, "tags": ["readers"], "allow_duplicate": true}), more)).created();
        bare("Bert", json!({"emails": [{"address": "bert@example.org"}]}));
        reader(s, "Carl", json!({}));
        s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "CARL@example.org"})).created();
        bare("Dora", json!({}));
        reader(s, "Emil", json!({"emails": [{"address": "Ana@Example.org"}]}));
        let frida = reader(s, "Frida", json!({}));
        s.at("2026-01-02T10:00:00Z");
        consent(s, json!({"party_id": frida["id"]}), json!({"status": "withdrawn"}));
        let c = campaign(s, json!({"from_name": "Ana of Acme", "reply_to": "answers@acme.example"}));
        assert_eq!(c["allowed_actions"], json!(["schedule", "launch", "cancel"]));
        let c = launched(s, &c);
        assert_eq!((&c["status"], &c["variants"][0]["template_revision"]), (&json!("running"), &json!(1)));
        let c = completed(s, &c);
        assert_eq!(sink.addresses(), ["ana@example.org"]);
        let reason = |name: &str| member(s, &c, name)["exclusion_reason"].clone();
        assert_eq!(["Bert", "Carl", "Dora", "Emil", "Frida"].map(reason), ["no_consent", "suppressed", "no_address", "duplicate_email", "no_consent"].map(Value::from));
        let counts = stats(s, &c)["counts"].clone();
        assert_eq!((&counts["audience"], &counts["excluded"], &counts["sent"], &counts["delivered"]), (&json!(6), &json!(5), &json!(1), &json!(1)));
        let excluded: Vec<(String, i64)> = stats(s, &c)["exclusions"].as_array().unwrap().iter().map(|e| (e["reason"].as_str().unwrap().into(), e["count"].as_i64().unwrap())).collect();
        assert_eq!(excluded, [("duplicate_email".into(), 1), ("no_address".into(), 1), ("no_consent".into(), 2), ("suppressed".into(), 1)]);
        let letter = sink.letter("ana@example.org");
        assert_eq!(letter.header("Subject").as_deref(), Some("News for Ana"));
        assert_eq!(letter.header("Reply-To").as_deref(), Some("answers@acme.example"));
        let from = letter.header("From").unwrap();
        assert!(from.contains("Ana of Acme") && from.contains("<news@acme.example>"), "{from}");
        assert_eq!(letter.header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
        let one_click = letter.header("List-Unsubscribe").unwrap();
        assert!(one_click.starts_with("<http://links.example/v1/marketing/links/unsubscribe?link=") && one_click.ends_with('>'), "{one_click}");
        assert!(letter.header("Message-ID").unwrap().starts_with(&format!("<{}@", id(&member(s, &c, "Ana")))));
        assert_eq!(member(s, &c, "Ana")["party_id"], ana["id"]);
        assert_eq!(events(s, &c), ["campaign.created", "campaign.launched", "campaign.audience_frozen", "campaign.audience_judged", "campaign.completed"]);
        let job = s.get(&format!("/v1/platform/jobs/{}", c["job_id"].as_str().unwrap())).ok();
        assert_eq!(job["kind"], "campaign_delivery");
        verified(s);
    }

    fn what_readers_do_is_counted_once_and_programs_are_no_readers(s, sink) {
        reader(s, "Ana", json!({}));
        let c = completed(s, &launched(s, &campaign(s, json!({}))));
        let letter = sink.letter("ana@example.org");
        let (seen, link) = (letter.link("http://links.example/v1/marketing/links/open").unwrap(), letter.link("http://links.example/v1/marketing/links/click").unwrap());
        // the moment it was sent: only programs are so fast
        assert_eq!(follow(s, "GET", &seen).expect(200).header("content-type"), Some("image/gif"));
        let counts = || stats(s, &c)["counts"].clone();
        assert_eq!((&counts()["opened"], &counts()["opened_by_programs_only"]), (&json!(0), &json!(1)));
        s.at("2026-01-02T12:00:00Z");
        for _ in 0..3 {
            follow(s, "GET", &seen).expect(200);
            let to = follow(s, "GET", &link);
            assert_eq!(to.expect(302).header("location"), Some("https://shop.example/new"));
        }
        let (counted, rates) = (counts(), stats(s, &c)["rates"].clone());
        assert_eq!((&counted["opened"], &counted["clicked"], &counted["opened_by_programs_only"]), (&json!(1), &json!(1), &json!(0)));
        assert_eq!((&rates["open_rate"], &rates["click_to_open_rate"]), (&json!("1"), &json!("1")));
        let m = member(s, &c, "Ana");
        assert_eq!((&m["status"], &m["open_count"], &m["click_count"], &m["bot_count"]), (&json!("clicked"), &json!(3), &json!(3), &json!(1)));
        // the first look and every step are touches of the campaign, those of programs are not
        let touches = s.all(&format!("/v1/marketing/touchpoints?campaign_id={}&party_id={}&sort=occurred_at", id(&c), m["party_id"].as_str().unwrap()));
        let mut kinds: Vec<_> = touches.iter().map(|t| (t["kind"].as_str().unwrap(), t["channel"].as_str().unwrap())).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [("email_click", "email"), ("email_click", "email"), ("email_click", "email"), ("email_open", "email")]);
        assert_eq!(touches.iter().filter(|t| t["landing_page"] == "https://shop.example/new").count(), 3);
        // a link leads where it was signed for, and nowhere else
        follow(s, "GET", &link.replace("shop.example", "evil.example")).problem(404, "link.invalid");
        follow(s, "GET", &seen.replace("/open?", "/click?url=https%3A%2F%2Fevil.example&")).problem(404, "link.invalid");
        follow(s, "GET", &format!("{LINKS}/v1/marketing/links/open?link={}", "A".repeat(60))).problem(404, "link.invalid");
    }

    /// A mail server that takes 50 ms for each message gets 200 a second only over several connections at once, kept open.
    fn many_messages_are_on_their_way_at_once_over_connections_that_stay(s, sink) {
        for n in 0..128 {
            reader(s, &format!("Reader{n}"), json!({}));
        }
        sink.slow(Duration::from_millis(50));
        let began = Instant::now();
        let c = completed(s, &launched(s, &campaign(s, json!({}))));
        let took = began.elapsed();
        let (connections, most) = sink.traffic();
        eprintln!("128 messages in {took:?} over {connections} connections, {most} at once");
        assert_eq!(sink.addresses().len(), 128);
        assert!((10..=25).contains(&most), "{most} at once");
        assert!(connections < 60, "{connections} connections for 128 messages");
        let told = s.all("/v1/platform/audit-log?kind=message.sent&limit=200");
        assert_eq!(told.len(), 128);
        assert_eq!(told[0]["data"]["campaign_id"], c["id"]);
    }

    fn one_click_unsubscribes_without_an_account_and_again_changes_nothing(s, sink) {
        let ana = reader(s, "Ana", json!({}));
        let c = completed(s, &launched(s, &campaign(s, json!({"topic": "spring"}))));
        let letter = sink.letter("ana@example.org");
        let link = letter.header("List-Unsubscribe").unwrap().trim_matches(['<', '>']).to_string();
        assert_eq!(letter.link("http://links.example/v1/marketing/links/unsubscribe").as_deref(), Some(&*link));
        s.at("2026-01-02T12:00:00Z");
        let shown = follow(s, "GET", &link).ok();
        assert_eq!(shown, json!({"address": "a…@example.org", "company": "Acme Trading", "topic": "spring", "subscribed": true, "language": null}));
        for _ in 0..3 {
            assert_eq!(follow(s, "POST", &link).ok()["subscribed"], false);
        }
        assert_eq!(follow(s, "GET", &link).ok()["subscribed"], false);
        let said = s.all(&format!("/v1/marketing/consents?party_id={}&status=withdrawn", id(&ana)));
        assert_eq!((said.len(), &said[0]["topic"]), (1, &json!("spring")));
        assert!(said[0]["evidence"]["ip_address"].is_string() && said[0]["evidence"]["source"].as_str().unwrap().contains(id(&c)));
        assert_eq!(member(s, &c, "Ana")["status"], "unsubscribed");
        // of this topic she gets nothing more, of others she does; and then nothing at all
        let again = |more: Value| completed(s, &launched(s, &campaign(s, more)));
        assert_eq!(member(s, &again(json!({"topic": "spring"})), "Ana")["exclusion_reason"], "no_consent");
        assert_eq!(member(s, &again(json!({"topic": "autumn"})), "Ana")["status"], "sent");
        assert_eq!(follow(s, "POST", &format!("{link}&everything=true")).ok()["topic"], json!(null));
        assert_eq!(member(s, &again(json!({"topic": "autumn"})), "Ana")["exclusion_reason"], "no_consent");
        assert_eq!(sink.letters().len(), 2);
        follow(s, "POST", &format!("{LINKS}/v1/marketing/links/unsubscribe?link={}", "A".repeat(60))).problem(404, "link.invalid");
    }

    fn who_unsubscribes_before_the_turn_comes_gets_nothing(s, sink) {
        let ana = reader(s, "Ana", json!({"addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "DE"}}]}));
        s.at("2026-01-02T20:30:00Z");
        let c = launched(s, &campaign(s, json!({"quiet_hours": {"from": "20:00", "until": "08:00"}})));
        let c = until(s, &c, "ready", |c| !c["ready_at"].is_null());
        assert_eq!(member(s, &c, "Ana")["due_at"], "2026-01-03T07:00:00Z");
        consent(s, json!({"party_id": ana["id"]}), json!({"status": "withdrawn"}));
        s.at("2026-01-03T07:00:00Z");
        let c = completed(s, &c);
        assert_eq!(member(s, &c, "Ana")["exclusion_reason"], "no_consent");
        assert!(sink.letters().is_empty());
    }

    fn a_no_of_who_stayed_holds_for_a_letter_that_waits(s, sink) {
        let at_home = json!({"addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "DE"}}]});
        let (ana, ben) = (reader(s, "Ana", json!({"tags": []})), reader(s, "Ben", at_home));
        s.at("2026-01-02T10:00:00Z");
        consent(s, json!({"party_id": ana["id"]}), json!({"status": "withdrawn"}));
        s.at("2026-01-02T20:30:00Z");
        let c = launched(s, &campaign(s, json!({"quiet_hours": {"from": "20:00", "until": "08:00"}})));
        let c = until(s, &c, "ready", |c| !c["ready_at"].is_null());
        assert_eq!(member(s, &c, "Ben")["due_at"], "2026-01-03T07:00:00Z");
        let path = format!("/v1/directory/parties/{}", id(&ana));
        s.act(&format!("{path}/merge"), &s.get(&path).ok(), json!({"source_id": ben["id"]})).ok();
        s.at("2026-01-03T07:00:00Z");
        let c = completed(s, &c);
        assert_eq!(member(s, &c, "Ben")["exclusion_reason"], "no_consent");
        assert!(sink.letters().is_empty());
    }

    fn nobody_is_written_to_in_the_own_night(s, sink) {
        let address = |country: &str| json!({"addresses": [{"purpose": "billing", "address": {"line1": "x", "country": country}}]});
        reader(s, "Berliner", address("DE"));
        reader(s, "Tokyoter", address("JP"));
        reader(s, "Known", json!({"metadata": {"time_zone": "Asia/Tokyo"}}));
        let c = launched(s, &campaign(s, json!({"quiet_hours": {"from": "18:00", "until": "09:00"}})));
        sink.wait_for(1);
        let c = until(s, &c, "ready", |c| !c["ready_at"].is_null());
        let due = |name: &str| member(s, &c, name)["due_at"].clone();
        assert_eq!((due("Tokyoter"), due("Known")), (json!("2026-01-03T00:00:00Z"), json!("2026-01-03T00:00:00Z")));
        assert_eq!(sink.addresses(), ["berliner@example.org"]);
        s.at("2026-01-03T00:00:00Z");
        completed(s, &c);
        assert_eq!(sink.addresses(), ["berliner@example.org", "known@example.org", "tokyoter@example.org"]);
    }

    fn an_address_gets_no_more_than_its_share(s, sink) {
        reader(s, "Ana", json!({}));
        let cap = json!({"frequency_cap": {"messages": 1, "days": 7}});
        completed(s, &launched(s, &campaign(s, cap.clone())));
        let second = completed(s, &launched(s, &campaign(s, cap.clone())));
        assert_eq!(member(s, &second, "Ana")["exclusion_reason"], "frequency_cap");
        s.at("2026-01-10T09:00:00Z");
        let third = completed(s, &launched(s, &campaign(s, cap)));
        assert_eq!((&member(s, &third, "Ana")["status"], sink.letters().len()), (&json!("sent"), 2));
    }

    fn a_cap_holds_over_campaigns_that_are_launched_together_on_two_replicas(s, sink) {
        let names: Vec<String> = (0..40).map(|i| format!("Reader{i:02}")).collect();
        names.iter().for_each(|n| drop(reader(s, n, json!({}))));
        let cap = json!({"frequency_cap": {"messages": 1, "days": 1}});
        let drafts = [campaign(s, cap.clone()), campaign(s, with(cap, json!({"name": "Second"})))];
        let other = (s.engine == crate::harness::Engine::Postgres).then(|| s.replica());
        let clients = match &other {
            Some(replica) => [(**s).clone(), (**replica).clone()],
            None => [(**s).clone(), (**s).clone()],
        };
        std::thread::scope(|scope| {
            for (client, draft) in clients.iter().zip(&drafts) {
                scope.spawn(move || {
                    client.act(&format!("{}/launch", at("campaigns", draft)), draft, json!({})).ok();
                });
            }
        });
        drafts.iter().for_each(|c| drop(completed(s, c)));
        let mut got = sink.addresses();
        let all = got.len();
        got.dedup();
        assert_eq!((all, got.len()), (40, 40), "one message each");
    }

    fn a_person_sleeps_where_the_person_is_and_not_where_the_firm_is(s, sink) {
        let firm = s.post("/v1/directory/parties", json!({"name": "Tokyo KK", "addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "JP"}}]})).created();
        let person = |last: &str, more: Value| {
            let base = json!({"last_name": last, "tags": ["readers"], "emails": [{"address": format!("{}@example.org", last.to_lowercase())}]});
            let contact = s.post("/v1/directory/contacts", with(base, more)).created();
            s.post("/v1/directory/relationships", json!({"contact_id": contact["id"], "party_id": firm["id"]})).created();
            consent(s, json!({"contact_id": contact["id"]}), json!({}));
        };
        person("Atfirm", json!({}));
        person("Berliner", json!({"address": {"line1": "x", "country": "DE"}}));
        person("Known", json!({"metadata": {"time_zone": "Europe/Berlin"}}));
        let people = segment(s, json!({"field": "tag", "op": "equals", "value": "readers"}), json!({"audience": "contacts"}));
        let c = launched(s, &campaign(s, json!({"segment_id": people["id"], "quiet_hours": {"from": "18:00", "until": "09:00"}})));
        sink.wait_for(2);
        let c = until(s, &c, "ready", |c| !c["ready_at"].is_null());
        assert_eq!(member(s, &c, "Atfirm")["due_at"], "2026-01-03T00:00:00Z");
        assert_eq!(sink.addresses(), ["berliner@example.org", "known@example.org"]);
    }

    fn a_no_holds_for_the_mailbox_and_a_page_takes_it(s, sink) {
        let ana = reader(s, "Ana", json!({}));
        let contact = s.post("/v1/directory/contacts", json!({"last_name": "Trujillo", "language": "de", "emails": [{"address": "ANA@example.org"}]})).created();
        let lead = lead(s, json!({"email": "Ana@example.org"}));
        for about in [json!({"contact_id": contact["id"]}), json!({"lead_id": lead["id"]})] {
            consent(s, about, json!({"topic": "spring"}));
        }
        completed(s, &launched(s, &campaign(s, json!({"topic": "spring"}))));
        let link = sink.letter("ana@example.org").header("List-Unsubscribe").unwrap().trim_matches(['<', '>']).to_string();
        s.at("2026-01-02T12:00:00Z");
        let page = browse(s, "GET", &link, "fr-CH, en;q=0.5", "");
        assert_eq!(page.expect(200).header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
        let text = page.text();
        assert!(text.contains("<html lang=\"fr\">") && text.contains("<form method=\"post\"") && text.contains("<button") && !text.contains("<script"), "{text}");
        assert_eq!(follow(s, "GET", &link).ok()["subscribed"], true, "looking is not unsubscribing");
        let done = browse(s, "POST", &link, "en", "");
        assert!(done.expect(200).text().contains("You are unsubscribed"), "{}", done.text());
        let broken = browse(s, "GET", &format!("{LINKS}/v1/marketing/links/unsubscribe?link={}", "A".repeat(60)), "", "");
        assert!(broken.expect(404).text().contains("not valid"));
        let subjects = json!([{"party_id": ana["id"]}, {"contact_id": contact["id"]}, {"lead_id": lead["id"]}]);
        let answer = |s: &Server| s.post("/v1/marketing/consents/check", json!({"channel": "email", "topic": "spring", "subjects": subjects})).ok();
        let reasons: Vec<String> = answer(s)["results"].as_array().unwrap().iter().map(|r| r["reason"].as_str().unwrap().to_string()).collect();
        assert_eq!(reasons, ["withdrawn", "withdrawn", "withdrawn"]);
        // whoever has the mailbox can say yes again
        s.at("2026-01-02T13:00:00Z");
        consent(s, json!({"contact_id": contact["id"]}), json!({"topic": "spring"}));
        assert_eq!(answer(s)["results"][2]["allowed"], true);
        verified(s);
    }

    fn what_the_mail_server_says_is_kept_and_dead_mailboxes_are_suppressed(s, sink) {
        for name in ["Nobody", "Policy", "Later", "Broken", "Ana"] {
            reader(s, name, json!({}));
        }
        let c = launched(s, &campaign(s, json!({})));
        let settled = until(s, &c, "settled", |_| {
            let all = s.all(&format!("{}/members", at("campaigns", &c)));
            all.len() == 5 && all.iter().all(|m| m["status"] != "pending" && m["status"] != "sending" && (m["status"] != "queued" || !m["note"].is_null()))
        });
        let status = |name: &str| member(s, &settled, name)["status"].clone();
        assert_eq!(["Nobody", "Policy", "Later", "Broken", "Ana"].map(status), ["bounced", "failed", "queued", "unknown", "sent"].map(Value::from));
        let suppressed = s.all("/v1/marketing/suppressions");
        assert_eq!(suppressed.iter().map(|r| (r["address"].clone(), r["reason"].clone())).collect::<Vec<_>>(), [(json!("nobody@example.org"), json!("hard_bounce"))]);
        // what is to be tried later is tried later and given up at last; what is unknown is never tried again
        for minute in 1..=5 {
            s.at(&format!("2026-01-02T09:{:02}:00Z", minute * 6));
            let note = until(s, &settled, "tried again", |_| {
                let m = member(s, &settled, "Later");
                m["status"] == "failed" || m["due_at"].as_str().unwrap() > &*format!("2026-01-02T09:{:02}:00Z", minute * 6)
            });
            assert!(note["id"].is_string());
        }
        assert_eq!(status("Later"), "failed");
        completed(s, &settled);
        assert_eq!(sink.addresses(), ["ana@example.org", "broken@example.org"]);
        let counts = stats(s, &settled)["counts"].clone();
        assert_eq!((&counts["sent"], &counts["bounced"], &counts["failed"], &counts["unknown"]), (&json!(2), &json!(1), &json!(2), &json!(1)));
    }

    fn the_world_reports_and_complaints_suppress(s, sink) {
        reader(s, "Ana", json!({}));
        reader(s, "Bert", json!({}));
        let c = completed(s, &launched(s, &campaign(s, json!({}))));
        assert_eq!(sink.letters().len(), 2);
        let (ana, bert) = (member(s, &c, "Ana"), member(s, &c, "Bert"));
        let reports = json!({"reports": [
            {"member_id": ana["id"], "kind": "delivered"}, {"member_id": ana["id"], "kind": "converted"},
            {"member_id": bert["id"], "kind": "complaint", "note": "fbl"},
        ]});
        assert_eq!(s.post("/v1/marketing/campaigns/reports", reports.clone()).ok(), json!({"changed": 3, "suppressed": 1}));
        assert_eq!(s.post("/v1/marketing/campaigns/reports", reports).ok(), json!({"changed": 0, "suppressed": 0}));
        assert_eq!((&member(s, &c, "Ana")["status"], &member(s, &c, "Bert")["status"]), (&json!("converted"), &json!("complained")));
        assert_eq!(s.all("/v1/marketing/suppressions?reason=complaint")[0]["address"], "bert@example.org");
        let unknown = json!({"reports": [{"member_id": "cmm_00000000000000000000000000", "kind": "delivered"}]});
        assert_eq!(s.post("/v1/marketing/campaigns/reports", unknown).problem(422, "campaign.unknown_message")["errors"][0]["pointer"], "/reports/0/member_id");
        let rates = stats(s, &c)["rates"].clone();
        assert_eq!((&rates["conversion_rate"], &rates["complaint_rate"]), (&json!("0.5"), &json!("0.5")));
    }

    fn a_campaign_is_paused_resumed_and_ended(s, sink) {
        // slow enough that a batch, which goes over many connections at once, is not all there is
        sink.slow(Duration::from_millis(400));
        let names: Vec<String> = (0..80).map(|i| format!("Reader{i:02}")).collect();
        s.spread(4, &names, |name, c| reader(c, name, json!({})));
        let c = launched(s, &campaign(s, json!({})));
        sink.wait_for(5);
        let now = until(s, &c, "ready", |c| !c["ready_at"].is_null());
        let paused = act(s, "campaigns", &now, "pause", json!({}));
        assert_eq!(paused["allowed_actions"], json!(["resume", "complete", "cancel"]));
        until(s, &paused, "at rest", |_| stats(s, &c)["counts"]["sending"] == 0);
        let before = sink.letters().len();
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!(sink.letters().len(), before);
        assert!(before < 80, "all were sent before the pause");
        let resumed = act(s, "campaigns", &paused, "resume", json!({}));
        assert_eq!(resumed["status"], "running");
        sink.wait_for(before + 5);
        let now = s.get(&at("campaigns", &c)).ok();
        let ended = act(s, "campaigns", &now, "complete", json!({}));
        assert_eq!((&ended["status"], &ended["allowed_actions"]), (&json!("completed"), &json!([])));
        until(s, &ended, "at rest", |_| stats(s, &c)["counts"]["sending"] == 0);
        let counts = stats(s, &c)["counts"].clone();
        assert_eq!(counts["sent"].as_i64().unwrap() + counts["dropped"].as_i64().unwrap(), 80);
        assert_eq!(counts["sent"], sink.letters().len());
        s.act(&format!("{}/cancel", at("campaigns", &ended)), &ended, json!({})).problem(409, "invalid_state");
    }

    fn a_scheduled_campaign_is_launched_by_the_clock(s, sink) {
        reader(s, "Ana", json!({}));
        let c = campaign(s, json!({}));
        let path = format!("{}/schedule", at("campaigns", &c));
        s.act(&path, &c, json!({"scheduled_at": "2026-01-02T09:00:00Z"})).problem(422, "campaign.in_the_past");
        let c = act(s, "campaigns", &c, "schedule", json!({"scheduled_at": "2026-01-02T18:00:00Z"}));
        let c = act(s, "campaigns", &c, "unschedule", json!({}));
        let c = act(s, "campaigns", &c, "schedule", json!({"scheduled_at": "2026-01-02T18:00:00Z"}));
        s.patch(&at("campaigns", &c), &c, json!({"name": "x"})).problem(409, "campaign.not_a_draft");
        s.delete(&at("campaigns", &c), &c).problem(409, "campaign.not_a_draft");
        assert!(sink.letters().is_empty());
        s.at("2026-01-02T18:00:00Z");
        assert_eq!(completed(s, &c)["launched_at"], "2026-01-02T18:00:00Z");
        assert_eq!(sink.addresses(), ["ana@example.org"]);
    }

    fn a_scheduled_campaign_that_cannot_be_launched_is_a_draft_again(s, sink) {
        let c = campaign(s, json!({}));
        let c = act(s, "campaigns", &c, "schedule", json!({"scheduled_at": "2026-01-02T18:00:00Z"}));
        let t = s.get(&at("templates", &json!({"id": c["variants"][0]["template_id"]}))).ok();
        act(s, "templates", &t, "archive", json!({}));
        s.at("2026-01-02T18:00:00Z");
        until(s, &c, "a draft", |c| c["status"] == "draft");
        assert!(sink.letters().is_empty() && events(s, &c).contains(&"campaign.launch_failed".to_string()));
    }

    fn messages_that_could_not_be_sent_are_refused_before_the_launch(s, sink) {
        let of = |content: Value| {
            let t = template(s, content);
            let c = campaign(s, json!({"variants": [{"name": "a", "template_id": t["id"], "share_percent": 100}]}));
            (t, format!("{}/launch", at("campaigns", &c)), c)
        };
        let (_, path, c) = of(json!({"html": "<p>Buy</p>"}));
        s.act(&path, &c, json!({})).problem(422, "campaign.no_unsubscribe_link");
        let (_, path, c) = of(json!({"text": null, "html": "{{ unsubscribe_url }} {{ discount }}"}));
        s.act(&path, &c, json!({})).problem(422, "template.missing_variable");
        let c = s.patch(&at("campaigns", &c), &c, json!({"variables": {"discount": "10 %"}})).ok();
        s.request("POST", &format!("{path}?dry_run=true")).if_match(&c).send().ok();
        let (t, path, c) = of(json!({}));
        act(s, "templates", &t, "archive", json!({}));
        s.act(&path, &c, json!({})).problem(409, "campaign.template_archived");
        s.delete(&at("templates", &t), &s.get(&at("templates", &t)).ok()).problem(409, "in_use");
        assert!(sink.letters().is_empty());
    }

    fn a_reader_for_whom_a_variable_is_missing_fails_alone(s, sink) {
        reader(s, "Ana", json!({"addresses": [{"purpose": "billing", "address": {"line1": "x", "country": "DE"}}]}));
        reader(s, "Bert", json!({}));
        let t = template(s, json!({"text": null, "html": "{{ recipient.country }} {{ unsubscribe_url }}"}));
        let c = campaign(s, json!({"variants": [{"name": "a", "template_id": t["id"], "share_percent": 100}]}));
        let c = completed(s, &launched(s, &c));
        assert_eq!(sink.addresses(), ["ana@example.org"]);
        let bert = member(s, &c, "Bert");
        assert!(bert["status"] == "failed" && bert["note"].as_str().unwrap().contains("template.missing_variable"), "{bert}");
    }

    fn a_value_cannot_become_a_header(s, sink) {
        let l = lead(s, json!({"last_name": "Eve", "first_name": "x", "email": "eve@example.org"}));
        s.post("/v1/marketing/consents", json!({"lead_id": l["id"], "channel": "email", "status": "granted", "evidence": {"wording_version": "v1", "source": "form"}})).created();
        let seg = segment(s, json!({"field": "has_email", "op": "equals", "value": true}), json!({"audience": "leads"}));
        let c = campaign(s, json!({"segment_id": seg["id"], "variables": {"x": "a\r\nBcc: victim@example.org"}}));
        s.patch(&at("campaigns", &c), &c, json!({"from_name": "A\r\nBcc: victim@example.org"})).problem(422, "invalid_body");
        completed(s, &launched(s, &c));
        let letter = sink.letter("eve@example.org");
        assert!(letter.header("Bcc").is_none() && letter.header("From").unwrap().ends_with("<news@acme.example>"), "{}", letter.text);
        let t = template(s, json!({"subject": "{{ x }}"}));
        let c = campaign(s, json!({"segment_id": seg["id"], "variables": {"x": "a\r\nBcc: victim@example.org"}, "variants": [{"name": "a", "template_id": t["id"], "share_percent": 100}]}));
        s.act(&format!("{}/launch", at("campaigns", &c)), &c, json!({})).problem(422, "template.subject_not_one_line");
    }

    fn variants_are_drawn_by_lot_and_compared(s, sink) {
        let names: Vec<String> = (0..60).map(|i| format!("Reader{i:02}")).collect();
        s.spread(4, &names, |name, c| reader(c, name, json!({})));
        let of = |name: &str, subject: &str| json!({"name": name, "template_id": template(s, json!({ "subject": subject }))["id"], "share_percent": 50});
        let c = campaign(s, json!({"variants": [of("a", "First"), of("b", "Second")]}));
        let c = completed(s, &launched(s, &c));
        let drawn = |subject: &str| sink.letters().iter().filter(|l| l.header("Subject").as_deref() == Some(subject)).count();
        let (a, b) = (drawn("First"), drawn("Second"));
        assert!(a + b == 60 && a > 5 && b > 5, "{a} and {b}");
        let found = stats(s, &c);
        assert_eq!((&found["variants"][0]["counts"]["sent"], &found["variants"][1]["counts"]["sent"]), (&json!(a), &json!(b)));
        let rates: Vec<_> = found["comparisons"].as_array().unwrap().iter().map(|c| (c["rate"].clone(), c["significant"].clone())).collect();
        assert_eq!(rates, [(json!("open_rate"), json!(false)), (json!("click_through_rate"), json!(false))]);
    }
}

/// Many readers at once, who agreed to nothing; their ids.
pub fn crowd(s: &Client, parties: usize) -> Vec<String> {
    let party = |i: usize| json!({"name": format!("P{i:05}"), "tags": ["readers"], "allow_duplicate": true, "emails": [{"address": format!("p{i:05}@example.org")}]});
    let all: Vec<Value> = (0..parties).map(party).collect();
    let make = |items: &[Value]| s.post("/v1/directory/parties/bulk", json!({"mode": "atomic", "items": items})).ok()["items"].clone();
    let made: Vec<Value> = all.chunks(500).map(make).collect();
    made.iter().flat_map(|m| m.as_array().unwrap()).map(|i| i["id"].as_str().unwrap().to_string()).collect()
}

each_engine! {
    fn a_large_audience_is_frozen_in_parts_as_it_was_at_one_moment(s, sink) {
        let first = reader(s, "Ana", json!({}));
        crowd(s, 1_200);
        // the same mailbox in the first part and in the last
        let last = reader(s, "Zoe", json!({"emails": [{"address": "ANA@example.org"}]}));
        let c = completed(s, &launched(s, &campaign(s, json!({"quiet_hours": {"from": "22:00", "until": "06:00"}}))));
        assert_eq!((&c["audience_count"], &c["audience_at"]), (&json!(1_202), &json!("2026-01-02T09:00:00Z")));
        let counts = stats(s, &c)["counts"].clone();
        assert_eq!((&counts["audience"], &counts["excluded"], &counts["sent"]), (&json!(1_202), &json!(1_201), &json!(1)));
        let of = |party: &Value| s.all(&format!("{}/members?party_id={}", at("campaigns", &c), id(party)))[0].clone();
        assert_eq!((&of(&first)["status"], &of(&last)["exclusion_reason"]), (&json!("sent"), &json!("duplicate_email")));
        assert_eq!(sink.addresses(), ["ana@example.org"]);
        let job = &s.all("/v1/platform/jobs?kind=campaign_launch")[0];
        assert_eq!((&job["status"], &job["progress"], &job["result"]), (&json!("succeeded"), &json!({"done": 3_606, "total": 3_606}), &json!({"audience": 1_202, "queued": 1})));
    }

    fn a_campaign_that_is_cancelled_drops_everybody_at_once_or_by_a_job(s, sink) {
        let grant = |p: &String| json!({"party_id": p, "channel": "email", "status": "granted", "evidence": {"wording_version": "v1", "source": "form"}});
        let grants: Vec<Value> = crowd(s, 1_200).iter().map(grant).collect();
        for items in grants.chunks(500) {
            s.post("/v1/marketing/consents/bulk", json!({"mode": "atomic", "items": items})).ok();
        }
        s.at("2026-01-02T23:00:00Z");
        let c = launched(s, &campaign(s, json!({"quiet_hours": {"from": "20:00", "until": "08:00"}})));
        let c = until(s, &c, "ready", |c| !c["ready_at"].is_null());
        let cancelled = act(s, "campaigns", &c, "cancel", json!({}));
        until(s, &cancelled, "dropped", |_| stats(s, &c)["counts"]["dropped"] == 1_200);
        assert_eq!(s.all("/v1/platform/jobs?kind=campaign_ending").len(), 1);
        assert!(sink.letters().is_empty());
        // one that is cancelled while its audience is frozen has what was frozen by then, and nobody is written to
        let c = launched(s, &campaign(s, json!({})));
        let answer = s.act(&format!("{}/cancel", at("campaigns", &c)), &c, json!({}));
        if answer.status == 412 {
            act(s, "campaigns", &s.get(&at("campaigns", &c)).ok(), "cancel", json!({}));
        }
        let at_rest = |_: &Value| s.all("/v1/platform/jobs?status=queued").is_empty() && s.all("/v1/platform/jobs?status=running").is_empty();
        until(s, &c, "at rest", at_rest);
        let counts = stats(s, &c)["counts"].clone();
        assert_eq!((&counts["queued"], &counts["sending"], s.get(&at("campaigns", &c)).ok()["status"].clone()), (&json!(0), &json!(0), json!("cancelled")));
    }
}

each_engine! {
    fn without_a_mail_server_nothing_is_launched(s) {
        let c = campaign(s, json!({}));
        s.act(&format!("{}/launch", at("campaigns", &c)), &c, json!({})).problem(409, "campaign.no_mail_server");
        s.act(&format!("{}/schedule", at("campaigns", &c)), &c, json!({"scheduled_at": "2026-03-01T09:00:00Z"})).problem(409, "campaign.no_mail_server");
        let c = act(s, "campaigns", &c, "cancel", json!({}));
        assert_eq!(c["status"], "cancelled");
        s.act(&format!("{}/launch", at("campaigns", &c)), &c, json!({})).problem(409, "invalid_state");
    }

    fn a_draft_that_contradicts_itself_is_refused(s) {
        let t = template(s, json!({}));
        let new = |more: Value| {
            let base = json!({"company_id": s.company_id(), "name": "x", "segment_id": readers(s)["id"], "variants": [{"name": "a", "template_id": t["id"], "share_percent": 100}]});
            s.post("/v1/marketing/campaigns", with(base, more))
        };
        let v = |name: &str, share: i32| json!({"name": name, "template_id": t["id"], "share_percent": share});
        new(json!({"variants": [v("a", 60), v("b", 50)]})).problem(422, "campaign.wrong_shares");
        new(json!({"variants": [v("a", 50), v("a", 50)]})).problem(422, "campaign.same_variant");
        new(json!({"quiet_hours": {"from": "08:00", "until": "08:00"}})).problem(422, "campaign.wrong_quiet_hours");
        new(json!({"variables": {"recipient": "x"}})).problem(422, "campaign.reserved_value");
        new(json!({"reply_to": "nobody"})).problem(422, "email.invalid");
        let other = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let foreign = template(s, json!({"company_id": other["id"]}));
        new(json!({"variants": [{"name": "a", "template_id": foreign["id"], "share_percent": 100}]})).problem(422, "campaign.other_company");
        let foreign = segment(s, json!({"field": "name", "op": "equals", "value": "x"}), json!({"company_id": other["id"]}));
        new(json!({"segment_id": foreign["id"]})).problem(422, "campaign.other_company");
        let c = new(json!({})).created();
        let c = s.patch(&at("campaigns", &c), &c, json!({"name": "y", "topic": "news", "quiet_hours": null})).ok();
        assert_eq!((&c["name"], &c["topic"], &c["version"]), (&json!("y"), &json!("news"), &json!(2)));
        s.delete(&at("campaigns", &c), &c).no_content();
        s.get(&at("campaigns", &c)).problem(404, "not_found");
    }

    fn campaigns_of_other_companies_do_not_exist(s) {
        let c = campaign(s, json!({}));
        let stranger = user_with(s, &["marketing.*"], &[]);
        for path in ["", "/members", "/stats"] {
            stranger.get(&format!("{}{path}", at("campaigns", &c))).problem(404, "not_found");
        }
        assert!(stranger.all("/v1/marketing/campaigns").is_empty());
        assert_eq!(s.all("/v1/marketing/campaigns?q=SPRING&status=draft").len(), 1);
    }
}
