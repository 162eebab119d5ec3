//! How connections are made: a listener, parties that accept in turns and are cancelled at it, and clients that break
//! off. A connection that was made must arrive.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use moonfleet::channel::oneshot;
use moonfleet::net::{TcpListener, TcpStream, UnixStream};
use moonfleet::{JoinHandle, Runtime, time};

use crate::places::Places;
use crate::socket::{Socket, moment};

pub(crate) struct Harbour {
    listener: TcpListener,
    address: SocketAddr,
    arrivals: Mutex<HashMap<SocketAddr, Arrival>>,
    pilots: Mutex<Vec<JoinHandle<Result<(), String>>>>,
}

/// By the client's address: what is there first waits for the other.
enum Arrival {
    Connection(TcpStream),
    Client(oneshot::Sender<TcpStream>),
}

impl Harbour {
    pub(crate) fn open(steady: &Runtime, places: &Arc<Places>, random: &mut Rng) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (arrivals, pilots) = Default::default();
        let harbour = Arc::new(Self { listener, address, arrivals, pilots });
        let pilots = (0..random.usize(1..4)).map(|_| {
            let (harbour, places, mut random) = (Arc::clone(&harbour), Arc::clone(places), random.fork());
            steady.spawn(move || harbour.pilot(&places, &mut random))
        });
        lock(&harbour.pilots).extend(pilots);
        Ok(harbour)
    }

    /// Has connections accepted, by one party after the other, until the listener is closed.
    fn pilot(self: Arc<Self>, places: &Places, random: &mut Rng) -> Result<(), String> {
        let failure = Arc::new(Mutex::new(None));
        loop {
            let (harbour, failing, most) = (Arc::clone(&self), Arc::clone(&failure), random.u32(1..9));
            let party = places.start(random, move |_| {
                for _ in 0..most {
                    match harbour.listener.accept() {
                        Ok((stream, client)) => harbour.land(stream, client),
                        Err(error) => return *lock(&failing) = Some(error.kind()),
                    }
                }
            });
            party.end(random)?;
            let failure = *lock(&failure);
            match failure {
                None => {}
                Some(ErrorKind::NotConnected) => return Ok(()),
                Some(kind) => return Err(format!("accepting failed: {kind}")),
            }
        }
    }

    /// Gives a connection to its client. It may not wait: a cancel must not come between, and lose it.
    fn land(&self, stream: TcpStream, client: SocketAddr) {
        let mut arrivals = lock(&self.arrivals);
        match arrivals.remove(&client) {
            Some(Arrival::Client(waiting)) => {
                drop(arrivals);
                drop(waiting.send(stream));
            }
            // If its client broke off, it stays here to the end of the round.
            _ => drop(arrivals.insert(client, Arrival::Connection(stream))),
        }
    }

    /// Two ends of a connection.
    pub(crate) fn connect(&self, random: &mut Rng) -> io::Result<[Socket; 2]> {
        if random.u32(..3) == 0 {
            let (near, far) = UnixStream::pair()?;
            return Ok([Socket::Unix(near), Socket::Unix(far)]);
        }
        let near = loop {
            let limit = moment(random);
            let connected = match random.u32(..4) {
                0 => TcpStream::connect_timeout(self.address, limit),
                1 => match time::timeout(limit, || TcpStream::connect(self.address)) {
                    Ok(connected) => connected,
                    Err(late) => Err(late.into()),
                },
                _ => TcpStream::connect(self.address),
            };
            match connected {
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                connected => break connected?,
            }
        };
        let client = near.local_addr()?;
        let mut arrivals = lock(&self.arrivals);
        if let Some(Arrival::Connection(far)) = arrivals.remove(&client) {
            return Ok([Socket::Tcp(near), Socket::Tcp(far)]);
        }
        let (landing, landed) = moonfleet::channel::oneshot();
        arrivals.insert(client, Arrival::Client(landing));
        drop(arrivals);
        Ok([Socket::Tcp(near), Socket::Tcp(landed.recv().map_err(io::Error::other)?)])
    }

    /// Ends it, while others accept.
    pub(crate) fn close(&self) -> Result<(), String> {
        self.listener.close().map_err(|error| format!("closing the listener: {error}"))?;
        let pilots = std::mem::take(&mut *lock(&self.pilots));
        pilots.into_iter().try_for_each(|pilot| pilot.join().map_err(|error| error.to_string())?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
