//! How many connections each host may have, so that one of them cannot take what all of them need.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

/// Connections of one host that have not said yet who is on the other side. A handshake takes milliseconds, so a whole
/// rack behind one address does not have so many at once.
const HALF_OPEN_MAX: usize = 256;
/// Connections of one host in all: a hundred times what the programs of a large one need.
const OPEN_MAX: usize = 1_024;
/// An IPv6 host has a network of so many bits to itself (RFC 6177), and could come from another address each time.
const NETWORK_BITS: u32 = 64;

/// The connections of all hosts. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Mutex<BTreeMap<IpAddr, Taken>>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    half_open: usize,
    open: usize,
}

/// The right to a connection, until dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    host: IpAddr,
    is_half_open: bool,
}

impl Places {
    /// A place for a connection that begins, unless its host has too many.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let host = host(address);
        let mut all = self.all();
        let taken = all.entry(host).or_default();
        if taken.half_open >= HALF_OPEN_MAX || taken.open >= OPEN_MAX {
            return None;
        }
        taken.half_open += 1;
        taken.open += 1;
        Some(Place { places: self.clone(), host, is_half_open: true })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Taken>> {
        self.0.lock().expect("nobody panics while holding this lock")
    }
}

impl Place {
    /// The same for a connection whose other side is known now.
    pub(crate) fn opened(mut self) -> Self {
        if let Some(taken) = self.places.all().get_mut(&self.host) {
            taken.half_open -= 1;
        }
        self.is_half_open = false;
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.places.all();
        let Some(taken) = all.get_mut(&self.host) else { return };
        taken.half_open -= usize::from(self.is_half_open);
        taken.open -= 1;
        // Whoever has none is forgotten, so that a thousand hosts a second leave nothing behind.
        if taken.open == 0 {
            all.remove(&self.host);
        }
    }
}

fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << (128 - NETWORK_BITS));
            Ipv6Addr::from_bits(network).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_that_takes_too_much_keeps_no_other_out() {
        let places = Places::default();
        let (greedy, other) = (address("10.0.0.1"), address("10.0.0.2"));
        let mut half_open: Vec<Place> =
            (0..HALF_OPEN_MAX).map(|_| places.enter(greedy).unwrap()).collect();
        assert!(places.enter(greedy).is_none());
        assert!(places.enter(other).is_some());
        half_open.pop();
        half_open.push(places.enter(greedy).expect("one has left"));

        let mut open: Vec<Place> = half_open.into_iter().map(Place::opened).collect();
        while open.len() < OPEN_MAX {
            open.push(
                places.enter(greedy).expect("those whose side is known do not count").opened(),
            );
        }
        assert!(places.enter(greedy).is_none());
        assert!(places.enter(other).is_some());
        drop(open);
        assert_eq!(*places.all(), BTreeMap::new());
    }

    #[test]
    fn a_host_is_one_whichever_way_its_address_is_written() {
        for (one, another, is_same) in [
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            assert_eq!(host(address(one)) == host(address(another)), is_same, "{one} {another}");
        }
    }
}
