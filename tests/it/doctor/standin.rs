//! Servers that answer what neither the cloud nor Postgres of the tests would.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Serves every connection by `serve`, in threads that end with the tests; gives the port.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Takes connections and never says anything.
pub fn silent() -> u16 {
    listen(|stream| {
        thread::sleep(Duration::from_mins(1));
        drop(stream);
    })
}

/// Answers every request with these bytes.
pub fn answering(answer: &str) -> u16 {
    let answer = answer.to_owned();
    listen(move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(answer.as_bytes());
    })
}

/// An HTTP answer with a body.
pub fn http(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// Passes requests on to another port of this machine, and answers with another time of day.
pub fn with_clock_off_by(target: u16, seconds: i64) -> u16 {
    listen(move |mut stream| {
        let request = read_request(&mut stream);
        let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let mut onward = TcpStream::connect(("127.0.0.1", target)).unwrap();
        onward.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        onward.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (before, rest) = answer.split_once("date: ").unwrap();
        let (date, after) = rest.split_once("\r\n").unwrap();
        let date = chrono::DateTime::parse_from_rfc2822(date).unwrap();
        let date = date + chrono::Duration::seconds(seconds);
        let date = date.format("%a, %d %b %Y %H:%M:%S GMT");
        let _ = write!(stream, "{before}date: {date}\r\n{after}");
    })
}

/// Refuses every connection as Postgres does, with this SQLSTATE.
pub fn postgres_refusing(code: &str, message: &str) -> u16 {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    listen(move |mut stream| {
        let mut buffer = [0; 1024];
        // The request for TLS is 8 bytes long.
        if stream.read(&mut buffer).is_ok_and(|read| read == 8) {
            stream.write_all(b"N").unwrap();
            let _ = stream.read(&mut buffer);
        }
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let _ = stream.write_all(&[b"E", &length[..], fields.as_bytes()].concat());
        thread::sleep(Duration::from_millis(200));
    })
}

/// One request: its head, and as much of a body as the head announces.
fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if body.len() >= announced.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}
