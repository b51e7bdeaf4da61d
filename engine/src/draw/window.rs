//! Pictures in a window.

use layerw_ecs::World;
use layerw_jobs::Jobs;
use layerw_memory::counting::foreign;
use layerw_platform::window::fit;
use layerw_render::scene::{Camera, Scene};
use layerw_render::{Gpu, Renderer, Screen, Window};

use super::present::renderer;
use super::{DrawError, Look, PictureOptions, labels};
use crate::error::Result;

/// A device that draws in a window, and the lists of the picture before.
pub(crate) struct Display {
    gpu: Gpu,
    screen: Screen,
    renderer: Renderer,
    scene: Scene,
    options: PictureOptions,
    ride: Ride,
}

/// What a picture in a window is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Simulated seconds before the last step.
    pub(crate) behind: f32,
    /// Width and height of the window, in pixels.
    pub(crate) window: [u32; 2],
}

/// The way of the camera: it goes from step to step, and pictures are of moments between them.
#[derive(Default)]
struct Ride {
    before: Option<(u64, Camera)>,
    now: Option<(u64, Camera)>,
}

impl Ride {
    /// Where the camera is `behind` steps before `step`, after which it is at `camera`.
    fn at(&mut self, step: u64, camera: Camera, behind: f32) -> Camera {
        if self.now.is_none_or(|(known, _)| known != step) {
            self.before = self.now.filter(|(known, _)| *known < step);
        }
        self.now = Some((step, camera));
        match self.before {
            Some((from, before)) if behind.is_finite() => blend(
                &camera,
                &before,
                (behind / (step - from) as f32).clamp(0.0, 1.0),
            ),
            _ => camera,
        }
    }
}

/// A share of the way from one camera to another.
fn blend(from: &Camera, to: &Camera, share: f32) -> Camera {
    let number = |from: f32, to: f32| from + (to - from) * share;
    Camera {
        eye: from.eye.lerp(to.eye, share),
        target: from.target.lerp(to.target, share),
        up: from.up.lerp(to.up, share),
        opening: number(from.opening, to.opening),
        exposure: number(from.exposure, to.exposure),
        ..*from
    }
}

impl Display {
    /// Opens a device, any that draws in this window.
    pub(crate) fn new<W: Window>(
        look: &Look,
        window: W,
        options: &PictureOptions,
    ) -> Result<Display> {
        let _foreign = foreign();
        let opened = Screen::open(window);
        let (mut gpu, screen) = opened.map_err(|none| DrawError::Window(none.to_string()))?;
        Ok(Display {
            renderer: renderer(&mut gpu, look, options)?,
            gpu,
            screen,
            scene: Scene::default(),
            options: *options,
            ride: Ride::default(),
        })
    }

    /// Draws a picture of the world, in the middle of the window; it is drawn while others work. False where there was nothing to draw on.
    pub(crate) fn show(
        &mut self,
        look: &Look,
        world: &World,
        jobs: &Jobs,
        moment: &Moment,
    ) -> Result<bool> {
        let PictureOptions { width, height, .. } = self.options;
        let place = fit([width, height], moment.window);
        if place.size.contains(&0) {
            return Ok(false);
        }
        let aspect = width.max(1) as f32 / height.max(1) as f32;
        let steps = moment.behind / world.dt() as f32;
        let camera = self.ride.at(world.step(), look.camera(world), steps);
        let scene = &mut self.scene;
        look.extract(world, jobs, scene, camera, aspect, moment.behind);
        let _zone = layerw_trace::zone(labels().draw);
        let _foreign = foreign();
        let shown = self.screen.show(
            &mut self.gpu,
            &mut self.renderer,
            &self.scene,
            [width, height],
            moment.window,
            [place.at[0], place.at[1], place.size[0], place.size[1]],
        );
        Ok(shown.map_err(DrawError::from)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Vec3;

    fn at(x: f32) -> Camera {
        Camera::new(Vec3::new(x, 0.0, 5.0), Vec3::ZERO)
    }

    #[test]
    fn the_camera_rides_from_step_to_step() {
        let mut ride = Ride::default();
        assert_eq!(ride.at(7, at(0.0), 0.5), at(0.0), "nothing is before it");
        assert_eq!(ride.at(8, at(1.0), 0.75).eye.x, 0.25);
        assert_eq!(
            ride.at(8, at(1.0), 0.25).eye.x,
            0.75,
            "still between the same two"
        );
        assert_eq!(
            ride.at(12, at(5.0), 1.0).eye.x,
            4.0,
            "four steps since the last picture"
        );
        assert_eq!(ride.at(3, at(9.0), 1.0), at(9.0), "back in time");
        assert_eq!(ride.at(4, at(8.0), f32::NAN), at(8.0));
    }
}
