//! Files: what comes in goes out byte for byte, judged by its content and served as an attachment.

use crate::harness::*;

fn form(name: &str, file_name: &str, content: &[u8]) -> Vec<u8> {
    let head =
        format!("--sep\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: image/png\r\n\r\n");
    [head.as_bytes(), content, b"\r\n--sep--\r\n"].concat()
}

fn upload(s: &Server, name: &str, content: &[u8]) -> Answer {
    s.request("POST", "/v1/platform/files").bytes("multipart/form-data; boundary=sep", form("file", name, content)).send()
}

each_engine! { fn a_file_comes_back_byte_for_byte_as_an_attachment(s) {
    let content = b"%PDF-1.7 not much of a document \x00\xff";
    let made = upload(s, "../secret/Gr\u{f6}\u{df}e.pdf", content);
    let file = made.created();
    assert_eq!((&file["media_type"], &file["size"]), (&"application/pdf".into(), &content.len().into()));
    let place = made.header("location").unwrap().to_string();
    let out = s.get(&format!("{place}/content"));
    assert_eq!(out.expect(200).body, content);
    assert!(out.header("content-disposition").unwrap().starts_with("attachment"));
    assert_eq!(out.header("x-content-type-options"), Some("nosniff"));
    let tag = out.header("etag").unwrap().to_string();
    assert_eq!(s.request("GET", &format!("{place}/content")).header("if-none-match", &tag).send().status, 304);
    let part = s.request("GET", &format!("{place}/content")).header("range", "bytes=1-3").send();
    assert_eq!((part.status, &part.body[..], part.header("content-range")), (206, &b"PDF"[..], Some(&*format!("bytes 1-3/{}", content.len()))));
    s.request("GET", &format!("{place}/content")).header("range", "bytes=900-").send().problem(416, "range_not_satisfiable");
    s.delete(&place, 1).no_content();
    s.get(&format!("{place}/content")).problem(404, "not_found");
} }

each_engine! { fn a_key_belongs_to_the_name_of_the_file_too(s) {
    let upload = |name: &str| {
        s.request("POST", "/v1/platform/files").key("once").bytes("multipart/form-data; boundary=sep", form("file", name, b"the same")).send()
    };
    let first = upload("a.txt").created();
    assert_eq!(upload("a.txt").created(), first);
    upload("b.txt").problem(422, "idempotency_key_reused");
} }

each_engine! { fn a_form_that_is_wrong_is_refused(s) {
    upload(s, "a", b"").problem(422, "stored_file.empty");
    upload(s, "..", b"x").problem(422, "stored_file.bad_name");
    let send = |kind: &str, body: Vec<u8>| s.request("POST", "/v1/platform/files").bytes(kind, body).send();
    send("multipart/form-data; boundary=sep", form("other", "a", b"x")).problem(422, "unknown_field");
    send("multipart/form-data; boundary=sep", b"--sep--\r\n".to_vec()).problem(422, "invalid_body");
    send("multipart/form-data; boundary=sep", b"nonsense".to_vec()).problem(400, "malformed");
    send("application/json", b"{}".to_vec()).problem(415, "unsupported_media_type");
    send("multipart/form-data; boundary=sep", form("file", "a", &vec![b'x'; 11 << 20])).problem(413, "payload_too_large");
} }

each_engine! { fn a_file_is_seen_by_its_company_or_by_its_uploader(s) {
    use crate::fixtures::{id, user_with};
    use serde_json::json;
    let other = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
    let rights = ["platform.files.*", "platform.events.read"];
    let (ann, bob, eve) = (user_with(s, &rights, &[s.company_id()]), user_with(s, &rights, &[s.company_id()]), user_with(s, &rights, &[id(&other)]));
    let send = |c: &Client, query: &str| {
        c.request("POST", &format!("/v1/platform/files{query}")).bytes("multipart/form-data; boundary=sep", form("file", "a.txt", b"secret")).send()
    };
    let shared = send(&ann, &format!("?company_id={}", s.company_id())).created();
    let own = send(&ann, "").created();
    assert_eq!((&shared["company_id"], &own["company_id"]), (&s.company["id"], &json!(null)));
    send(&eve, &format!("?company_id={}", s.company_id())).problem(422, "invalid_query");
    let sees = |c: &Client| c.all("/v1/platform/files").iter().map(|f| f["id"].clone()).collect::<Vec<_>>();
    assert_eq!(sees(&ann), [shared["id"].clone(), own["id"].clone()]);
    assert_eq!(sees(&bob), [shared["id"].clone()]);
    assert!(sees(&eve).is_empty());
    for (who, file) in [(&eve, &shared), (&eve, &own), (&bob, &own)] {
        let path = format!("/v1/platform/files/{}", id(file));
        who.get(&path).problem(404, "not_found");
        who.get(&format!("{path}/content")).problem(404, "not_found");
        who.delete(&path, file).problem(404, "not_found");
        assert!(who.all(&format!("/v1/platform/events?subject={}", id(file))).is_empty());
    }
    bob.get(&format!("/v1/platform/files/{}/content", id(&shared))).expect(200);
    assert_eq!(s.all("/v1/platform/files").len(), 2);
} }
