//! Folders of this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;
use tradewire_delivery::{Destination as _, Folder, Published};

use crate::support::{Content, deliver};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_missing_folder_is_made_and_a_file_is_hidden_until_it_has_its_name() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(&root.path().join("payroll")).unwrap();
    let content = Content::new("f1", 100_000);
    folder.stage(content.upload()).await.unwrap();
    let path = root.path().join("payroll");
    assert_eq!(names(&path), [".f1.part"]);
    assert_eq!(folder.publish(content.named("hours.csv")).await.unwrap(), Published::Now);
    assert_eq!(names(&path), ["hours.csv"]);
    assert_eq!(fs::read(path.join("hours.csv")).unwrap(), content.bytes);
    assert_eq!(folder.publish(content.named("hours.csv")).await.unwrap(), Published::Before);
    assert!(folder.is_taken("hours.csv").await.unwrap());
    assert!(!folder.is_taken("hours.v2.csv").await.unwrap());
}

#[tokio::test]
async fn no_name_is_taken_twice_and_the_part_survives_that() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path()).unwrap();
    fs::write(root.path().join("hours.csv"), "theirs").unwrap();
    symlink("nowhere", root.path().join("hours.v2.csv")).unwrap();
    let content = Content::new("f2", 10);
    assert_eq!(deliver(&folder, &content, "hours.csv").await.unwrap(), Published::NameTaken);
    assert!(folder.is_taken("hours.v2.csv").await.unwrap(), "a link to nothing is something");
    assert_eq!(folder.publish(content.named("hours.v2.csv")).await.unwrap(), Published::NameTaken);
    assert_eq!(folder.publish(content.named("hours.v3.csv")).await.unwrap(), Published::Now);
    assert_eq!(fs::read(root.path().join("hours.csv")).unwrap(), b"theirs");
    assert_eq!(fs::read(root.path().join("hours.v3.csv")).unwrap(), content.bytes);
}

#[tokio::test]
async fn what_an_earlier_try_left_is_replaced_and_not_written_through() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path()).unwrap();
    fs::write(root.path().join("elsewhere"), "kept").unwrap();
    symlink(root.path().join("elsewhere"), root.path().join(".f3.part")).unwrap();
    let content = Content::new("f3", 10);
    assert_eq!(deliver(&folder, &content, "a.csv").await.unwrap(), Published::Now);
    assert_eq!(fs::read(root.path().join("elsewhere")).unwrap(), b"kept");
    assert_eq!(fs::read(root.path().join("a.csv")).unwrap(), content.bytes);
}

#[tokio::test]
async fn discarding_is_repeatable() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path()).unwrap();
    folder.stage(Content::new("f4", 10).upload()).await.unwrap();
    folder.discard("f4").await.unwrap();
    folder.discard("f4").await.unwrap();
    assert!(names(root.path()).is_empty());
}

#[tokio::test]
async fn where_more_than_the_folder_is_missing_somebody_has_to_mend_it() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(&root.path().join("disk/payroll")).unwrap();
    let error = folder.stage(Content::new("f5", 10).upload()).await.unwrap_err();
    assert!(!error.transient && error.message.contains("make the folder, or correct `to`"), "{error}");
    assert!(!folder.probe().await.unwrap_err().transient);
    fs::create_dir(root.path().join("disk")).unwrap();
    assert!(folder.probe().await.unwrap().ends_with("is not there yet, and can be made"));
    assert!(names(&root.path().join("disk")).is_empty());
    folder.stage(Content::new("f5", 10).upload()).await.unwrap();
    assert!(folder.probe().await.unwrap().ends_with("can be written to"));
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_told_and_kept() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("payroll");
    fs::write(&path, "theirs").unwrap();
    let folder = Folder::new(&path).unwrap();
    let content = Content::new("f8", 10);
    for error in [folder.probe().await.unwrap_err(), folder.stage(content.upload()).await.unwrap_err()] {
        assert!(!error.transient && error.message.contains("make the folder, or correct `to`"), "{error}");
    }
    assert_eq!(names(root.path()), ["payroll"]);
    assert_eq!(fs::read(path).unwrap(), b"theirs");
}

#[tokio::test]
async fn content_that_has_changed_is_not_delivered() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path()).unwrap();
    let content = Content::new("f6", 10);
    fs::write(&content.path, "short").unwrap();
    let error = folder.stage(content.upload()).await.unwrap_err();
    assert!(!error.transient && error.message.contains("has 5 bytes and should have 10"), "{error}");
    fs::remove_file(&content.path).unwrap();
    let error = folder.stage(content.upload()).await.unwrap_err();
    assert!(!error.transient && error.message.contains("run the export again"), "{error}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_to_says_so() {
    let root = TempDir::new().unwrap();
    let folder = Folder::new(root.path()).unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(root.path().join("probe"), "").is_ok() {
        eprintln!("whoever runs this test may write everywhere: nothing is refused");
        return;
    }
    let error = folder.stage(Content::new("f7", 10).upload()).await.unwrap_err();
    assert!(!error.transient && error.message.contains("let tradewire write there"), "{error}");
}
