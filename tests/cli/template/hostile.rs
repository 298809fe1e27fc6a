//! Folders that nobody means to make: each is told, none hangs or crashes.

use super::pack;
use crate::bench::Bench;

#[test]
fn a_folder_that_is_not_there() {
    Bench::empty().tradewire("template check nowhere").refused(&[
        "error: nowhere: there is no such folder; help: name the folder that holds `Configuration` and `Templates`",
    ]);
    let bench = Bench::empty();
    bench.write("file", "");
    bench.tradewire("template check file").refused(&["error: file: this is no folder"]);
    bench.tradewire("template check .").refused(&["error: ./Configuration/vendor.json: the file is missing"]);
}

#[test]
fn files_that_are_no_text_or_far_too_long() {
    let bench = pack("pricing,alerts,account");
    bench.write("templates/acme/Templates/pricing/Request.liquid", b"{ \"a\": \"\xff\xfe\" }");
    bench.write("templates/acme/Templates/alerts/Response.liquid", vec![b'x'; 5 << 20]);
    bench.write(
        "templates/acme/Templates/account/Sandbox_Request.json",
        format!("{}{}", "[".repeat(9999), "]".repeat(9999)),
    );
    bench.tradewire("template check").refused(&[
        "pricing/Request.liquid: the file is not UTF-8; help: save it as UTF-8",
        "alerts/Response.liquid: this is longer than 4194304 bytes, and is not read",
        "account/Sandbox_Request.json:1:",
        "nested deeper than",
        "templates/acme: 3 endpoints, 3 errors, 0 warnings",
    ]);
}

#[test]
fn templates_that_take_all_there_is() {
    let bench = pack("pricing,alerts");
    let loops = "{ \"a\": [{% for i in (1..1000000000) %}{{ i }},{% endfor %}] }";
    bench.write("templates/acme/Templates/pricing/Request.liquid", loops);
    bench.write("templates/acme/Templates/alerts/Request.liquid", "{% if a %}".repeat(5000));
    bench
        .tradewire("template check")
        .refused(&["the number of loop turns went over", "the nesting of blocks went over 100"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_a_circle_and_files_that_never_end() {
    use std::os::unix::fs::symlink;
    use std::process::Command;
    let bench = pack("pricing,alerts");
    symlink(".", bench.path("templates/circle")).unwrap();
    symlink("..", bench.path("templates/acme/Tests/circle")).unwrap();
    bench.tradewire("template check").succeeded();
    let file = |name: &str| bench.path(&format!("templates/acme/Templates/{name}"));
    std::fs::remove_file(file("pricing/Request.liquid")).unwrap();
    symlink("Request.liquid", file("pricing/Request.liquid")).unwrap();
    std::fs::remove_file(file("alerts/Request.liquid")).unwrap();
    assert!(Command::new("mkfifo").arg(file("alerts/Request.liquid")).status().unwrap().success());
    bench.tradewire("template check").refused(&[
        "pricing/Request.liquid: the file cannot be read: Too many levels of symbolic links",
        "alerts/Request.liquid: this is no file, and is not read",
    ]);
}
