use super::*;

#[test]
fn terms_are_read_as_the_rfc_writes_them() {
    for (term, expected) in [
        ("a", Some(("a", 32, 128))),
        ("a/24", Some(("a", 24, 128))),
        ("mx//64", Some(("mx", 32, 64))),
        ("a:b.example/24//64", Some(("a:b.example", 24, 64))),
        ("ip6:2001:db8::/32", Some(("ip6:2001:db8::", 32, 128))),
        ("ip4:192.0.2.0/33", None),
        ("a//129", None),
    ] {
        assert_eq!(lengths(term), expected, "{term}");
    }
    assert_eq!(network::<Ipv4Net>("ip4:192.0.2.0/24").map(|net| net.to_string()), Some("192.0.2.0/24".into()));
    assert_eq!(network::<Ipv4Net>("ip4:192.0.2.7").map(|net| net.to_string()), Some("192.0.2.7/32".into()));
    assert_eq!(network::<Ipv4Net>("ip4:192.0.2"), None);
    assert_eq!(modifier("redirect=a.example"), Some(("redirect", "a.example")));
    assert_eq!(modifier("exists:%{i}.a=b.example"), None);
    assert_eq!(qualifier("~all"), (Qualifier::SoftFail, "all"));
    assert!(is_record("v=spf1 -all") && is_record("V=SPF1") && !is_record("v=spf10 -all"));
}
