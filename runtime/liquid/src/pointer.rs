//! JSON pointers (RFC 6901): the way to a place in a document.

/// A member's name as a step of a pointer.
#[must_use]
pub fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The steps of a pointer, as members are named and items numbered.
#[must_use]
pub fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_comes_back_as_it_was() {
        for name in ["plain", "a/b", "~1", "~", ""] {
            assert_eq!(steps(&format!("/{}", step(name))), [name]);
        }
        assert!(steps("").is_empty());
    }
}
