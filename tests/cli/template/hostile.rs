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
        "alerts/Response.liquid: the file cannot be read: it is longer than 4194304 bytes, which is the most",
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
fn links_and_files_that_never_end_are_told_and_not_followed() {
    use std::os::unix::fs::symlink;
    use std::process::Command;
    let bench = pack("pricing,alerts,account");
    symlink(".", bench.path("templates/circle")).unwrap();
    bench.tradewire("template check").succeeded();
    // The pack's folder itself may be a link: whoever runs the pack chose it.
    symlink("templates/acme", bench.path("linked")).unwrap();
    bench.tradewire("template check linked").succeeded();
    let file = |name: &str| bench.path(&format!("templates/acme/Templates/{name}"));
    for (name, to) in [("pricing/Request.liquid", "/proc/self/environ"), ("account/endpoint.json", "/etc/passwd")] {
        std::fs::remove_file(file(name)).unwrap();
        symlink(to, file(name)).unwrap();
    }
    std::fs::remove_file(file("alerts/Request.liquid")).unwrap();
    assert!(Command::new("mkfifo").arg(file("alerts/Request.liquid")).status().unwrap().success());
    symlink("pricing", file("linked")).unwrap();
    let told = bench.tradewire("template check");
    told.refused(&[
        "pricing/Request.liquid: the file cannot be read: `Templates/pricing/Request.liquid` is a link, and no link in \
         here is followed; put what it leads to in its place",
        "account/endpoint.json: the file cannot be read: `Templates/account/endpoint.json` is a link",
        "alerts/Request.liquid: the file cannot be read: it is a named pipe, not a file",
        "Templates/linked: this is a link, and no link in a pack is followed; help: put what it leads to in its place",
    ]);
    symlink("pricing", bench.path("templates/acme/Tests/circle")).unwrap();
    bench.tradewire("template test").refused(&["Tests/circle: this is a link, and no link in a pack is followed"]);
}

#[cfg(unix)]
#[test]
fn a_name_that_a_terminal_would_obey() {
    let bench = pack("pricing");
    std::fs::create_dir(bench.path("templates/acme/Templates/br\nerror: all is well\u{1b}[2J")).unwrap();
    let told = bench.tradewire("template check");
    assert!(!told.err.contains('\u{1b}') && !told.err.lines().any(|line| line.starts_with("error: all")), "{told}");
    told.refused(&[
        r"Templates/br\nerror: all is well\u001b[2J: the name has characters that no name in a pack may have; help: ",
    ]);
}
