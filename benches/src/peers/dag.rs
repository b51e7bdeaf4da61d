//! The graph that all executors run: layers of nodes, each waiting for some three of the layer before.

/// Layers of a graph, whatever its size.
const LAYERS: usize = 20;

/// Nodes that each waits for, at most.
const WAITS: usize = 3;

/// A directed graph; nodes are numbered so that each waits for lower numbers only.
pub struct Dag {
    before: Vec<Vec<u32>>,
    after: Vec<Vec<u32>>,
}

impl Dag {
    /// `nodes` in layers of equal width, the same graph each time.
    pub fn layered(nodes: usize) -> Dag {
        let width = nodes.div_ceil(LAYERS);
        let mut dag = Dag {
            before: vec![Vec::new(); nodes],
            after: vec![Vec::new(); nodes],
        };
        let mut state = 1_u64;
        for node in width..nodes {
            let layer = node / width;
            for _ in 0..WAITS {
                state = state
                    .wrapping_mul(0x5851_F42D_4C95_7F2D)
                    .wrapping_add(0x1405_7B7E_F767_814F);
                let before = (layer - 1) * width + (state >> 33) as usize % width;
                if !dag.before[node].contains(&(before as u32)) {
                    dag.before[node].push(before as u32);
                    dag.after[before].push(node as u32);
                }
            }
        }
        dag
    }

    pub fn len(&self) -> usize {
        self.before.len()
    }

    /// The nodes that `node` waits for.
    pub fn before(&self, node: usize) -> &[u32] {
        &self.before[node]
    }

    /// The nodes that wait for `node`.
    pub fn after(&self, node: usize) -> &[u32] {
        &self.after[node]
    }

    /// The nodes that wait for nobody.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|&node| self.before(node).is_empty())
    }

    /// The nodes layer by layer; nodes of a layer do not wait for each other.
    pub fn layers(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (nodes, width) = (self.len(), self.len().div_ceil(LAYERS));
        (0..nodes)
            .step_by(width)
            .map(move |first| first..nodes.min(first + width))
    }
}
