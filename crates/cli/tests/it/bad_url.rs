//! Endpoints that do not answer with a profile.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use crate::gowhy::gowhy;

/// A server that gives each connection the answer, waits, and closes it.
fn serve(answer: &'static [u8], linger: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
            let _ = stream.flush();
            thread::sleep(linger);
        }
    });
    address
}

#[test]
fn not_found() {
    let at = serve(
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n",
        Duration::ZERO,
    );
    let r = gowhy(&["cpu", &at, "-d", "1s"]);
    assert_eq!(r.code, 3);
    assert!(r.err.contains("404 Not Found - not here"), "{}", r.err);
    assert!(r.err.contains("hint: "), "{}", r.err);
}

#[test]
fn a_page_of_a_proxy() {
    let at = serve(
        b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n<html><body>Sign in</body>\n",
        Duration::ZERO,
    );
    let r = gowhy(&["cpu", &at, "-d", "1s"]);
    assert_eq!(r.code, 5);
    assert!(r.err.contains("web page"), "{}", r.err);
    assert!(r.err.contains("curl -v"), "{}", r.err);
}

#[test]
fn closed_half_way() {
    let at = serve(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\x0a\x04",
        Duration::ZERO,
    );
    let r = gowhy(&["cpu", &at, "-d", "1s"]);
    assert_eq!(r.code, 3);
    assert!(
        r.err.contains("closed the connection after 2 bytes"),
        "{}",
        r.err
    );
}

#[test]
fn nobody_there() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = free.local_addr().expect("bound").to_string();
    drop(free);
    let r = gowhy(&["cpu", &at]);
    assert_eq!(r.code, 3);
    assert!(r.err.contains("cannot reach"), "{}", r.err);
}

#[test]
fn one_that_hangs_is_left_in_time() {
    let at = serve(b"", Duration::from_secs(60));
    let began = Instant::now();
    let r = gowhy(&["cpu", &at, "-d", "1s"]);
    assert_eq!(r.code, 3);
    assert!(r.err.contains("did not answer within"), "{}", r.err);
    assert!(began.elapsed() < Duration::from_secs(40));
}
