//! What arrives at a socket that listens as a service manager does.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::SocketAddr;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(30);

fn next(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let n = socket.recv(&mut buffer).expect("a message comes");
    String::from_utf8_lossy(&buffer[..n]).into_owned()
}

/// Nothing waits.
fn assert_silent(socket: &UnixDatagram) {
    socket.set_nonblocking(true).expect("it is open");
    let err = socket.recv(&mut [0; 8]).expect_err("nothing was to be sent");
    assert_eq!(err.kind(), io::ErrorKind::WouldBlock);
    socket.set_nonblocking(false).expect("it is open");
}

fn listen(folder: &tempfile::TempDir) -> (UnixDatagram, OsString) {
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("the folder is new");
    socket.set_read_timeout(Some(TIMEOUT)).expect("it is open");
    (socket, path.into())
}

#[test]
fn each_message_is_sent_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, address) = listen(&folder);
    let manager = ServiceManager::at(&address, None).expect("somebody listens");
    let other = manager.clone();
    for _ in 0..2 {
        manager.status("standing by\nREADY=1");
        manager.ready();
        other.stopping();
        // No watchdog watches.
        other.part().beat();
    }
    assert_eq!(next(&socket), "STATUS=standing by\\nREADY=1");
    assert_eq!(next(&socket), "READY=1");
    assert_eq!(next(&socket), "STOPPING=1");
    assert_silent(&socket);
}

#[test]
fn the_watchdog_hears_of_all_parts_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, address) = listen(&folder);
    let manager = ServiceManager::at(&address, Some(TIMEOUT)).expect("somebody listens");
    let (a, b) = (manager.part(), manager.part());
    a.beat();
    a.beat();
    assert_silent(&socket);
    b.beat();
    assert_eq!(next(&socket), "WATCHDOG=1");
    // Not so soon again.
    a.beat();
    b.beat();
    assert_silent(&socket);
}

#[test]
fn a_name_without_a_file_is_an_address_too() {
    let name = format!("xmlx-notify-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("the name is short");
    let socket = UnixDatagram::bind_addr(&address).expect("nobody else has the name");
    let manager = ServiceManager::at(OsStr::new(&format!("@{name}")), None);
    manager.expect("somebody listens").ready();
    assert_eq!(next(&socket), "READY=1");
}

#[test]
fn a_manager_that_is_not_there_is_an_error() {
    assert!(ServiceManager::at(OsStr::new("/no/such/socket"), None).is_err());
    // What only some systems allow must not end a program that would work without it.
    ServiceManager::default().part().beat();
}

#[test]
fn a_manager_that_reads_nothing_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_socket, address) = listen(&folder);
    let manager = ServiceManager::at(&address, None).expect("somebody listens");
    for n in 0..10_000 {
        manager.status(&n.to_string());
    }
}
