//! An HTTP/1.1 server of files, over httparse: connections that are kept, `GET` and `HEAD`, and no patience with who is
//! slow or sly.
//!
//! One task serves one connection, from top to bottom. `http_files ADDRESS [FOLDER]` serves a folder there; without an
//! address it serves one of its own, and prints what some clients got, decent ones and others.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use httparse::{EMPTY_HEADER, Error, Status};
use moonfleet::fs::{self, File};
use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::{scope, time};

/// Bytes of the head of a request, and header lines in it, at most.
const MOST_HEAD: usize = 8 << 10;
const MOST_HEADERS: usize = 64;
/// Connections at a time, at most. More wait in the listener's queue.
const MOST_CONNECTIONS: usize = 10_000;

/// A folder that is served.
struct Site {
    /// Without links in it, so that what lies inside begins with it.
    root: PathBuf,
    /// For how long a client may keep us waiting: for a request, and for room to write on.
    patience: Duration,
}

/// What was asked for, as far as we care.
struct Request {
    path: String,
    is_head: bool,
    keep_alive: bool,
}

/// The status of an answer that is not a file.
#[derive(Debug)]
struct Refusal(u16);

/// What comes next on a connection.
enum Next {
    Asked(Request),
    Refused(Refusal),
    Over,
}

// ── requests ────────────────────────────────────────────────────────────────────────────────────────────

/// The request that `unread` begins with, and its length; `None` if there is more to come.
fn parse(unread: &[u8]) -> Result<Option<(usize, Request)>, Refusal> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let len = match parsed.parse(unread) {
        Ok(Status::Complete(len)) if len <= MOST_HEAD => len,
        Ok(Status::Partial) if unread.len() < MOST_HEAD => return Ok(None),
        Ok(_) | Err(Error::TooManyHeaders) => return Err(Refusal(431)),
        Err(_) => return Err(Refusal(400)),
    };
    let (Some(method), Some(path), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(Refusal(400));
    };
    let values =
        |name| parsed.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value);
    // Who sends a body with a request that has no use for it may mean to smuggle in another request.
    let has_body =
        values("transfer-encoding").next().is_some() || values("content-length").any(|len| len != b"0");
    let is_head = method == "HEAD";
    match method {
        "GET" | "HEAD" if has_body || (version == 1 && values("host").count() != 1) => Err(Refusal(400)),
        "GET" | "HEAD" => {
            let keep_alive = version == 1 && !values("connection").any(|v| v.eq_ignore_ascii_case(b"close"));
            Ok(Some((len, Request { path: path.to_owned(), is_head, keep_alive })))
        }
        _ => Err(Refusal(405)),
    }
}

/// Reads on until `unread` begins with a whole request, and takes that.
fn read_request(mut stream: &TcpStream, unread: &mut Vec<u8>) -> io::Result<Next> {
    loop {
        match parse(unread) {
            Err(refusal) => return Ok(Next::Refused(refusal)),
            Ok(Some((len, request))) => {
                unread.drain(..len);
                return Ok(Next::Asked(request));
            }
            Ok(None) => {}
        }
        let mut part = [0; 2048];
        match stream.read(&mut part)? {
            0 => return Ok(Next::Over),
            len => unread.extend_from_slice(&part[..len]),
        }
    }
}

// ── answers ─────────────────────────────────────────────────────────────────────────────────────────────

impl Site {
    /// Answers requests until the client has enough, or we of it.
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.patience))?;
        let mut unread = Vec::new();
        loop {
            // The limit is for the whole head: a byte now and then does not buy more time.
            let next = match time::timeout(self.patience, || read_request(stream, &mut unread)) {
                Ok(next) => next?,
                Err(_) if unread.is_empty() => Next::Over,
                Err(_) => Next::Refused(Refusal(408)),
            };
            match next {
                Next::Asked(request) => {
                    self.answer(stream, &request)?;
                    if !request.keep_alive {
                        return Ok(());
                    }
                }
                Next::Refused(Refusal(status)) => {
                    refuse(stream, status, false, false)?;
                    return self.part(stream);
                }
                Next::Over => return Ok(()),
            }
        }
    }

    fn answer(&self, mut stream: &TcpStream, request: &Request) -> io::Result<()> {
        let Some((file, len, kind)) = self.find(&request.path) else {
            return refuse(stream, 404, request.is_head, request.keep_alive);
        };
        write_head(stream, 200, len, kind, request.keep_alive)?;
        if request.is_head {
            return Ok(());
        }
        // What a file has grown by meanwhile is not sent; if it has shrunk, only a cut can say so.
        match io::copy(&mut file.take(len), &mut stream)? {
            sent if sent == len => Ok(()),
            sent => Err(io::Error::other(format!("the file had {len} bytes, and now only {sent}"))),
        }
    }

    /// The file that a path stands for, with its length and kind, if there is one inside the folder.
    fn find(&self, path: &str) -> Option<(File, u64, &'static str)> {
        let mut file = self.root.join(plain_path(path)?);
        if fs::metadata(&file).ok()?.is_dir() {
            file.push("index.html");
        }
        // Links are followed, but not out of the folder; and pipes and devices are no files.
        let file = fs::canonicalize(file).ok().filter(|file| file.starts_with(&self.root))?;
        let len = fs::metadata(&file).ok().filter(|found| found.is_file())?.len();
        Some((File::open(&file).ok()?, len, kind(&file)))
    }

    /// Ends a connection on which there may be more to come: closed at once, that would end it with a reset, which
    /// takes the answer with it.
    fn part(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.shutdown(Shutdown::Write)?;
        let unheard =
            time::timeout(self.patience, || io::copy(&mut (&mut stream).take(1 << 20), &mut io::sink()));
        unheard.map_or(Ok(()), |read| read.map(drop))
    }
}

/// The relative path that the path of a request means; `None` if it leads elsewhere or makes no sense.
fn plain_path(path: &str) -> Option<PathBuf> {
    let path = path.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = String::from_utf8(decode(path.as_bytes())?).ok()?;
    // Decoded first, then looked at: `%2e%2e%2f` is `../`.
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.map(|part| (part != ".." && !part.contains('\0')).then_some(part)).collect()
}

/// Replaces `%41` by `A`, and so on.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = text.iter();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(&byte) = bytes.next() {
        let mut digit = || char::from(*bytes.next()?).to_digit(16);
        decoded.push(if byte == b'%' { (digit()? * 16 + digit()?) as u8 } else { byte });
    }
    Some(decoded)
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        _ => unreachable!("a status that nobody gives"),
    }
}

fn write_head(mut stream: &TcpStream, status: u16, len: u64, kind: &str, keep_alive: bool) -> io::Result<()> {
    let reason = reason(status);
    let allow = if status == 405 { "allow: GET, HEAD\r\n" } else { "" };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    // Written in one piece: each write may become a packet.
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\ncontent-length: {len}\r\n{allow}\
         connection: {connection}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())
}

fn refuse(mut stream: &TcpStream, status: u16, is_head: bool, keep_alive: bool) -> io::Result<()> {
    let body = format!("{}\n", reason(status));
    write_head(stream, status, body.len() as u64, "text/plain", keep_alive)?;
    if is_head { Ok(()) } else { stream.write_all(body.as_bytes()) }
}

// ── a site and clients of our own ───────────────────────────────────────────────────────────────────────

/// What a client gets that sends `words`, and no more: how each answer begins, and how much came in all.
fn ask(server: SocketAddr, words: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(words.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.is_empty() {
        return Ok("no answer".to_owned());
    }
    let statuses: Vec<_> = answer.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")).collect();
    let bodies = answer.split("\r\n\r\n").skip(1).map(|rest| rest.split("HTTP/1.1").next().unwrap_or(rest));
    Ok(format!("{}; {} bytes of body", statuses.join(", "), bodies.map(str::len).sum::<usize>()))
}

fn rehearse(listener: &TcpListener) -> io::Result<()> {
    let folder = fs::tempdir()?;
    let root = fs::canonicalize(folder.path())?.join("site");
    fs::create_dir_all(root.join("decks"))?;
    fs::write(root.join("index.html"), "<h1>Moonfleet</h1>")?;
    fs::write(root.join("decks/lower deck.txt"), "ahoy\n".repeat(200_000))?;
    fs::write(folder.path().join("secret"), "not for you")?;
    fs::symlink(folder.path().join("secret"), root.join("link"))?;
    let site = Arc::new(Site { root, patience: Duration::from_secs(1) });
    let server = listener.local_addr()?;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: sea\r\nconnection: close\r\n\r\n");
    let many = "x: y\r\n".repeat(MOST_HEADERS);
    scope(|s| {
        s.spawn(|| listener.serve(move |stream, _| drop(site.serve(&stream))));
        for (what, words) in [
            ("the page", get("/")),
            ("a large file", get("/decks/lower%20deck.txt?now")),
            ("its head alone", get("/decks/lower%20deck.txt").replace("GET", "HEAD")),
            ("three in one go", get("/").replace("close", "keep-alive").repeat(2) + &get("/nothing")),
            ("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".to_owned()),
            ("out by the parent", get("/../secret")),
            ("out by a disguise", get("/decks/%2e%2e%2f..%2fsecret")),
            ("out by a link", get("/link")),
            ("a folder without a page", get("/decks")),
            ("another method", get("/").replace("GET", "DELETE")),
            ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned()),
            ("a body", get("/").replace("host", "content-length: 5\r\nhost")),
            ("no HTTP", "ahoy there\r\n\r\n".to_owned()),
            ("many headers", get("/").replace("host", &(many + "host"))),
            ("a long path", get(&"/far".repeat(MOST_HEAD))),
            ("half a request", "GET / HTTP/1.1\r\nho".to_owned()),
            ("nothing", String::new()),
        ] {
            println!("{what}: {}", ask(server, &words)?);
        }
        listener.close()
    })
}

fn main() -> io::Result<()> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    moonfleet::run(|| {
        let Some(address) = words.first() else { return rehearse(&TcpListener::bind("127.0.0.1:0")?) };
        let listener = TcpListener::bind(address)?;
        let root = fs::canonicalize(words.get(1).map_or(".", String::as_str))?;
        println!("{} is served at http://{}", root.display(), listener.local_addr()?);
        let site = Site { root, patience: Duration::from_secs(10) };
        listener.serve_at_most(MOST_CONNECTIONS, move |stream, _| drop(site.serve(&stream)))
    })
}
