//! A program that draws.

use layerw_ecs::World;
use layerw_jobs::Jobs;
use layerw_memory::counting::foreign;
use layerw_render::scene::Scene;
use layerw_render::{Gpu, Picture, Renderer};

use super::{DrawError, Look, PictureOptions, Quality, labels};
use crate::error::Result;

/// A device, what draws on it, and the lists of the picture before.
pub(crate) struct Painter {
    gpu: Gpu,
    renderer: Renderer,
    scene: Scene,
    options: PictureOptions,
}

impl From<layerw_render::DrawError> for DrawError {
    fn from(error: layerw_render::DrawError) -> DrawError {
        DrawError::Device(error.to_string())
    }
}

impl Painter {
    /// Opens a device, any that draws.
    pub(crate) fn new(look: &Look, options: &PictureOptions) -> Result<Painter> {
        let _foreign = foreign();
        let mut gpu = Gpu::open_to_draw().map_err(|none| DrawError::Device(none.to_string()))?;
        let renderer = renderer(&mut gpu, look, options)?;
        Ok(Painter {
            gpu,
            renderer,
            scene: Scene::default(),
            options: *options,
        })
    }

    /// What it draws.
    pub(crate) fn options(&self) -> &PictureOptions {
        &self.options
    }

    /// A picture of the world as it is.
    pub(crate) fn picture(&mut self, look: &Look, world: &World, jobs: &Jobs) -> Result<Picture> {
        let PictureOptions { width, height, .. } = self.options;
        let aspect = width.max(1) as f32 / height.max(1) as f32;
        let camera = look.camera(world);
        look.extract(world, jobs, &mut self.scene, camera, aspect, 0.0);
        let _zone = layerw_trace::zone(labels().draw);
        let _foreign = foreign();
        let picture = self
            .renderer
            .picture(&mut self.gpu, &self.scene, width, height);
        Ok(picture.map_err(DrawError::from)?)
    }

    /// The same as a file.
    pub(crate) fn png(&mut self, look: &Look, world: &World, jobs: &Jobs) -> Result<Vec<u8>> {
        let picture = self.picture(look, world, jobs)?;
        let _foreign = foreign();
        Ok(picture.png())
    }
}

/// What draws on a device as the options say.
pub(super) fn renderer(gpu: &mut Gpu, look: &Look, options: &PictureOptions) -> Result<Renderer> {
    let quality = match options.quality {
        Quality::Auto => None,
        Quality::Low => Some(layerw_render::Quality::Low),
        Quality::Medium => Some(layerw_render::Quality::Medium),
        Quality::High => Some(layerw_render::Quality::High),
    };
    let renderer = Renderer::new(gpu, &look.meshes, quality);
    Ok(renderer.map_err(DrawError::from)?)
}
