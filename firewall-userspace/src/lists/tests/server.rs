//! A web server of one test's own, on the loopback.
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked for: the path, and the header fields in small letters.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    fields: Vec<String>,
}

impl Asked {
    /// The value of a header field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A server that answers as it is told: the status line's end, more header fields, and the body.
pub(super) struct Server {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(super) type Answer = (&'static str, String, Vec<u8>);

impl Server {
    pub(super) fn new(answer: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.unwrap(), &log, &answer);
            }
        });
        Self { addr, asked }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request a connection.
fn serve(stream: &TcpStream, log: &Mutex<Vec<Asked>>, answer: &impl Fn(&Asked, usize) -> Answer) {
    let lines = BufReader::new(stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let lines: Vec<String> = lines.collect();
    let Some(path) = lines.first().and_then(|line| line.split(' ').nth(1)) else { return };
    let asked = Asked { path: path.to_owned(), fields: lines.iter().map(|line| line.to_lowercase()).collect() };
    let turn = log.lock().unwrap().len();
    log.lock().unwrap().push(asked.clone());
    let (status, fields, body) = answer(&asked, turn);
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{fields}\r\n", body.len());
    // Whoever has read enough closes.
    let _ = (&*stream).write_all(head.as_bytes()).and_then(|()| (&*stream).write_all(&body));
}
