#![allow(clippy::unwrap_used)]
use std::collections::HashSet;
use std::fs;

use super::*;
use crate::check::check;
use crate::pack::Survey;

fn pack(scheme: Scheme) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = endpoints().iter().map(|name| (*name).to_owned()).collect();
    let base = Url::parse("https://vendor.example/api").unwrap();
    for (file, text) in files(&names, &base, scheme).unwrap() {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_new_pack_of_all_endpoints_has_nothing_to_look_at() {
    for scheme in [Scheme::ApiKey, Scheme::Basic, Scheme::OAuth2, Scheme::PassThrough, Scheme::None] {
        let folder = pack(scheme);
        let checked = check(folder.path());
        let told: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{scheme:?}\n{}", told.join("\n"));
        assert_eq!(checked.endpoints.len(), 22);
        let survey = Survey::of(folder.path());
        assert_eq!(survey.vendor, Some(vendor(&Url::parse("https://vendor.example/api").unwrap(), scheme)));
    }
}

#[test]
fn its_tests_pass() {
    let folder = pack(Scheme::ApiKey);
    let survey = Survey::of(folder.path());
    let files = crate::cases::files(folder.path()).unwrap();
    assert_eq!(files.len(), 22);
    for file in files {
        let outcome = Case::read(folder.path(), &file).unwrap().run(&survey).unwrap();
        assert_eq!(outcome.differences, [], "{}", file.display());
    }
}

#[test]
fn every_field_of_the_contracts_is_mapped() {
    let folder = pack(Scheme::None);
    let survey = Survey::of(folder.path());
    for (name, draft) in &survey.endpoints {
        let contract = draft.contract.as_ref().unwrap();
        let sample = tidy(&contract.request.sample(Fill::Everything));
        let rehearsal = Rehearsal::of(&survey, name).unwrap();
        let body = rehearsal.request(&rehearsal.usual_call()).unwrap().body.unwrap();
        assert_eq!(body, sample, "{name}");
        let written: HashSet<String> =
            draft.response.as_ref().unwrap().reads().iter().map(|read| read.to_string()).collect();
        for (member, _) in contract.response.shape().members().iter().filter(|(name, _)| is_proper(name)) {
            let way = format!("source.body.{member}");
            assert!(written.iter().any(|read| read.starts_with(&way)), "{name}: {member}");
        }
    }
}

#[test]
fn an_endpoint_without_a_contract_has_a_nearest_one() {
    let base = Url::parse("https://vendor.example").unwrap();
    let error = files(&["purchase-order".to_owned()], &base, Scheme::None).unwrap_err();
    assert!(error.to_string().ends_with("did you mean `purchaseorder`?"), "{error}");
}
