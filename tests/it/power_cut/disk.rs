//! A disk in memory whose power can be cut: what was not synced by then is there, missing, torn or out of order.

use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// What a disk writes at once or not at all.
const SECTOR: usize = 512;

/// A disk. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    /// What a reader sees.
    now: Vec<u8>,
    /// What is there whatever happens.
    durable: Vec<u8>,
    /// What came since the last sync, in order.
    pending: Vec<Op>,
    /// Operations until the power goes; none when it stays.
    left: Option<u64>,
}

#[derive(Debug, Clone)]
enum Op {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// Numbers that are the same for the same seed.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

impl Disk {
    /// Lets the power go after so many operations.
    pub(super) fn cut_after(&self, operations: u64) {
        self.lock().left = Some(operations);
    }

    /// Whether it went.
    pub(super) fn is_cut(&self) -> bool {
        self.lock().left == Some(0)
    }

    /// What a machine finds when the power comes back. Every unsynced operation may have come to the disk wholly, in some of
    /// its sectors or not at all, in any order.
    pub(super) fn after_the_cut(&self, dice: &mut Dice) -> Self {
        let platter = self.lock();
        let mut found = platter.durable.clone();
        let mut pending = platter.pending.clone();
        for at in (1..pending.len()).rev() {
            let other = usize::try_from(dice.below(at as u64 + 1)).unwrap();
            pending.swap(at, other);
        }
        for op in pending {
            match (op, dice.below(4)) {
                (_, 0) => {}
                (Op::Length(length), _) => found.resize(length, 0),
                (Op::Write(at, bytes), fate) => {
                    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                        let (from, torn) = (at + number * SECTOR, fate == 1 && dice.below(2) == 0);
                        if !torn {
                            found.resize(found.len().max(from + sector.len()), 0);
                            found[from..from + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        Self(Arc::new(Mutex::new(Platter { now: found.clone(), durable: found, ..Platter::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// The disk, while it has power.
    fn powered(&self) -> Result<MutexGuard<'_, Platter>> {
        let mut platter = self.lock();
        match &mut platter.left {
            Some(0) => return Err(Error::new(ErrorKind::NotConnected, "the power is off")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(platter)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64> {
        Ok(self.lock().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let (platter, from) = (self.lock(), usize::try_from(offset).unwrap());
        let found = platter.now.get(from..from + out.len());
        out.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let (mut platter, len) = (self.powered()?, usize::try_from(len).unwrap());
        platter.now.resize(len, 0);
        platter.pending.push(Op::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        let mut platter = self.powered()?;
        platter.durable = platter.now.clone();
        platter.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let (mut platter, from) = (self.powered()?, usize::try_from(offset).unwrap());
        let target = platter.now.get_mut(from..from + data.len()).ok_or(ErrorKind::UnexpectedEof)?;
        target.copy_from_slice(data);
        platter.pending.push(Op::Write(from, data.to_vec()));
        Ok(())
    }
}
