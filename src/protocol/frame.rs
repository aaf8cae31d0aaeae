//! The input of a command of the user's on its way to a probe: frames, so that its end can be told from the end of whoever
//! sends it. A frame is its length, four bytes with the highest first, and that many bytes; the frame without any is the
//! end of the input. A stream that ends means that the controller has gone. Before all frames comes [`OPENING`].
//!
//! The command's output comes back in the same frames. Between them it is said how much of the input the command has taken:
//! four bytes with the highest bit set, the rest the number of bytes. No more than [`WINDOW`] is sent before that, so whoever
//! attends a command that does not read can take in all that comes, and sees the end of it at once.

/// What the controller sends first, and no command is started before: it proves that the stream leads there. Podman's monitor
/// of a container takes the connection in only once the program runs, and loses the output of one that has ended by then
/// (seen with Podman 4.3.1 and conmon 2.1.6).
pub const OPENING: [u8; 1] = *b"\n";

/// Most bytes of one frame.
pub const FRAME_MAX: usize = 64 * 1024;

/// Bytes of a frame's length.
pub const HEAD: usize = 4;

/// Most bytes of input that are sent before the command has taken them.
pub const WINDOW: usize = 1 << 20;

/// The bit of a head that is no length.
const TAKEN: u32 = 1 << 31;

/// The frame that is the end of the input.
pub const END: [u8; HEAD] = [0; HEAD];

/// A length that no frame has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes was announced, and the longest has {FRAME_MAX}: this is no input from iperftester")]
pub struct TooLong(pub u32);

/// The frame of the first of `bytes` and how many it took; the end where there are none.
#[must_use]
pub fn frame(bytes: &[u8]) -> (Vec<u8>, usize) {
    let bytes = &bytes[..bytes.len().min(FRAME_MAX)];
    let length = u32::try_from(bytes.len()).expect("at most FRAME_MAX");
    ([&length.to_be_bytes(), bytes].concat(), bytes.len())
}

/// How many bytes follow this head.
///
/// # Errors
/// [`TooLong`].
pub fn length(head: [u8; HEAD]) -> Result<usize, TooLong> {
    let told = u32::from_be_bytes(head);
    usize::try_from(told).ok().filter(|length| *length <= FRAME_MAX).ok_or(TooLong(told))
}

/// The head that says that the command has taken `bytes` more, less than 2³¹.
#[must_use]
pub fn taken(bytes: u32) -> [u8; HEAD] {
    (TAKEN | bytes).to_be_bytes()
}

/// What a head on the way back says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// So many bytes of output follow.
    Output(usize),
    /// The command has taken so many bytes of its input.
    Taken(usize),
}

/// What this head says.
///
/// # Errors
/// [`TooLong`].
pub fn back(head: [u8; HEAD]) -> Result<Back, TooLong> {
    let told = u32::from_be_bytes(head);
    if told & TAKEN == 0 {
        return length(head).map(Back::Output);
    }
    usize::try_from(told & !TAKEN).map(Back::Taken).map_err(|_| TooLong(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_way_back_the_highest_bit_tells_what_was_taken_from_output() {
        assert_eq!(back(taken(70_000)), Ok(Back::Taken(70_000)));
        assert_eq!(back([0, 0, 0, 9]), Ok(Back::Output(9)));
        assert_eq!(back(*b"text"), Err(TooLong(u32::from_be_bytes(*b"text"))));
    }

    #[test]
    fn a_frame_has_its_length_and_no_more_than_its_share() {
        assert_eq!(frame(b"abc"), (b"\0\0\0\x03abc".to_vec(), 3));
        assert_eq!(frame(b""), (END.to_vec(), 0));
        let (long, taken) = frame(&[7; FRAME_MAX + 1]);
        assert_eq!((long.len(), taken), (HEAD + FRAME_MAX, FRAME_MAX));
        assert_eq!(length(long[..HEAD].try_into().unwrap()), Ok(FRAME_MAX));
    }

    #[test]
    fn a_length_that_no_frame_has_is_refused() {
        assert_eq!(length(END), Ok(0));
        assert_eq!(length([0, 1, 0, 1]), Err(TooLong(65537)));
        let told = length([255; HEAD]).unwrap_err().to_string();
        assert!(told.starts_with("a frame of 4294967295 bytes was announced, and the longest has 65536"), "{told}");
    }
}
