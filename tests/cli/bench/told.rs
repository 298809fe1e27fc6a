//! What the binary said, and how it ended.

use std::process::Output;

/// What the binary said, and how it ended.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Told {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Told {
    /// It did what it should.
    #[track_caller]
    pub fn succeeded(self) -> Told {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// It refused, with each of these texts in its one message, and no result.
    #[track_caller]
    pub fn refused(self, texts: &[&str]) -> Told {
        assert_eq!(self.code, Some(1), "{self}");
        for text in texts {
            assert!(self.err.contains(text), "`{text}` is not in this:\n{self}");
        }
        assert!(self.out.is_empty(), "{self}");
        assert!(!self.err.contains("thread '"), "{self}");
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {:?}\n--- out\n{}\n--- err\n{}", self.code, self.out, self.err)
    }
}
