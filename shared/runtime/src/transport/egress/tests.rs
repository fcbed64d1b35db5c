//! Spellings of addresses that the hub must not call.

use super::*;

fn guard(allowed: &str) -> Egress {
    Egress::callbacks(&[("CALLBACK_ALLOW", allowed)].into_iter().collect())
}

const HOSTILE: [&str; 83] = [
    // Not a URL, or not of ours.
    "",
    "hooks.example.com",
    "//hooks.example.com/",
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com:443/_GET",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:/var/run/docker.sock",
    "https:hooks.example.com",
    "https:/hooks.example.com",
    "https:///hooks.example.com",
    "https://",
    "https://?",
    "https://:443/",
    // Loopback, the Lambda runtime API, metadata.
    "https://127.0.0.1/",
    "https://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://2130706433/",
    "https://0/",
    "https://0.0.0.0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1%25eth0]/",
    "https://[64:ff9b::7f00:1]/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://100.64.0.1/",
    // Public, but a literal: no certificate names it and no owner answers for it.
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    // Names without a place on the public internet.
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://hooks.localhost/",
    "https://metadata/",
    "https://metadata.google.internal/",
    "https://instance-data.ec2.internal/",
    "https://printer.local/",
    "https://router.lan/",
    "https://nas.home.arpa/",
    "https://hidden.onion/",
    "https://hooks.example/",
    "https://hooks.example.com./",
    "https://hooks..example.com/",
    "https://.example.com/",
    "https://-hooks.example.com/",
    "https://hooks_1.example.com/",
    "https://hooks.example.c0m.1/",
    // Ports.
    "https://hooks.example.com:22/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:9001/",
    "https://hooks.example.com:0443/",
    "https://hooks.example.com:65979/",
    "https://hooks.example.com:/",
    // Read one way by one parser and another way by the next.
    "https://user@hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com%40127.0.0.1/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com\t.evil.com/",
    "https://hooks.example.com/\r\nHost: 127.0.0.1",
    " https://hooks.example.com/",
    "https://%68ooks.example.com/",
    "https://hooks.example.com/#fragment",
    // Names that look like others.
    "https://hooks.ex\u{e4}mple.com/",
    "https://xn--hooks-gra.example.com/",
    "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
];

#[test]
fn hostile_urls_are_refused_without_being_repeated() {
    for url in HOSTILE {
        let refused = guard("").endpoint("url", url).expect_err(url);
        assert_eq!(refused.kind.rule().status, 422, "{url}");
        assert_eq!(refused.fields[0].path, "url");
        let text = format!("{refused:?}");
        assert!(url.len() < 12 || !text.contains(url), "{text}");
    }
    let long = format!("https://hooks.example.com/{}", "x".repeat(MAX_URL_LENGTH));
    assert!(guard("").endpoint("url", &long).is_err());
    let label = format!("https://{}.example.com/", "x".repeat(64));
    assert!(guard("").endpoint("url", &label).is_err());
}

#[test]
fn honest_urls_are_accepted() {
    for url in [
        "https://hooks.example.com",
        "https://hooks.example.com/",
        "https://hooks.example.com:443/in",
        "https://hooks.example.com:8443/in?tenant=1&x=%2F",
        "https://HOOKS.example.com/In",
        "HTTPS://hooks.example.com/in",
        "https://a-b.c1.example.co.uk/trunkline/..;/x",
    ] {
        assert!(guard("").endpoint("url", url).is_ok(), "{url}");
    }
}

#[test]
fn what_a_stage_allows_may_be_plain_and_private() {
    let local = guard("127.0.0.1, receiver.Internal");
    for url in [
        "http://127.0.0.1:4010/hook",
        "https://127.0.0.1/",
        "http://receiver.internal:80/",
    ] {
        assert!(local.endpoint("url", url).is_ok(), "{url}");
    }
    for url in [
        "http://127.0.0.2/",
        "http://127.1/",
        "http://user@127.0.0.1/",
        "ftp://127.0.0.1/",
        "http://localhost/",
        "http://hooks.example.com/",
    ] {
        assert!(local.endpoint("url", url).is_err(), "{url}");
    }
}

#[test]
fn a_configured_address_has_https_unless_its_host_is_named() {
    let partners = |allowed: &str| Egress::partners(&[("EGRESS_ALLOW", allowed)].into_iter().collect());
    let admits = |egress: &Egress, url: &str| egress.admits(&url.parse().unwrap());
    for url in [
        "https://lex.example.com/api",
        "https://LEX.example.com:8080/api",
        "https://8.8.8.8/",
    ] {
        assert!(admits(&partners(""), url).is_ok(), "{url}");
    }
    for url in [
        "http://lex.example.com/api",
        "HTTP://LEX.EXAMPLE.COM/api",
        "http://lex.example.com:443/",
        "http://8.8.8.8/",
        "ftp://lex.example.com/",
        "https://10.0.0.1/",
        "https://[::1]/",
    ] {
        let refused = admits(&partners("other.example.com"), url).expect_err(url);
        assert_eq!(refused.kind, model::Kind::Misconfigured, "{url}");
        assert!(refused.message.contains("EGRESS_ALLOW"), "{}", refused.message);
    }
    let named = partners("Lex.Internal, 10.0.0.1,[::1]");
    for url in [
        "http://lex.internal/api",
        "http://LEX.internal:8080/api",
        "http://10.0.0.1/",
        "http://[::1]:4010/",
        "https://10.0.0.1:8443/",
    ] {
        assert!(admits(&named, url).is_ok(), "{url}");
    }
    for url in [
        "http://x.lex.internal/",
        "http://lex.internal.example.com/",
        "http://10.0.0.2/",
    ] {
        assert!(admits(&named, url).is_err(), "{url}");
    }
}

#[test]
fn a_host_that_is_named_for_partners_is_not_open_to_admins() {
    let both = |partners: &str, callbacks: &str| {
        let config = [("EGRESS_ALLOW", partners), ("CALLBACK_ALLOW", callbacks)];
        let config = config.into_iter().collect();
        (Egress::partners(&config), Egress::callbacks(&config))
    };
    for url in ["http://127.0.0.1:4010/", "https://127.0.0.1/", "http://LOCALHOST/"] {
        let parsed: Url = url.parse().unwrap();
        let hosts = "127.0.0.1,localhost";
        let (partners, callbacks) = both(hosts, "");
        assert!(partners.admits(&parsed).is_ok(), "{url}");
        assert!(
            callbacks.admits(&parsed).is_err() && callbacks.endpoint("url", url).is_err(),
            "{url}"
        );
        let (partners, callbacks) = both("", hosts);
        assert!(partners.admits(&parsed).is_err(), "{url}");
        assert!(
            callbacks.admits(&parsed).is_ok() && callbacks.endpoint("url", url).is_ok(),
            "{url}"
        );
    }
}

#[test]
fn only_addresses_outside_special_ranges_are_public() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.20.0.1",
        "223.255.255.255",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn a_name_is_judged_by_its_addresses() {
    let refused = guard("").resolve("localhost".parse().unwrap()).await.err().unwrap();
    assert!(refused.to_string().contains("not public"));
    assert!(guard("localhost").resolve("localhost".parse().unwrap()).await.is_ok());
}
