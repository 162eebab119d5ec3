//! A downloader: some files at a time, each with a bar, and whatever fails, fails alone.
//!
//! `downloader URL..` saves `http://..` URLs in the current folder. Without a URL it downloads from a server of its own,
//! and prints what came. The bars are on stderr, and not there if that is no terminal.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use moonfleet::fs::{self, File};
use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::sync::Semaphore;
use moonfleet::{scope, time};

/// Downloads at a time, at most.
const AT_A_TIME: usize = 3;
/// How long a server may keep us waiting for the next bytes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of the head of an answer, at most.
const MOST_HEAD: u64 = 16 << 10;

/// `http://host:port/path`, taken apart.
#[derive(Clone, Copy)]
struct Url<'a> {
    host: &'a str,
    path: &'a str,
}

impl<'a> Url<'a> {
    fn parse(text: &'a str) -> io::Result<Self> {
        let wrong = || invalid(format!("'{text}' is no URL of the form http://host/path"));
        let (host, path) =
            text.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_graphic());
        (is_plain(host) && is_plain(path)).then_some(Self { host, path }).ok_or_else(wrong)
    }

    /// The name of the file to save it as.
    fn name(self) -> &'a str {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        if matches!(name, "" | "." | "..") { "index.html" } else { name }
    }

    fn address(self) -> String {
        if self.host.contains(':') { self.host.to_owned() } else { format!("{}:80", self.host) }
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// Reads the head of an answer: the length of the body, if it was told.
fn read_head(answer: &mut impl BufRead) -> io::Result<Option<u64>> {
    let (mut head, mut limited) = (Vec::new(), answer.take(MOST_HEAD));
    while !head.ends_with(b"\r\n\r\n") {
        if limited.read_until(b'\n', &mut head)? == 0 {
            return Err(invalid(format!("the head of the answer breaks off after {} bytes", head.len())));
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    parsed.parse(&head).map_err(|error| invalid(format!("the answer is no HTTP: {error}")))?;
    match parsed.code {
        Some(200) => {}
        code => return Err(io::Error::other(format!("the server says {}", code.unwrap_or_default()))),
    }
    let len = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let number = |value| str::from_utf8(value).ok()?.parse().ok();
    len.map(|len| number(len.value).ok_or_else(|| invalid("a length that is no number".to_owned())))
        .transpose()
}

/// Saves what is at `url` in `folder`; gives its length.
fn download(url: Url<'_>, folder: &Path, bar: &ProgressBar) -> io::Result<u64> {
    // A limit around all of it: looking up the name, and trying one address after the other.
    let mut stream = time::timeout(PATIENCE, || TcpStream::connect(url.address()))??;
    stream.set_read_timeout(Some(PATIENCE))?;
    // In HTTP/1.0 the body comes in one piece, and the connection ends with it.
    stream.write_all(format!("GET /{} HTTP/1.0\r\nhost: {}\r\n\r\n", url.path, url.host).as_bytes())?;
    let mut answer = BufReader::with_capacity(64 << 10, stream);
    let len = read_head(&mut answer)?;
    bar.set_length(len.unwrap_or(0));
    // Under its own name there is the whole file or none.
    let part = folder.join(format!("{}.part", url.name()));
    let body = answer.take(len.unwrap_or(u64::MAX));
    let saved = io::copy(&mut bar.wrap_read(body), &mut File::create(&part)?)?;
    match len {
        Some(len) if saved < len => {
            fs::remove_file(&part)?;
            Err(io::Error::new(ErrorKind::UnexpectedEof, format!("only {saved} bytes of {len} came")))
        }
        _ => fs::rename(&part, folder.join(url.name())).map(|()| saved),
    }
}

/// Downloads all of `urls`, and says of each, in their order, how that went.
fn download_all(urls: &[String], folder: &Path) -> Vec<io::Result<u64>> {
    let (bars, places) = (MultiProgress::new(), Semaphore::new(AT_A_TIME));
    let style = ProgressStyle::with_template("{msg:20} {bar:40} {bytes}/{total_bytes} {bytes_per_sec}");
    let style = style.expect("a template without mistakes");
    let fetch = |url: &str| {
        let _place = places.acquire().expect("nobody closes it");
        let url = Url::parse(url)?;
        let bar = ProgressBar::no_length().with_style(style.clone()).with_message(url.name().to_owned());
        let bar = bars.add(bar);
        download(url, folder, &bar).inspect(|_| bar.finish()).inspect_err(|_| bar.abandon())
    };
    scope(|s| {
        let downloads: Vec<_> = urls.iter().map(|url| s.spawn(|| fetch(url))).collect();
        downloads.into_iter().map(|download| download.join().expect("it does not panic")).collect()
    })
}

/// Answers one request: for `/N.bin` there are N bytes, for `/N.cut` half of those, and else nothing.
fn serve(stream: &TcpStream) -> io::Result<()> {
    let mut request = String::new();
    let mut lines = BufReader::new(stream);
    while !request.ends_with("\r\n\r\n") && lines.read_line(&mut request)? > 0 {}
    let file = request.split(' ').nth(1).and_then(|path| path.strip_prefix('/')?.split_once('.'));
    let Some((Ok(len), end)) = file.map(|(len, end)| (len.parse::<u64>(), end)) else {
        return (&*stream).write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    };
    (&*stream).write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n").as_bytes())?;
    let comes = if end == "cut" { len / 2 } else { len };
    io::copy(&mut io::repeat(b'~').take(comes), &mut &*stream).map(drop)
}

/// Downloads from a server of our own, in a folder that goes with it.
fn rehearse() -> io::Result<()> {
    let (listener, folder) = (TcpListener::bind("127.0.0.1:0")?, fs::tempdir()?);
    let server = listener.local_addr()?;
    scope(|s| {
        s.spawn(|| listener.serve(|stream, _| drop(serve(&stream))));
        let files =
            ["1000000.bin", "20000000.bin", "0.bin", "300.bin", "77777.cut", "nothing", "4000000.bin"];
        let urls = files.map(|file| format!("http://{server}/{file}"));
        report(&files, download_all(&urls, folder.path()));
        listener.close()
    })?;
    let mut saved: Vec<_> =
        fs::read_dir(folder.path())?.map(|entry| entry.map(|e| e.file_name())).collect::<Result<_, _>>()?;
    saved.sort();
    println!("in the folder: {saved:?}");
    Ok(())
}

/// Says how each download went; gives how many failed.
fn report(files: &[impl AsRef<str>], downloads: Vec<io::Result<u64>>) -> usize {
    let failed = downloads.iter().filter(|download| download.is_err()).count();
    for (file, download) in files.iter().zip(downloads) {
        match download {
            Ok(len) => println!("{}: {len} bytes", file.as_ref()),
            Err(error) => println!("{}: {error}", file.as_ref()),
        }
    }
    failed
}

fn main() -> io::Result<()> {
    let urls: Vec<_> = std::env::args().skip(1).collect();
    moonfleet::run(|| {
        if urls.is_empty() {
            return rehearse();
        }
        match report(&urls, download_all(&urls, Path::new("."))) {
            0 => Ok(()),
            failed => Err(io::Error::other(format!("{failed} of {} downloads failed", urls.len()))),
        }
    })
}
