//! Settings: defaults, files, and what cannot be meant.

use super::*;

fn from(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_source(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
}

#[test]
fn without_variables_the_defaults_hold() {
    let c = from(&[]).expect("defaults");
    assert_eq!((c.bind.as_str(), c.database.as_str()), ("127.0.0.1:8080", "sqlite:tandem.db"));
    assert!(c.cors_origins.is_empty() && c.admin_password.is_none() && !c.behind_tls());
}

#[test]
fn a_secret_comes_from_a_file_and_is_never_shown() {
    let path = std::env::temp_dir().join(format!("tandem-secret-{}", std::process::id()));
    std::fs::write(&path, "correct horse\n").expect("a file");
    let c = from(&[("TANDEM_ADMIN_PASSWORD_FILE", path.to_str().expect("a path"))]).expect("a configuration");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(c.admin_password.as_ref().map(Secret::reveal), Some("correct horse"));
    assert_eq!(contents("\u{feff}correct horse\r\n"), "correct horse");
    assert_eq!(contents(" correct horse "), " correct horse ", "spaces may be meant");
    assert!(!format!("{c:?}").contains("horse"));
    assert!(from(&[("TANDEM_BIND", "a"), ("TANDEM_BIND_FILE", "b")]).is_err());
}

#[test]
fn only_exact_origins_are_taken() {
    for bad in ["*", "https://*.example.com", "example.com", "https://a.example/path"] {
        assert!(from(&[("TANDEM_CORS_ORIGINS", bad)]).is_err(), "{bad}");
    }
    let c = from(&[("TANDEM_CORS_ORIGINS", "https://a.example, http://localhost:5173")]).expect("origins");
    assert_eq!(c.cors_origins.len(), 2);
}

#[test]
fn the_sizes_of_the_pools_are_settings() {
    let c = from(&[("TANDEM_SQLITE_READERS", "7"), ("TANDEM_POSTGRES_CONNECTIONS", "40")]).expect("sizes");
    assert_eq!((c.sqlite_readers, c.postgres_connections), (7, 40));
    for (name, bad) in [("TANDEM_SQLITE_READERS", "0"), ("TANDEM_POSTGRES_CONNECTIONS", "1")] {
        assert!(from(&[(name, bad)]).expect_err(name).to_string().contains(name));
    }
}

#[test]
fn what_cannot_be_meant_is_refused_and_shown() {
    for (name, bad) in [
        ("TANDEM_PUBLIC_URL", "erp.example.com"),
        ("TANDEM_PUBLIC_URL", "https://?"),
        ("TANDEM_REQUEST_SECONDS", "0"),
        ("TANDEM_REPORT_SECONDS", "1e9"),
        ("TANDEM_LOG", "info=debug=trace"),
        ("TANDEM_THREADS", "many"),
    ] {
        let e = from(&[(name, bad)]).expect_err(name).to_string();
        assert!(e.contains(name) && e.contains(bad), "{e}");
    }
    let c = from(&[("TANDEM_PUBLIC_URL", "https://erp.example.com/"), ("TANDEM_REQUEST_SECONDS", "3")]).expect("good values");
    assert_eq!((c.public_url.as_deref(), c.limits.request), (Some("https://erp.example.com"), Duration::from_secs(3)));
}

#[test]
fn a_mail_server_needs_a_sender_and_an_address_for_links() {
    let smtp = ("TANDEM_SMTP_URL", "smtp://u:secret@mail.example");
    assert!(from(&[smtp]).is_err() && from(&[smtp, ("TANDEM_MAIL_FROM", "a@example.com")]).is_err());
    let c = from(&[smtp, ("TANDEM_MAIL_FROM", "a@example.com"), ("TANDEM_PUBLIC_URL", "https://a.example")]).expect("complete");
    assert!(c.smtp_url.is_some() && !format!("{c:?}").contains("secret"));
}

#[test]
fn a_misspelt_setting_is_noticed() {
    let found = |name: &str| misspelt(std::iter::once(name.to_string())).pop();
    assert_eq!(found("TANDEM_BNID"), Some(("TANDEM_BNID".into(), Some("TANDEM_BIND"))));
    assert_eq!(found("TANDEM_ADMIN_PASWORD_FILE"), Some(("TANDEM_ADMIN_PASWORD_FILE".into(), Some("TANDEM_ADMIN_PASSWORD"))));
    assert_eq!(found("TANDEM_SOMETHING_ELSE"), Some(("TANDEM_SOMETHING_ELSE".into(), None)));
    for fine in ["TANDEM_BIND", "TANDEM_BIND_FILE", "TANDEM_SERVICE_HOST", "TANDEM_PORT", "TANDEM_PORT_8080_TCP", "PATH", "DATABASE_URL"] {
        assert_eq!(found(fine), None, "{fine}");
    }
}

#[test]
fn networks_contain_their_addresses() {
    let cases =
        [("10.0.0.0/8", "10.200.3.4", true), ("10.0.0.7", "10.0.0.8", false), ("fd00::/8", "fd12::1", true), ("0.0.0.0/0", "::1", false)];
    for (network, address, inside) in cases {
        let network: Network = network.parse().expect("a network");
        assert_eq!(network.contains(address.parse().expect("an address")), inside, "{network:?} {address}");
    }
    assert!("10.0.0.0/33".parse::<Network>().is_err());
}

#[test]
fn a_rate_has_a_burst() {
    assert_eq!("600".parse(), Ok(Rate { per_minute: 600, burst: 100 }));
    assert_eq!("600/5".parse(), Ok(Rate { per_minute: 600, burst: 5 }));
    assert!("0".parse::<Rate>().is_err());
}
