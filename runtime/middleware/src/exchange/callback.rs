//! `callBackInfo`: a response that asks for another request. ServiceTitan documents neither the cap nor how answers
//! merge. Here the pack's own cap counts up to ours; lists of later answers follow those of earlier ones, of everything
//! else the last answer counts; and a callback that asks again for what it has had already is a loop.

use tradewire_liquid::{Object, Value};

use super::Trouble;

const FIELD: &str = "callBackInfo";

/// The callbacks of one call.
pub(super) struct Callbacks {
    most: u32,
    asked: Vec<Value>,
    kept: Object,
}

impl Callbacks {
    pub fn new(most: u32) -> Callbacks {
        Callbacks { most, asked: Vec::new(), kept: Object::default() }
    }

    /// The values of the next request, where the response asks for one.
    pub fn next(&mut self, body: &Value) -> Result<Option<Value>, Trouble> {
        let wanted = |info: &&Value| info.get("shouldCallback") == Some(&Value::Bool(true));
        let Some(info) = body.get(FIELD).filter(wanted) else { return Ok(None) };
        let own =
            info.get("maxCallbacksForRequest").and_then(|most| most.to_json().parse::<u32>().ok()).filter(|m| *m > 0);
        let most = own.map_or(self.most, |own| own.min(self.most));
        if self.asked.len() >= most as usize {
            return Err(Trouble::pack(format!(
                "the response has asked for {most} callbacks, which is the most, and asks for another"
            )));
        }
        let values = info.get("values").cloned().unwrap_or_default();
        if self.asked.contains(&values) {
            return Err(Trouble::pack(
                "the response asks for a callback with values that it has asked for before: a loop",
            ));
        }
        self.asked.push(values.clone());
        Ok(Some(values))
    }

    /// Keeps an answer that others follow.
    pub fn keep(&mut self, body: Value) {
        let kept = Value::Object(std::mem::take(&mut self.kept));
        if let Value::Object(merged) = merge(kept, body) {
            self.kept = merged;
        }
    }

    /// The last answer, with what the ones before it hold.
    pub fn merged(self, last: Value) -> Value {
        if self.asked.is_empty() {
            return last;
        }
        merge(Value::Object(self.kept), last)
    }
}

fn merge(before: Value, after: Value) -> Value {
    match (before, after) {
        (Value::Object(mut before), Value::Object(after)) => {
            for (name, value) in after.iter() {
                let value = match (before.get(name), value) {
                    (Some(Value::List(list)), Value::List(more)) => Value::List([&list[..], more].concat()),
                    (_, value) => value.clone(),
                };
                before.insert(name, value);
            }
            Value::Object(before)
        }
        (_, after) => after,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn json(text: &str) -> Value {
        Value::from_json(text).unwrap()
    }

    fn asking(page: u32) -> Value {
        json(&format!(
            r#"{{ "items": [{page}], "success": true, "callBackInfo": {{ "shouldCallback": true, "values": {{ "page": {page} }} }} }}"#
        ))
    }

    #[test]
    fn lists_follow_each_other_and_the_last_answer_counts_for_the_rest() {
        let mut callbacks = Callbacks::new(10);
        for page in [1, 2] {
            assert_eq!(callbacks.next(&asking(page)).unwrap(), Some(json(&format!(r#"{{ "page": {page} }}"#))));
            callbacks.keep(asking(page));
        }
        let last = json(r#"{ "items": [3], "success": true, "callBackInfo": null }"#);
        assert_eq!(callbacks.next(&last).unwrap(), None);
        let whole = r#"{ "items": [1, 2, 3], "success": true, "callBackInfo": null }"#;
        assert_eq!(callbacks.merged(last), json(whole));
    }

    #[test]
    fn loops_and_more_callbacks_than_allowed_are_stopped() {
        let mut callbacks = Callbacks::new(10);
        callbacks.next(&asking(1)).unwrap();
        assert!(callbacks.next(&asking(1)).unwrap_err().to_string().contains("a loop"));
        let mut callbacks = Callbacks::new(2);
        callbacks.next(&asking(1)).unwrap();
        callbacks.next(&asking(2)).unwrap();
        assert!(callbacks.next(&asking(3)).unwrap_err().to_string().contains("asked for 2 callbacks"));
    }

    #[test]
    fn an_answer_that_asks_for_nothing_stays_as_it_is() {
        let mut callbacks = Callbacks::new(10);
        for body in [json(r#"{ "callBackInfo": { "shouldCallback": false } }"#), json("null"), json("[1]")] {
            assert_eq!(callbacks.next(&body).unwrap(), None);
        }
        assert_eq!(callbacks.merged(json("[1]")), json("[1]"));
    }
}
