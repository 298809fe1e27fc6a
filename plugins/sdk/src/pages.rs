//! Walking through the records of a paged operation.
//!
//! The host fetches the next page while a plugin reads this one, and a plugin never holds more than a page. An error
//! ends the walk: what was read before it is not all there is.

use crate::Error;

/// The pages of one operation. The bindings' pager resources are this.
pub trait Pager {
    /// What a page is.
    type Page: Page;
    /// The next page, or none after the last.
    fn next(&self) -> Result<Option<Self::Page>, Error>;
}

/// A page of records.
pub trait Page {
    /// What it holds.
    type Record;
    /// Its records, in ServiceTitan's order.
    fn into_records(self) -> Vec<Self::Record>;
}

impl<T> Page for Vec<T> {
    type Record = T;
    fn into_records(self) -> Vec<T> {
        self
    }
}

/// The record type that a pager leads to.
pub type RecordOf<P> = <<P as Pager>::Page as Page>::Record;

/// An iterator over pages: `Result<page, Error>`.
pub struct Pages<P> {
    pager: P,
    ended: bool,
}

impl<P: Pager> Pages<P> {
    /// Walks through `pager` from where it stands.
    pub fn new(pager: P) -> Self {
        Pages { pager, ended: false }
    }

    /// The records of all pages, one by one.
    pub fn records(self) -> Records<P> {
        Records { pages: self, page: Vec::new().into_iter() }
    }
}

impl<P: Pager> Iterator for Pages<P> {
    type Item = Result<P::Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.pager.next();
        self.ended = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

/// An iterator over records: `Result<record, Error>`.
pub struct Records<P: Pager> {
    pages: Pages<P>,
    page: std::vec::IntoIter<RecordOf<P>>,
}

impl<P: Pager> Iterator for Records<P> {
    type Item = Result<RecordOf<P>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.page.next() {
                return Some(Ok(record));
            }
            // A page may be empty and still not be the last.
            match self.pages.next()? {
                Ok(page) => self.page = page.into_records().into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;
    use crate::ErrorKind;

    struct Feed(RefCell<VecDeque<Result<Option<Vec<u8>>, Error>>>);

    impl Pager for Feed {
        type Page = Vec<u8>;
        fn next(&self) -> Result<Option<Vec<u8>>, Error> {
            self.0.borrow_mut().pop_front().unwrap_or(Ok(None))
        }
    }

    fn feed(pages: impl IntoIterator<Item = Result<Option<Vec<u8>>, Error>>) -> Pages<Feed> {
        Pages::new(Feed(RefCell::new(pages.into_iter().collect())))
    }

    fn broken() -> Error {
        Error {
            kind: ErrorKind::Server,
            operation: "x".into(),
            message: "down".into(),
            status: None,
            trace_id: None,
            fields: vec![],
            unresolved: false,
        }
    }

    #[test]
    fn an_empty_page_in_the_middle_is_not_the_end() {
        let records = feed([Ok(Some(vec![1, 2])), Ok(Some(vec![])), Ok(Some(vec![3]))]).records();
        assert_eq!(records.collect::<Result<Vec<_>, _>>(), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn an_error_is_handed_on_once_and_ends_the_walk() {
        let mut records = feed([Ok(Some(vec![1])), Err(broken()), Ok(Some(vec![2]))]).records();
        assert_eq!(records.next(), Some(Ok(1)));
        assert_eq!(records.next(), Some(Err(broken())));
        assert_eq!(records.next(), None);
    }

    #[test]
    fn all_records_of_a_broken_walk_are_an_error_and_not_a_short_list() {
        let records = feed([Ok(Some(vec![1])), Err(broken())]).records();
        assert!(records.collect::<Result<Vec<_>, _>>().is_err());
    }
}
