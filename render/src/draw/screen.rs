//! Pictures in a window.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wgpu::CurrentSurfaceTexture as Current;
use wgpu::rwh::{HasDisplayHandle, HasWindowHandle};

use super::error::DrawError;
use super::{Canvas, Renderer};
use crate::device;
use crate::error::NoGpu;
use crate::scene::Scene;
use crate::work::Gpu;

/// Pictures that the device may be behind: one is shown and one drawn.
const LATENCY: u32 = 2;

/// Surfaces that a picture is tried on until it is left out.
const TRIES: usize = 3;

/// What a window has to be: a handle, of which clones are the same window.
pub trait Window:
    HasWindowHandle + HasDisplayHandle + Clone + Debug + Send + Sync + 'static
{
}

impl<W: HasWindowHandle + HasDisplayHandle + Clone + Debug + Send + Sync + 'static> Window for W {}

/// Makes a surface of a window.
type Make = dyn Fn(&wgpu::Instance) -> Result<wgpu::Surface<'static>, NoGpu> + Send;

/// A window as something to draw on.
pub struct Screen {
    instance: wgpu::Instance,
    /// Makes it anew, where the window system has taken it away.
    make: Box<Make>,
    /// None where it could not be made again.
    surface: Option<wgpu::Surface<'static>>,
    settings: wgpu::SurfaceConfiguration,
    /// Whether the surface has the settings.
    is_set: bool,
}

impl Screen {
    /// Opens the best adapter that draws in a window.
    ///
    /// # Errors
    /// There is none, it gives no device, or the window is gone.
    pub fn open<W: Window>(window: W) -> Result<(Gpu, Screen), NoGpu> {
        // OpenGL wants to know the display from the beginning.
        let descriptor =
            wgpu::InstanceDescriptor::new_with_display_handle(Box::new(window.clone()));
        let instance = wgpu::Instance::new(descriptor);
        let make = move |instance: &wgpu::Instance| {
            let surface = instance.create_surface(window.clone());
            surface.map_err(|error| NoGpu::NoSurface {
                why: device::one_line(&error.to_string()),
            })
        };
        let surface = make(&instance).map_err(|refused| match device::has_adapters(&instance) {
            true => refused,
            false => NoGpu::NothingShows,
        })?;
        let (opened, can) = device::open_on(&instance, &surface)?;
        // Colours are given the curve of a screen by the device where it can, otherwise by the last pass.
        let coded = can.formats.iter().find(|format| format.is_srgb());
        let screen = Screen {
            settings: wgpu::SurfaceConfiguration {
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                format: *coded.unwrap_or(&can.formats[0]),
                color_space: wgpu::SurfaceColorSpace::Auto,
                width: 0,
                height: 0,
                present_mode: wgpu::PresentMode::AutoVsync,
                desired_maximum_frame_latency: LATENCY,
                alpha_mode: wgpu::CompositeAlphaMode::Auto,
                view_formats: Vec::new(),
            },
            instance,
            make: Box::new(make),
            surface: Some(surface),
            is_set: false,
        };
        Ok((Gpu::with(opened), screen))
    }

    /// Draws a scene, `picture` pixels wide and high, into a `place` (left and upper edge, width and height) of the window, which is `window` pixels wide and high, and hands it to the
    /// display. The device draws while others work; it is waited for only where it is two pictures behind. False where there was nothing to draw on just now.
    ///
    /// # Errors
    /// The device is lost, cannot draw so many pixels, or the window is gone.
    pub fn show(
        &mut self,
        gpu: &mut Gpu,
        renderer: &mut Renderer,
        scene: &Scene,
        picture: [u32; 2],
        window: [u32; 2],
        place: [u32; 4],
    ) -> Result<bool, DrawError> {
        let most = gpu.device.limits().max_texture_dimension_2d;
        let fits = place[0].saturating_add(place[2]) <= window[0]
            && place[1].saturating_add(place[3]) <= window[1];
        if window.contains(&0) || window.iter().any(|edge| *edge > most) || !fits {
            return Ok(false);
        }
        if [self.settings.width, self.settings.height] != window {
            [self.settings.width, self.settings.height] = window;
            self.is_set = false;
        }
        let Some(texture) = self.next(gpu)? else {
            return Ok(false);
        };
        let onto = texture
            .texture
            .create_view(&wgpu::TextureViewDescriptor::default());
        let onto = Canvas {
            view: &onto,
            format: self.settings.format,
            place: Some(place),
        };
        renderer.draw(gpu, scene, picture, &onto)?;
        gpu.submit();
        gpu.queue.present(texture);
        // Brings back memory of pictures that are drawn.
        let _ = gpu.device.poll(wgpu::PollType::Poll);
        gpu.check()?;
        Ok(true)
    }

    /// The next texture to draw on, which may take until the display has shown another one; None where there is none just now.
    fn next(&mut self, gpu: &Gpu) -> Result<Option<wgpu::SurfaceTexture>, DrawError> {
        for _ in 0..TRIES {
            // A window that changes while it is asked is no fault of the device's.
            let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
            let surface = match &self.surface {
                Some(surface) => surface,
                None => self.surface.insert((self.make)(&self.instance)?),
            };
            if !self.is_set {
                surface.configure(&gpu.device, &self.settings);
                self.is_set = true;
            }
            // It panics where the display has gone away.
            let current = catch_unwind(AssertUnwindSafe(|| surface.get_current_texture()));
            let refused = pollster::block_on(scope.pop()).is_some();
            let Ok(current) = current else {
                self.surface = None;
                return Err(gpu.lost("the display is gone".to_owned()).into());
            };
            match current {
                Current::Success(texture) | Current::Suboptimal(texture) if !refused => {
                    return Ok(Some(texture));
                }
                Current::Timeout | Current::Occluded => return Ok(None),
                Current::Lost => {
                    gpu.check()?;
                    // A window has one surface at a time.
                    self.surface = None;
                    self.is_set = false;
                }
                _ => self.is_set = false,
            }
        }
        gpu.check()?;
        Ok(None)
    }
}
