//! A viewer in the sense of Tracy: connects to a program over TCP, reads all that it sends until it ends, and holds the
//! zones, frames and plots for a test to check.
//!
//! It shares no code with the client that it listens to. Other crates' tests take it in with
//! `#[path = "../../trace/tests/wire/mod.rs"] mod wire;` and the dependency `lz4_flex`:
//!
//! ```text
//! let port = wire::free_port();
//! let child = Command::new(program).env("TRACY_PORT", port.to_string()).spawn()?;   // waits for viewer_connected()
//! let trace = wire::Viewer::connect(port, Duration::from_secs(60))?.watch()?;       // until the program ends
//! assert_eq!(trace.zone_counts()["step"], 10);
//! ```

mod decode;
mod protocol;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use decode::Decoder;
use protocol::{
    BLOCK_BYTES_MAX, DICTIONARY_BYTES, ON_DEMAND_BYTES, Query, SHIBBOLETH, STATUS_WELCOME, VERSION,
    WELCOME_BYTES, welcome,
};

/// All that a program sent.
#[derive(Debug)]
#[allow(dead_code, reason = "each test looks at what it is about")]
pub struct Trace {
    /// The name of the program.
    pub program: String,
    /// Threads that sent zones, by id.
    pub threads: Vec<Thread>,
    /// Times of the main frame's marks, in ns.
    pub frames_ns: Vec<u64>,
    /// Plots by name.
    pub plots: BTreeMap<String, Plot>,
}

/// One thread.
#[derive(Debug)]
#[allow(dead_code, reason = "each test looks at what it is about")]
pub struct Thread {
    /// The system's id of the thread.
    pub id: u32,
    /// Its name; Tracy calls the first thread `Main thread` whatever it was named.
    pub name: String,
    /// Its zones in order of their begin.
    pub zones: Vec<Zone>,
}

/// One zone.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "each test looks at what it is about")]
pub struct Zone {
    /// What ran.
    pub name: String,
    /// The number that it carries.
    pub value: Option<u64>,
    /// Begin, in ns of the program's clock.
    pub begin_ns: u64,
    /// End; None when the program ended within the zone.
    pub end_ns: Option<u64>,
    /// Index of the zone around it in [`Thread::zones`].
    pub parent: Option<usize>,
    /// How many zones are around it.
    pub depth: usize,
}

/// One plot.
#[derive(Debug, Default, Clone)]
pub struct Plot {
    /// The values that it was given; those of one thread are in order.
    pub values: Vec<f64>,
    /// How it is shown: 0 numbers, 1 bytes, 2 per cent.
    pub format: u8,
}

impl Trace {
    /// How often each zone ran, over all threads.
    pub fn zone_counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for zone in self.threads.iter().flat_map(|thread| &thread.zones) {
            *counts.entry(zone.name.as_str()).or_default() += 1;
        }
        counts
    }
}

/// A connection to a running program.
pub struct Viewer {
    stream: TcpStream,
    program: String,
    ns_per_tick: f64,
    /// The end of what was decompressed so far.
    dictionary: Vec<u8>,
}

/// How long to wait for bytes before the program counts as hung.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A port of the loopback that is free now.
pub fn free_port() -> u16 {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

impl Viewer {
    /// Connects to the program that listens on `port`, trying for `patience` while it starts.
    pub fn connect(port: u16, patience: Duration) -> io::Result<Viewer> {
        let deadline = Instant::now() + patience;
        let mut stream = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.write_all(SHIBBOLETH)?;
        stream.write_all(&VERSION.to_le_bytes())?;

        let [status] = read(&mut stream)?;
        if status != STATUS_WELCOME {
            let refusal = format!("the program refuses protocol {VERSION} with status {status}");
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, refusal));
        }
        let message: [u8; WELCOME_BYTES] = read(&mut stream)?;
        if message[welcome::FLAGS] & 1 != 0 {
            let _: [u8; ON_DEMAND_BYTES] = read(&mut stream)?;
        }
        let timer_mul = &message[welcome::TIMER_MUL..][..8];
        let program = String::from_utf8_lossy(&message[welcome::PROGRAM]);
        Ok(Viewer {
            stream,
            program: program.trim_end_matches('\0').to_owned(),
            ns_per_tick: f64::from_le_bytes(timer_mul.try_into().expect("eight bytes")),
            dictionary: Vec::new(),
        })
    }

    /// Reads until the program ends, then lets it go.
    pub fn watch(mut self) -> io::Result<Trace> {
        let mut decoder = Decoder::default();
        let mut block = vec![0; BLOCK_BYTES_MAX];
        while !decoder.is_complete() {
            let length = self.read_block(&mut block)?;
            decoder.block(&block[..length])?;
            for (query, pointer) in decoder.take_queries() {
                self.ask(query, pointer)?;
            }
        }
        self.ask(Query::Terminate, 0)?;
        decoder.finish(self.program, self.ns_per_tick)
    }

    /// One block: its compressed length as u32, then LZ4.
    fn read_block(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let compressed_bytes = u32::from_le_bytes(read(&mut self.stream)?);
        let mut compressed = vec![0; compressed_bytes as usize];
        self.stream.read_exact(&mut compressed)?;
        let length =
            lz4_flex::block::decompress_into_with_dict(&compressed, block, &self.dictionary)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.dictionary.extend_from_slice(&block[..length]);
        let surplus = self.dictionary.len().saturating_sub(DICTIONARY_BYTES);
        self.dictionary.drain(..surplus);
        Ok(length)
    }

    fn ask(&mut self, query: Query, pointer: u64) -> io::Result<()> {
        let mut packet = [0; 13];
        packet[0] = query as u8;
        packet[1..9].copy_from_slice(&pointer.to_le_bytes());
        self.stream.write_all(&packet)
    }
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
