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

/// The memory of a program: a live process, a core file.
pub trait Memory {
    /// Fills `buf` from `address`, or fails as a whole.
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError>;

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
}
