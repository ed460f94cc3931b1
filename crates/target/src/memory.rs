//! The one way in which anything above this crate reads a program's memory, be it a live process
//! or a file.

/// Memory could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {len} bytes at {address:#x}")]
pub struct MemoryError {
    /// Where the read began.
    pub address: u64,
    /// How long it was.
    pub len: usize,
}

/// A piece of a program's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins.
    pub address: u64,
    /// How many bytes it has.
    pub len: usize,
}

/// The memory of a program: a live process, a core file.
pub trait Memory {
    /// Fills `buf` from `address`, or fails as a whole.
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError>;

    /// Reads many pieces into `buf`, one after the other, in as few system calls as can be. The
    /// indices of those that could not be read are put into `failed`, in rising order; their part
    /// of `buf` holds anything. Pieces that `buf` has no room for fail.
    fn read_pieces(&self, pieces: &[Piece], buf: &mut [u8], failed: &mut Vec<usize>) {
        failed.clear();
        let mut rest = buf;
        for (i, piece) in pieces.iter().enumerate() {
            let Some((part, after)) = rest.split_at_mut_checked(piece.len) else {
                failed.extend(i..pieces.len());
                return;
            };
            if self.read(piece.address, part).is_err() {
                failed.push(i);
            }
            rest = after;
        }
    }

    /// Reads a little-endian 64-bit word.
    fn read_u64(&self, address: u64) -> Result<u64, MemoryError> {
        let mut b = [0; 8];
        self.read(address, &mut b)?;
        Ok(u64::from_le_bytes(b))
    }

    /// Reads a little-endian 32-bit word.
    fn read_u32(&self, address: u64) -> Result<u32, MemoryError> {
        let mut b = [0; 4];
        self.read(address, &mut b)?;
        Ok(u32::from_le_bytes(b))
    }

    /// Reads `len` bytes.
    fn read_vec(&self, address: u64, len: usize) -> Result<Vec<u8>, MemoryError> {
        let mut b = vec![0; len];
        self.read(address, &mut b)?;
        Ok(b)
    }
}

impl<M: Memory + ?Sized> Memory for &M {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        (**self).read(address, buf)
    }

    fn read_pieces(&self, pieces: &[Piece], buf: &mut [u8], failed: &mut Vec<usize>) {
        (**self).read_pieces(pieces, buf, failed);
    }
}
