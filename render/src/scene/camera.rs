//! Where a picture is taken from, and what can be seen from there.

use glam::camera::rh::proj::directx;
use glam::{Mat4, Vec3, Vec4};

/// Where a picture is taken from.
///
/// There is no farthest distance: depth is kept as the reciprocal, which is as fine far away as near by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Where it stands.
    pub eye: Vec3,
    /// What stands in the middle of the picture.
    pub target: Vec3,
    /// What is up in the picture; need not be at a right angle.
    pub up: Vec3,
    /// Angle between the lower and the upper edge of the picture, radians; 0.01 to 3.
    pub opening: f32,
    /// What is nearer than this is not drawn.
    pub near: f32,
    /// How far from the eye the sun throws shadows; 0 for none. Their resolution is spread over it.
    pub shadow_reach: f32,
    /// Brightness of the picture; 1 shows light of 1 almost as it is.
    pub exposure: f32,
}

impl Camera {
    /// A camera at `eye` that looks at `target`, with an opening of 45 degrees.
    pub fn new(eye: Vec3, target: Vec3) -> Camera {
        Camera {
            eye,
            target,
            up: Vec3::Y,
            opening: std::f32::consts::FRAC_PI_4,
            near: 0.1,
            shadow_reach: 100.0,
            exposure: 1.0,
        }
    }

    /// The same with another way up.
    #[must_use]
    pub fn up(self, up: Vec3) -> Camera {
        Camera { up, ..self }
    }

    /// The same with another opening, in degrees.
    #[must_use]
    pub fn opening_degrees(self, degrees: f32) -> Camera {
        let opening = degrees.to_radians();
        Camera { opening, ..self }
    }

    /// The same with another nearest distance.
    #[must_use]
    pub fn near(self, near: f32) -> Camera {
        Camera { near, ..self }
    }

    /// The same with shadows up to another distance; 0 for none.
    #[must_use]
    pub fn shadows(self, shadow_reach: f32) -> Camera {
        Camera {
            shadow_reach,
            ..self
        }
    }

    /// The same, brighter or darker.
    #[must_use]
    pub fn exposure(self, exposure: f32) -> Camera {
        Camera { exposure, ..self }
    }

    /// Where it looks.
    pub fn forward(&self) -> Vec3 {
        (self.target - self.eye)
            .try_normalize()
            .unwrap_or(Vec3::NEG_Z)
    }

    /// To the right, up and forward, at right angles; some such axes where up is forward.
    pub fn axes(&self) -> [Vec3; 3] {
        let forward = self.forward();
        let right = forward
            .cross(self.up)
            .try_normalize()
            .unwrap_or_else(|| forward.any_orthonormal_vector());
        [right, right.cross(forward), forward]
    }

    /// From the world to the camera, which looks along -z.
    pub fn view(&self) -> Mat4 {
        let [right, up, forward] = self.axes();
        let back = -forward;
        let row = |axis: Vec3| axis.extend(-axis.dot(self.eye));
        Mat4::from_cols(row(right), row(up), row(back), Vec4::W).transpose()
    }

    /// From the camera to the picture, with depth 1 at the nearest distance and 0 infinitely far away.
    pub fn projection(&self, aspect: f32) -> Mat4 {
        directx::perspective_infinite_reverse(self.sane_opening(), aspect, self.sane_near())
    }

    /// Half the height and half the width of what is seen at distance 1.
    pub(crate) fn half_extent(&self, aspect: f32) -> [f32; 2] {
        let half = libm::tanf(0.5 * self.sane_opening());
        [half * aspect, half]
    }

    /// What is seen from here in a picture of this width by height.
    pub fn frustum(&self, aspect: f32) -> Frustum {
        let [right, up, forward] = self.axes();
        let [half_width, half_height] = self.half_extent(aspect);
        let through = |inward: Vec3| plane(inward.normalize(), self.eye);
        Frustum {
            planes: [
                through(right + forward * half_width),
                through(-right + forward * half_width),
                through(up + forward * half_height),
                through(-up + forward * half_height),
                plane(forward, self.eye + forward * self.sane_near()),
            ],
            eye: self.eye,
            shade: 2.0 * self.shadow_reach.max(0.0),
        }
    }

    fn sane_opening(&self) -> f32 {
        // `clamp` keeps a NaN.
        if self.opening.is_finite() {
            self.opening.clamp(0.01, 3.0)
        } else {
            std::f32::consts::FRAC_PI_4
        }
    }

    pub(crate) fn sane_near(&self) -> f32 {
        self.near.max(1e-6)
    }
}

fn plane(normal: Vec3, point: Vec3) -> Vec4 {
    normal.extend(-normal.dot(point))
}

/// What can be seen from a camera, and what may throw a shadow into that.
#[derive(Clone, Copy, Debug)]
pub struct Frustum {
    /// Inward normals with distances.
    planes: [Vec4; 5],
    eye: Vec3,
    /// How far from the eye shadows may come from.
    shade: f32,
}

/// Whether something concerns a picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sight {
    /// It can be seen.
    Seen,
    /// It cannot, but its shadow may.
    Shades,
    /// Neither.
    Hidden,
}

impl Frustum {
    /// What becomes of a ball. One that is not a number is hidden.
    #[inline]
    pub fn sight(&self, centre: Vec3, radius: f32) -> Sight {
        let inside = |plane: &Vec4| plane.truncate().dot(centre) + plane.w > -radius;
        if self.planes.iter().all(inside) {
            return Sight::Seen;
        }
        let reach = self.shade + radius;
        match (centre - self.eye).length_squared() < reach * reach && self.shade > 0.0 {
            true => Sight::Shades,
            false => Sight::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_what_is_projected_into_the_picture() {
        let camera = Camera::new(Vec3::new(3.0, 4.0, 5.0), Vec3::new(1.0, 0.0, -2.0)).shadows(0.0);
        let frustum = camera.frustum(1.5);
        let clip = camera.projection(1.5) * camera.view();
        let mut seen = 0;
        for place in 0..4096 {
            let side = |shift: u32| ((place >> shift) & 15) as f32 * 1.5 - 12.0;
            let point = Vec3::new(side(0), side(4), side(8));
            let at = clip * point.extend(1.0);
            let shown = at.w > 0.0 && at.x.abs() < at.w && at.y.abs() < at.w && at.z < at.w;
            let expected = if shown { Sight::Seen } else { Sight::Hidden };
            assert_eq!(frustum.sight(point, 0.0), expected, "{point}");
            seen += usize::from(shown);
        }
        assert!((50..2000).contains(&seen), "{seen}");
        assert_eq!(frustum.sight(Vec3::NAN, 1.0), Sight::Hidden);
    }

    #[test]
    fn what_is_behind_may_throw_a_shadow() {
        let camera = Camera::new(Vec3::ZERO, Vec3::NEG_Z).shadows(10.0);
        let frustum = camera.frustum(1.0);
        assert_eq!(frustum.sight(Vec3::Z * 15.0, 1.0), Sight::Shades);
        assert_eq!(frustum.sight(Vec3::Z * 25.0, 1.0), Sight::Hidden);
        assert_eq!(frustum.sight(Vec3::Z * 0.5, 1.0), Sight::Seen);
    }

    #[test]
    fn cameras_that_look_nowhere_are_cameras() {
        for camera in [
            Camera::new(Vec3::ONE, Vec3::ONE),
            Camera::new(Vec3::ZERO, Vec3::Y),
            Camera::new(Vec3::ZERO, Vec3::X).up(Vec3::ZERO).near(0.0),
            Camera::new(Vec3::ZERO, Vec3::X).opening_degrees(f32::NAN),
        ] {
            let clip = camera.projection(1.0) * camera.view();
            assert!(clip.is_finite(), "{camera:?}: {clip}");
            assert!(clip.determinant() != 0.0, "{camera:?}");
        }
    }
}
