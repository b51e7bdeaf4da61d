//! How long passes take on the device, by its own clock.

/// Passes between two readings that are timed; more go untimed.
const PASSES: u32 = 64;

pub(super) struct Timing {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    /// Nanoseconds of a tick.
    period: f32,
    /// Whose each pair is.
    passes: Vec<usize>,
    /// Those that are on their way back.
    sent: Vec<usize>,
    /// Nanoseconds and runs of each pass.
    sums: Vec<(u64, u64)>,
}

impl Timing {
    /// Of a pair of times.
    pub(super) const BYTES: u64 = 16;

    pub(super) fn new(device: &wgpu::Device, period: f32) -> Timing {
        Timing {
            set: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("layerw times"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * PASSES,
            }),
            resolved: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("layerw times"),
                size: Timing::BYTES * u64::from(PASSES),
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
            period,
            passes: Vec::with_capacity(PASSES as usize),
            sent: Vec::with_capacity(PASSES as usize),
            sums: Vec::new(),
        }
    }

    /// Bytes that all pairs take at most.
    pub(super) fn bytes(&self) -> u64 {
        Timing::BYTES * u64::from(PASSES) + 8
    }

    pub(super) fn pending(&self) -> usize {
        self.passes.len()
    }

    /// Knows a pass of this number.
    pub(super) fn know(&mut self, pass: usize) {
        if self.sums.len() <= pass {
            self.sums.resize(pass + 1, (0, 0));
        }
    }

    /// Times a pass, if there is room.
    pub(super) fn begin(&mut self, pass: usize) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let pair = self.passes.len() as u32;
        if pair >= PASSES {
            return None;
        }
        self.passes.push(pass);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(2 * pair),
            end_of_pass_write_index: Some(2 * pair + 1),
        })
    }

    /// Sends all pairs to a place of a buffer; how many.
    pub(super) fn resolve(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &wgpu::Buffer,
        at: u64,
    ) -> u32 {
        let pairs = self.passes.len() as u32;
        encoder.resolve_query_set(&self.set, 0..2 * pairs, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(
            &self.resolved,
            0,
            target,
            at,
            Timing::BYTES * u64::from(pairs),
        );
        std::mem::swap(&mut self.sent, &mut self.passes);
        self.passes.clear();
        pairs
    }

    /// Adds up what came back.
    pub(super) fn take(&mut self, bytes: &[u8], pairs: u32) {
        for (pair, &pass) in bytes.chunks_exact(16).zip(&self.sent).take(pairs as usize) {
            let (begin, end) = pair.split_at(8);
            let [begin, end] =
                [begin, end].map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
            let ns = end.saturating_sub(begin) as f64 * f64::from(self.period);
            let sum = &mut self.sums[pass];
            *sum = (sum.0 + ns as u64, sum.1 + 1);
        }
        if pairs > 0 {
            self.sent.clear();
        }
    }

    pub(super) fn sum(&self, pass: usize) -> (u64, u64) {
        self.sums.get(pass).copied().unwrap_or_default()
    }
}
