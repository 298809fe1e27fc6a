#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use url::Url;

use super::*;

/// The segments that another reader of addresses finds in what is sent, each decoded once.
fn read_by_another(written: &str) -> Vec<String> {
    let url = Url::parse(&format!("https://api.example{written}")).unwrap();
    assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("api.example"), None, None), "{written}");
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8().unwrap().into_owned();
    url.path_segments().unwrap().map(decoded).collect()
}

/// Texts that are nearly paths: what readers of addresses give a meaning to, in every spelling.
fn nearly_a_path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z0-9]{1,4}",
        1 => Just("{tenant}".to_owned()),
        1 => Just("{id}".to_owned()),
        1 => Just("tenant".to_owned()),
        4 => proptest::sample::select(vec![
            "/", "//", "?", "#", ".", "..", "\\", "%2f", "%2F", "%5c", "%2e", "%2E%2e", "%252e", "%252f", "%00", "%0d%0a",
            "%", "%%", "%25", "%3f", "%23", ";", "@", ":", "\t", "\r\n", " ", "%20", "é", "%C3%A9", "%ff", "／", "{", "}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(prop_oneof![3 => piece.clone(), 1 => piece.prop_map(|p| format!("/{p}"))], 0..12)
        .prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_reader_finds_the_segments_that_were_compared(text in nearly_a_path()) {
        let Ok(path) = text.parse::<Path>() else { return Ok(()) };
        let compared: Vec<String> = path.0.iter().map(|segment| match segment {
            Segment::Tenant => "7".to_owned(),
            Segment::Data(data) => data.clone(),
        }).collect();
        prop_assert_eq!(read_by_another(&path.written(7)), compared);
        // What is told can be asked for again, and granted.
        prop_assert_eq!(&path.to_string().parse::<Path>().unwrap(), &path);
        prop_assert!(path.to_string().parse::<Pattern>().unwrap().covers(&path));
    }

    #[test]
    fn a_grant_reaches_no_other_shape_of_path(text in nearly_a_path()) {
        let granted: Pattern = "/crm/v2/tenant/{tenant}/customers/{id}/tags/{tag}".parse().unwrap();
        let whole = format!("/crm/v2/tenant/{{tenant}}/customers{text}");
        let Ok(path) = whole.parse::<Path>() else { return Ok(()) };
        if granted.covers(&path) {
            let found = read_by_another(&path.written(7));
            prop_assert_eq!(found.len(), 8);
            prop_assert_eq!([&found[..5], &found[6..7]].concat(), ["crm", "v2", "tenant", "7", "customers", "tags"]);
        }
    }

    #[test]
    fn data_that_is_a_segment_stays_one(data in any::<String>()) {
        if check(&data).is_ok() {
            let written = format!("/a/{}/b", utf8_percent_encode(&data, ENCODED));
            prop_assert_eq!(read_by_another(&written), ["a".to_owned(), data, "b".to_owned()]);
        }
    }
}

#[test]
fn what_is_no_data_is_refused_in_every_spelling() {
    for (path, why) in [
        ("", "does not begin with `/`"),
        ("crm/x", "does not begin with `/`"),
        ("/a/5?/tags/x", "holds `?`"),
        ("/a/5#/tags/x", "holds `#`"),
        ("/a//b", "an empty segment"),
        ("/a/b/", "an empty segment"),
        ("/", "an empty segment"),
        ("/a/./b", "the segment `.`"),
        ("/a/%2e%2E/b", "the segment `..`"),
        ("/a/..%2fb", "within a segment"),
        ("/a/x%2Fy", "within a segment"),
        ("/a/x\\y", "within a segment"),
        ("/a/x%5Cy", "within a segment"),
        ("/a/%252e%252e", "encoded twice"),
        ("/a/%252f", "encoded twice"),
        ("/a/x%0D%0AHost:", "control character"),
        ("/a/x\r\nHost:", "control character"),
        ("/a/x%00", "control character"),
        ("/a/%zz", "encodes nothing"),
        ("/a/%", "encodes nothing"),
        ("/a/%ff", "not UTF-8"),
        ("/a/{id}", "still to be filled in"),
        ("/a/x{id}", "names nothing"),
    ] {
        let told = path.parse::<Path>().unwrap_err().to_string();
        assert!(told.contains(why), "{path}: {told}");
        assert!(!told.contains(char::is_control), "{told}");
    }
    let long = format!("/{}", "x".repeat(9_000)).parse::<Path>().unwrap_err().to_string();
    assert!(long.contains("more than 8192 bytes") && long.len() < 400, "{long}");
}

#[test]
fn what_is_data_is_sent_as_data() {
    for (path, written) in [
        ("/a/5%3F", "/a/5%3F"),
        ("/a/b c;d=1@e:f", "/a/b%20c%3Bd%3D1%40e%3Af"),
        ("/a/é", "/a/%C3%A9"),
        ("/a/..x/1.2/...", "/a/..x/1.2/..."),
        ("/t/{tenant}/100%25", "/t/7/100%25"),
        ("/a/%7Bid%7D", "/a/%7Bid%7D"),
    ] {
        assert_eq!(path.parse::<Path>().unwrap().written(7), written);
    }
}
