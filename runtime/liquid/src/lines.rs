//! Lines and columns of many places of one source: each is found in the same time, however long the source and its lines
//! are.

/// So many bytes are looked at for a place, at most.
const BLOCK: usize = 1024;

/// Where the lines of a source begin, and how many characters there are up to each block of it.
pub(super) struct Lines<'s> {
    source: &'s str,
    starts: Vec<usize>,
    characters: Vec<usize>,
}

impl<'s> Lines<'s> {
    pub fn of(source: &'s str) -> Self {
        let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut characters = vec![0];
        let mut all = 0;
        for block in source.as_bytes().chunks(BLOCK) {
            all += count(block);
            characters.push(all);
        }
        Self { source, starts, characters }
    }

    /// Line and column of a byte, both from 1.
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let offset = self.source.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        (number(line), number(self.before(offset) - self.before(self.starts[line - 1]) + 1))
    }

    /// How many characters there are before a byte.
    fn before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        self.characters[block] + count(&self.source.as_bytes()[block * BLOCK..offset])
    }
}

/// How many characters begin in these bytes.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::super::error::place;
    use super::*;

    #[test]
    fn a_place_is_the_same_as_one_that_is_counted() {
        let source = format!("{}\n\nab{}\nc", "é€".repeat(700), "ü".repeat(BLOCK));
        for source in ["", "a", "\n", "é", &source, &"x".repeat(BLOCK)] {
            let lines = Lines::of(source);
            for offset in 0..source.len() + 2 {
                assert_eq!(lines.place(offset), place(source, offset), "{offset}");
            }
        }
    }
}
