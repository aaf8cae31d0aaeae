//! What an executable's ELF header says: for which architecture it is, and whether it needs anything of its system.

use std::io::{Read, Seek, SeekFrom};

use crate::domain::image::Architecture;

/// Bytes of a 64-bit ELF header (elf(5), `Elf64_Ehdr`).
const HEADER_BYTES: usize = 64;
/// Bytes of a program header of such a file (`Elf64_Phdr`).
const PROGRAM_HEADER_BYTES: u16 = 56;
/// The program header that names a dynamic linker (`PT_INTERP`).
const INTERPRETER: u32 = 3;

/// Why a file cannot be the executable of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is no executable of 64-bit Linux.
    NoExecutable,
    /// It needs a dynamic linker and libraries.
    Dynamic,
    /// Its machine (`e_machine`) is none that images are made for.
    Machine(u16),
}

/// The architecture of a static executable.
///
/// # Errors
/// The system's, and within it [`Unfit`].
pub(super) fn architecture(file: &mut (impl Read + Seek)) -> std::io::Result<Result<Architecture, Unfit>> {
    let mut header = [0; HEADER_BYTES];
    if let Err(fault) = file.read_exact(&mut header) {
        let short = fault.kind() == std::io::ErrorKind::UnexpectedEof;
        return if short { Ok(Err(Unfit::NoExecutable)) } else { Err(fault) };
    }
    // Magic, 64 bits (`ELFCLASS64`), and the operating systems that Linux's own files name: none or GNU.
    let is_ours = header.starts_with(b"\x7fELF\x02") && matches!(header[7], 0 | 3);
    let order = match header[5] {
        1 => Order::Little,
        2 => Order::Big,
        _ => return Ok(Err(Unfit::NoExecutable)),
    };
    // Executable or position-independent (`ET_EXEC`, `ET_DYN`).
    if !is_ours || !matches!(order.u16(&header, 16), 2 | 3) || order.u16(&header, 54) != PROGRAM_HEADER_BYTES {
        return Ok(Err(Unfit::NoExecutable));
    }
    file.seek(SeekFrom::Start(order.u64(&header, 32)))?;
    for _ in 0..order.u16(&header, 56) {
        let mut program = [0; PROGRAM_HEADER_BYTES as usize];
        if file.read_exact(&mut program).is_err() {
            return Ok(Err(Unfit::NoExecutable));
        }
        if order.u32(&program, 0) == INTERPRETER {
            return Ok(Err(Unfit::Dynamic));
        }
    }
    let machine = order.u16(&header, 18);
    Ok(of_machine(machine, order).ok_or(Unfit::Machine(machine)))
}

/// By the numbers of elf.h (`EM_X86_64` and so on); POWER comes in both byte orders, only the little one is built for.
const fn of_machine(machine: u16, order: Order) -> Option<Architecture> {
    Some(match (machine, order) {
        (62, Order::Little) => Architecture::Amd64,
        (183, Order::Little) => Architecture::Arm64,
        (243, Order::Little) => Architecture::Riscv64,
        (21, Order::Little) => Architecture::Ppc64le,
        (22, Order::Big) => Architecture::S390x,
        _ => return None,
    })
}

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn bytes<const N: usize>(self, from: &[u8], at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = from[at..at + N].try_into().expect("the range has this length");
        if self == Self::Big {
            bytes.reverse();
        }
        bytes
    }

    fn u16(self, from: &[u8], at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(from, at))
    }

    fn u32(self, from: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(from, at))
    }

    fn u64(self, from: &[u8], at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(from, at))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file that is only a header and one program header of `kind`.
    pub(in crate::image) fn made(machine: u16, kind: u32, big: bool) -> Vec<u8> {
        let mut file = vec![0; HEADER_BYTES + usize::from(PROGRAM_HEADER_BYTES)];
        let mut put = |at: usize, number: u64, length: usize| {
            let mut bytes = number.to_le_bytes()[..length].to_vec();
            if big {
                bytes.reverse();
            }
            file[at..at + length].copy_from_slice(&bytes);
        };
        put(16, 2, 2);
        put(18, machine.into(), 2);
        put(32, HEADER_BYTES as u64, 8);
        put(54, PROGRAM_HEADER_BYTES.into(), 2);
        put(56, 1, 2);
        put(HEADER_BYTES, kind.into(), 4);
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, if big { 2 } else { 1 }]);
        file
    }

    fn of(bytes: Vec<u8>) -> Result<Architecture, Unfit> {
        architecture(&mut Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn machines_are_told_by_their_number_and_byte_order() {
        assert_eq!(of(made(62, 1, false)), Ok(Architecture::Amd64));
        assert_eq!(of(made(183, 1, false)), Ok(Architecture::Arm64));
        assert_eq!(of(made(22, 1, true)), Ok(Architecture::S390x));
        assert_eq!(of(made(21, 1, true)), Err(Unfit::Machine(21)), "POWER with the big end first");
        assert_eq!(of(made(40, 1, false)), Err(Unfit::Machine(40)), "64-bit files only");
    }

    #[test]
    fn what_needs_a_linker_and_what_is_no_executable_are_refused() {
        assert_eq!(of(made(62, INTERPRETER, false)), Err(Unfit::Dynamic));
        assert_eq!(of(b"#!/bin/sh\nexit 0\n".to_vec()), Err(Unfit::NoExecutable));
        let mut small = made(62, 1, false);
        small[4] = 1;
        assert_eq!(of(small), Err(Unfit::NoExecutable), "32 bits");
        let mut cut = made(62, 1, false);
        cut.truncate(HEADER_BYTES + 3);
        assert_eq!(of(cut), Err(Unfit::NoExecutable));
        let ls = std::fs::read("/bin/ls").unwrap();
        assert_eq!(of(ls), Err(Unfit::Dynamic));
    }
}
