//! `sim.gpu(…)`: a shader and its twin.

use layerw_ecs::row::IntoRow;
use layerw_ecs::schedule::Entry;
use layerw_ecs::system::SystemDecl;
use layerw_ecs::whole::IntoWhole;
use layerw_render::{Class, Kernel, Source};

use super::super::GpuError;
use super::check;
use crate::error::Result;
use crate::sim::Sim;

/// The passes of a simulation, in written order.
#[derive(Default)]
pub(crate) struct Passes {
    pub(super) list: Vec<PassSpec>,
}

/// A pass whose shader was checked.
pub(super) struct PassSpec {
    /// Where its twin stands among the systems.
    pub(super) place: usize,
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) kernel: Kernel,
}

/// A GPU pass without its twin; see [`Sim::gpu`].
#[must_use = "a pass is added with its twin: `.exact(…)` or `.visual(…)`"]
pub struct GpuPass<'s> {
    sim: &'s mut Sim,
    name: String,
    source: Source,
}

/// Invocations of a group while nobody knows the adapter.
const WORKGROUP: u32 = 64;

impl Sim {
    /// Begins a GPU pass: a kernel in WGSL that is called for each row, completed by its twin on the CPU.
    ///
    /// The shader is the declaration. Its structs are named after components, and `read` or `read_write` says what happens to them:
    ///
    /// ```
    /// use layerw::{Cx, Sim, component};
    /// #[component]
    /// struct Height(f32);
    /// #[component]
    /// struct Speed(f32);
    ///
    /// fn fall(height: &mut Height, speed: &Speed, cx: Cx) {
    ///     height.0 += speed.0 * cx.dt;
    /// }
    ///
    /// let mut sim = Sim::new();
    /// sim.world.spawn((Height(10.0), Speed(-1.0)));
    /// sim.gpu(
    ///     "fall",
    ///     "struct Height { value: f32 }
    ///     struct Speed { value: f32 }
    ///     var<storage, read> speeds: array<Speed>;
    ///     var<storage, read_write> heights: array<Height>;
    ///     fn row(row: u32) {
    ///         heights[row].value += speeds[row].value * cx.dt;
    ///     }",
    /// )
    /// .exact(fall)?;
    /// # Ok::<(), layerw::Error>(())
    /// ```
    ///
    /// `cx` holds `dt`, `step` (and `step_high`), `rows` and `first`. An array that is indexed with the argument of `row` alone is the rows' own; others hold all rows of the component, in
    /// the order of a query, with the values from before the pass. [`wgsl!`](crate::wgsl) takes the text from a file.
    pub fn gpu(&mut self, name: &str, wgsl: impl Into<Source>) -> GpuPass<'_> {
        let source = wgsl.into().named(&format!("{name}.wgsl"));
        GpuPass {
            sim: self,
            name: name.to_owned(),
            source,
        }
    }
}

impl<'s> GpuPass<'s> {
    /// Adds the pass as exact: the twin, a function over one row, gives the same bits, so it does not matter which of them runs. The shader may use integers, comparisons,
    /// `+`, `-`, `*`, `abs`, `min` and `max` (as `if a < b { a } else { b }`) and conversions; anything else is refused.
    ///
    /// The twin records no commands and has no filter on changes.
    ///
    /// # Errors
    /// [`GpuError::Shader`]: the shader is wrong, uses what is not exact, or does not fit the components or the twin.
    pub fn exact<Marker>(self, twin: impl IntoRow<Marker>) -> Result<&'s mut Sim> {
        self.add(Class::Exact, twin.decl().finish())
    }

    /// Adds the pass as exact, with a twin that takes queries, for shaders that look at all rows. It visits the entities that have the components whose own rows the shader touches.
    ///
    /// # Errors
    /// As [`GpuPass::exact`].
    pub fn exact_system<Marker>(self, twin: impl IntoWhole<Marker>) -> Result<&'s mut Sim> {
        self.add(Class::Exact, twin.decl().finish())
    }

    /// Adds the pass as visual: any shader, whose results may differ between adapters and from the twin's. It may write only components that are declared
    /// `#[component(unhashed)]`.
    ///
    /// # Errors
    /// As [`GpuPass::exact`], and where it writes a component that is hashed.
    pub fn visual<Marker>(self, twin: impl IntoRow<Marker>) -> Result<&'s mut Sim> {
        self.add(Class::Visual, twin.decl().finish())
    }

    /// Adds the pass as visual, with a twin that takes queries.
    ///
    /// # Errors
    /// As [`GpuPass::visual`].
    pub fn visual_system<Marker>(self, twin: impl IntoWhole<Marker>) -> Result<&'s mut Sim> {
        self.add(Class::Visual, twin.decl().finish())
    }

    fn add(self, class: Class, twin: SystemDecl) -> Result<&'s mut Sim> {
        let GpuPass { sim, name, source } = self;
        let refused = |error: layerw_render::ShaderError| GpuError::Shader(error.to_string());
        let kernel = Kernel::new(&source, class, WORKGROUP).map_err(refused)?;
        let mut twin = SystemDecl {
            name: name.clone(),
            ..twin
        };
        let access = twin.system.declare(&mut sim.world)?;
        check::check(&kernel, &access, &sim.world).map_err(refused)?;
        sim.gpu.list.push(PassSpec {
            place: sim.systems.len(),
            name,
            source,
            kernel,
        });
        sim.systems.push(Entry::System(twin));
        Ok(sim)
    }
}
