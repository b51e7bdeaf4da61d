//! What is the same for a whole picture, as `frame.wgsl` has it, and the lights.

use bytemuck::{Pod, Zeroable};
use glam::camera::rh::{proj::directx, view::look_to_mat4};
use glam::{Mat4, Vec3, Vec4};

use super::clusters::Slices;
use super::quality::Quality;
use crate::scene::{Camera, Lamp, Scene};

/// Lamps that a picture can have; those that reach the eye most strongly are taken.
pub(super) const LAMPS: usize = 256;

/// Spots that can throw shadows.
pub(super) const SPOTS: usize = 4;

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct FrameValues {
    clip: Mat4,
    pub(super) sun_space: Mat4,
    eye: Vec4,
    right: Vec4,
    up: Vec4,
    forward: Vec4,
    sun: Vec4,
    sun_light: Vec4,
    zenith: Vec4,
    horizon: Vec4,
    ground: Vec4,
    size: Vec4,
    depth: Vec4,
    pub(super) spot_space: [Mat4; SPOTS],
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct LampValues {
    at: Vec4,
    colour: Vec4,
    towards: Vec4,
}

/// Whose shadows a picture has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Shadows {
    pub(super) sun: bool,
    pub(super) spots: usize,
}

impl FrameValues {
    pub(super) fn new(
        scene: &Scene,
        [width, height]: [u32; 2],
        quality: Quality,
        lamps: &[Lamp],
        slices: &Slices,
    ) -> (FrameValues, Shadows) {
        let camera = &scene.camera;
        let aspect = width as f32 / height as f32;
        let [right, up, forward] = camera.axes();
        let [half_width, half_height] = camera.half_extent(aspect);
        let sun = scene.sun.and_then(|sun| {
            let towards = sun.towards.try_normalize()?;
            Some((
                towards,
                Vec3::from(sun.colour.rgb()) * sun.strength.max(0.0),
            ))
        });
        let throws = sun.is_some() && camera.shadow_reach > 0.0;
        // -1: no sun at all.
        let (towards, light, shadow) = match sun {
            Some((towards, light)) => (towards, light, f32::from(u8::from(throws))),
            None => (Vec3::Y, Vec3::ZERO, -1.0),
        };
        let sun_space = if throws {
            sun_space(
                camera,
                [half_width, half_height],
                towards,
                quality.sun_map(),
            )
        } else {
            Mat4::IDENTITY
        };
        let mut spot_space = [Mat4::IDENTITY; SPOTS];
        let spots = lamps.iter().filter(|lamp| lamp.is_spot());
        let mut count = 0;
        for (space, lamp) in spot_space.iter_mut().zip(spots).take(quality.spots()) {
            *space = self::spot_space(lamp);
            count += 1;
        }
        let sky = &scene.sky;
        let colour = |colour: crate::scene::Colour, w: f32| Vec3::from(colour.rgb()).extend(w);
        let values = FrameValues {
            clip: camera.projection(aspect) * camera.view(),
            sun_space,
            eye: camera.eye.extend(camera.sane_near()),
            right: (right * half_width).extend(0.0),
            up: (up * half_height).extend(0.0),
            forward: forward.extend(0.0),
            sun: towards.extend(shadow),
            sun_light: light.extend(quality.taps() as f32),
            zenith: colour(sky.zenith, sky.stars),
            horizon: colour(sky.horizon, 0.0),
            ground: colour(sky.ground, 0.0),
            size: Vec4::new(
                width as f32,
                height as f32,
                1.0 / width as f32,
                1.0 / height as f32,
            ),
            depth: Vec4::new(slices.scale, slices.offset, lamps.len() as f32, 0.0),
            spot_space,
        };
        let spots = count;
        (values, Shadows { sun: throws, spots })
    }
}

impl LampValues {
    /// `map` is the number of its shadow map, if it has one.
    pub(super) fn new(lamp: &Lamp, map: Option<usize>) -> LampValues {
        let towards = lamp.towards.normalize_or_zero();
        let end = if lamp.is_spot() {
            libm::cosf(lamp.cone.clamp(0.01, 1.5))
        } else {
            -2.0
        };
        LampValues {
            at: lamp.at.extend(lamp.reach.max(1e-6)),
            colour: (Vec3::from(lamp.colour.rgb()) * lamp.strength.max(0.0)).extend(end),
            towards: towards.extend(map.map_or(-1.0, |map| map as f32)),
        }
    }
}

/// The box around what the camera sees up to where shadows reach, as the sun sees it. It moves by whole texels, so that edges of shadows do not swim.
fn sun_space(camera: &Camera, half: [f32; 2], towards: Vec3, texels: u32) -> Mat4 {
    let reach = camera.shadow_reach;
    // A ball around the part of the pyramid that is seen: through its tip and its foot's corners, or around its foot.
    let corner = (half[0] * half[0] + half[1] * half[1]) * reach * reach;
    let to_middle = (0.5 * (reach * reach + corner) / reach).min(reach);
    let radius = ((reach - to_middle) * (reach - to_middle) + corner).sqrt();
    let side = towards.any_orthonormal_vector();
    let other = towards.cross(side);
    let texel = 2.0 * radius / texels as f32;
    let snapped = |axis: Vec3, centre: Vec3| (axis.dot(centre) / texel).floor() * texel;
    let centre = camera.eye + camera.forward() * to_middle;
    let depth = 2.0 * radius + 2.0 * reach;
    let row = |axis: Vec3, offset: f32, scale: f32| (axis * scale).extend(offset * scale);
    // Depth is 0 towards the sun.
    let nearest = towards.dot(centre) + radius + 2.0 * reach;
    Mat4::from_cols(
        row(side, -snapped(side, centre), 1.0 / radius),
        row(other, -snapped(other, centre), 1.0 / radius),
        row(-towards, nearest, 1.0 / depth),
        Vec4::W,
    )
    .transpose()
}

fn spot_space(lamp: &Lamp) -> Mat4 {
    let towards = lamp.towards.normalize_or(Vec3::NEG_Y);
    let up = towards.any_orthonormal_vector();
    let opening = (2.0 * lamp.cone).clamp(0.02, 3.0);
    let reach = lamp.reach.max(1e-6);
    directx::perspective(opening, 1.0, reach * 0.01, reach) * look_to_mat4(lamp.at, towards, up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_sees_all_that_the_camera_sees_near_by() {
        let camera =
            Camera::new(Vec3::new(5.0, 3.0, -2.0), Vec3::new(-1.0, 1.0, 7.0)).shadows(40.0);
        let half = camera.half_extent(16.0 / 9.0);
        let space = sun_space(&camera, half, Vec3::new(0.3, 0.8, 0.2).normalize(), 2048);
        let [right, up, forward] = camera.axes();
        for corner in 0..8 {
            let sign = |bit: u32| if corner >> bit & 1 == 0 { -1.0 } else { 1.0 };
            let far = if corner < 4 { 0.1 } else { 40.0 };
            let at =
                camera.eye + (forward + right * half[0] * sign(0) + up * half[1] * sign(1)) * far;
            let seen = space.project_point3(at);
            assert!(seen.x.abs() < 1.01 && seen.y.abs() < 1.01, "{at}: {seen}");
            assert!((0.0..=1.0).contains(&seen.z), "{at}: {seen}");
        }
    }
}
