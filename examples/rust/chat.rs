//! A chat: two tasks for each connection, and one that owns the room and selects over what happens in it.
//!
//! No lock, and no list of guests that two tasks touch. Each guest has a mailbox of a few lines: who does not read them
//! is shown out, and holds up nobody. `chat ADDRESS` serves there (come with `nc`, and say your name first); without an
//! address two guests of its own meet, and it prints what the first of them saw.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use moonfleet::cancel::CancelToken;
use moonfleet::channel::{self, Receiver, Sender};
use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::{scope, select};

/// Lines that wait for a slow reader, at most.
const MAILBOX: usize = 64;
/// Bytes of one line, at most.
const LINE: u64 = 512;
/// How long a guest may leave his lines unread once they do not fit anywhere any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who comes in. Until he leaves, the room has the only sender of his mailbox.
struct Guest {
    address: SocketAddr,
    name: String,
    mailbox: Sender<String>,
}

/// What a guest does, in the order in which he does it.
enum Act {
    Says(SocketAddr, String),
    Leaves(SocketAddr),
}

/// Where the tasks of a connection tell the room.
#[derive(Clone)]
struct Door {
    arrivals: Sender<Guest>,
    acts: Sender<Act>,
}

/// The task that owns the guests.
fn room(arrivals: Receiver<Guest>, acts: Receiver<Act>, closing: &CancelToken) {
    let mut guests = BTreeMap::new();
    loop {
        select! {
            recv(arrivals) -> guest => {
                let Ok(guest) = guest else { return };
                let news = format!("* {} comes in\n", guest.name);
                guests.insert(guest.address, guest);
                tell_all(&mut guests, &news);
            }
            recv(acts) -> act => match act {
                Ok(Act::Says(address, words)) => {
                    let Some(speaker) = guests.get(&address) else { continue };
                    let line = format!("{}: {words}\n", speaker.name);
                    tell_all(&mut guests, &line);
                }
                Ok(Act::Leaves(address)) => {
                    let Some(guest) = guests.remove(&address) else { continue };
                    tell_all(&mut guests, &format!("* {} leaves\n", guest.name));
                }
                Err(_) => return,
            },
            recv(closing.cancelled()) -> _ => return tell_all(&mut guests, "* the inn closes\n"),
        }
    }
}

/// Puts a line into every mailbox. Who has not read the last so many goes: his mailbox closes with its sender.
fn tell_all(guests: &mut BTreeMap<SocketAddr, Guest>, line: &str) {
    guests.retain(|_, guest| guest.mailbox.try_send(line.to_owned()).is_ok());
}

/// One line without its end; `None` at the end of the stream, or of the room for a line.
fn read_line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    lines.take(LINE).read_line(&mut line).ok()?;
    line.ends_with('\n').then(|| line.trim().to_owned())
}

/// One connection: this task listens to the guest, a second one reads his mail to him.
fn welcome(stream: &TcpStream, address: SocketAddr, door: &Door) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream);
    let Some(name) = read_line(&mut lines) else { return Ok(()) };
    let (mailbox, mail) = channel::bounded::<String>(MAILBOX);
    scope(|s| {
        s.spawn(move || {
            let _unread = mail.iter().try_for_each(|line| (&*stream).write_all(line.as_bytes()));
            // The mailbox is closed, or the guest does not read: either way he hears no more, and says no more.
            stream.shutdown(Shutdown::Both)
        });
        let mut is_open = door.arrivals.send(Guest { address, name, mailbox }).is_ok();
        while is_open && let Some(words) = read_line(&mut lines) {
            is_open = door.acts.send(Act::Says(address, words)).is_ok();
        }
        // If the room is closed, it knows.
        let _ = door.acts.send(Act::Leaves(address));
    });
    Ok(())
}

/// Serves until the listener is closed, each guest in a task of its own.
fn serve(listener: &TcpListener, door: Door) -> io::Result<()> {
    listener.serve(move |stream, address| drop(welcome(&stream, address, &door)))
}

/// Two guests meet; the result is what the first of them saw.
fn meet(server: SocketAddr, closing: &CancelToken) -> io::Result<Vec<String>> {
    let (jim, ann) = (TcpStream::connect(server)?, TcpStream::connect(server)?);
    let (mut jims, mut anns) = (BufReader::new(&jim).lines(), BufReader::new(&ann).lines());
    let mut seen = Vec::new();
    let next = |lines: &mut io::Lines<_>| lines.next().unwrap_or_else(|| Ok("(the end)".to_owned()));
    writeln!(&jim, "Jim")?;
    seen.push(next(&mut jims)?);
    writeln!(&ann, "Ann")?;
    seen.push(next(&mut jims)?);
    writeln!(&jim, "is the ship in?")?;
    seen.push(next(&mut jims)?);
    // Ann answers what she has heard: first that she came in herself.
    let heard = anns.by_ref().nth(1).unwrap_or_else(|| Ok(String::new()))?;
    writeln!(&ann, "I heard '{heard}', and see no ship")?;
    seen.push(next(&mut jims)?);
    ann.shutdown(Shutdown::Write)?;
    seen.push(next(&mut jims)?);
    closing.cancel();
    seen.push(next(&mut jims)?);
    seen.push(next(&mut jims)?);
    Ok(seen)
}

fn main() -> io::Result<()> {
    moonfleet::run(|| {
        let address = std::env::args().nth(1);
        let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
        let server = listener.local_addr()?;
        let (arrivals, arriving) = channel::rendezvous();
        let (acts, acting) = channel::rendezvous();
        let (door, closing) = (Door { arrivals, acts }, CancelToken::new());
        scope(|s| {
            let closing = &closing;
            s.spawn(move || room(arriving, acting, closing));
            if address.is_some() {
                println!("the room is open at {server}");
                return serve(&listener, door);
            }
            s.spawn(|| serve(&listener, door));
            for line in meet(server, closing)? {
                println!("{line}");
            }
            listener.close()
        })
    })
}
