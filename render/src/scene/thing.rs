//! What stands in lists, as it is uploaded.

use bytemuck::{Pod, Zeroable};
use glam::{Quat, Vec3};

use super::material::{Colour, Material};

/// A mesh at a place.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Instance {
    /// Where its origin is.
    pub at: Vec3,
    /// Its size along its own axes.
    pub size: Vec3,
    /// How it is turned.
    pub turn: Quat,
    /// See [`Colour::packed`]; 0 for that of its material.
    colour: u32,
    /// See `Material::packed`.
    surface: u32,
}

impl Instance {
    /// Where its colour and its surface stand, for whoever reads lists.
    #[cfg(feature = "device")]
    pub(crate) const COLOUR: usize = std::mem::offset_of!(Instance, colour);
    #[cfg(feature = "device")]
    pub(crate) const SURFACE: usize = std::mem::offset_of!(Instance, surface);

    /// As the mesh is, at a place.
    #[inline]
    pub fn at(at: Vec3) -> Instance {
        Instance {
            at,
            size: Vec3::ONE,
            turn: Quat::IDENTITY,
            colour: 0,
            surface: 0,
        }
    }

    /// The same, so many times as large.
    #[inline]
    #[must_use]
    pub fn sized(self, times: f32) -> Instance {
        self.stretched(Vec3::splat(times))
    }

    /// The same, so many times as large along each axis of the mesh.
    #[inline]
    #[must_use]
    pub fn stretched(self, size: Vec3) -> Instance {
        Instance { size, ..self }
    }

    /// The same, turned.
    #[inline]
    #[must_use]
    pub fn turned(self, turn: Quat) -> Instance {
        Instance { turn, ..self }
    }

    /// The same, with the mesh's z along a direction, which is where cones point; unturned if the direction is none.
    #[inline]
    #[must_use]
    pub fn along(self, direction: Vec3) -> Instance {
        // The half way between z and the direction, written out: a quaternion of it needs no angle.
        let length = direction.length();
        let (w, x, y) = (length + direction.z, -direction.y, direction.x);
        let squared = w * w + x * x + y * y;
        let turn = if squared > 1e-12 * length * length && squared.is_finite() {
            let scale = 1.0 / squared.sqrt();
            Quat::from_xyzw(x * scale, y * scale, 0.0, w * scale)
        } else if length > 0.0 {
            // Straight back.
            Quat::from_xyzw(1.0, 0.0, 0.0, 0.0)
        } else {
            Quat::IDENTITY
        };
        Instance { turn, ..self }
    }

    /// The same in a colour of its own in place of its material's. What is seen through stays what the material says.
    #[inline]
    #[must_use]
    pub fn coloured(self, colour: Colour) -> Instance {
        let colour = colour.packed() | 0xff00_0000;
        Instance { colour, ..self }
    }

    /// As it is drawn with a material.
    #[inline]
    pub(crate) fn of(self, material: PackedMaterial) -> Instance {
        let colour = match self.colour {
            0 => material.colour,
            own => own & 0x00ff_ffff | material.colour & 0xff00_0000,
        };
        Instance {
            colour,
            surface: material.surface,
            ..self
        }
    }

    /// Radius of a ball around it, for a mesh of this radius.
    #[inline]
    pub(crate) fn radius(&self, mesh: f32) -> f32 {
        mesh * self.size.abs().max_element()
    }
}

/// A material as it stands in instances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedMaterial {
    colour: u32,
    surface: u32,
}

impl From<&Material> for PackedMaterial {
    fn from(material: &Material) -> PackedMaterial {
        PackedMaterial {
            colour: material.colour.packed(),
            surface: material.packed(),
        }
    }
}

/// A round spot of light that always faces the camera: for particles, stars, glows. Lights add up, so their order does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Dot {
    /// Where it is.
    pub at: Vec3,
    /// Radius: positive in metres, negative in pixels of a picture that is 720 high.
    radius: f32,
    /// See [`Colour::packed`].
    colour: u32,
    /// Brightness in its middle.
    glow: f32,
}

impl Dot {
    /// A spot of this radius, in metres.
    #[inline]
    pub fn new(at: Vec3, radius: f32, colour: Colour) -> Dot {
        Dot {
            at,
            radius: radius.max(0.0),
            colour: colour.packed(),
            glow: 1.0,
        }
    }

    /// A spot of this radius in pixels of a picture that is 720 high, whatever its distance.
    #[inline]
    pub fn pixels(at: Vec3, radius: f32, colour: Colour) -> Dot {
        Dot {
            radius: -radius.max(0.0),
            ..Dot::new(at, 0.0, colour)
        }
    }

    /// The same, so many times as bright.
    #[inline]
    #[must_use]
    pub fn glow(self, glow: f32) -> Dot {
        Dot { glow, ..self }
    }

    /// Radius of a ball around it, as far as the camera has no say.
    #[inline]
    pub(crate) fn radius(&self) -> f32 {
        self.radius.max(0.0)
    }
}

/// A straight line of even width.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Line {
    /// One end.
    pub from: Vec3,
    /// Width in pixels of a picture that is 720 high.
    pub width: f32,
    /// The other end.
    pub to: Vec3,
    /// See [`Colour::packed`].
    colour: u32,
}

impl Line {
    /// A line one and a half pixels wide.
    pub fn new(from: Vec3, to: Vec3, colour: Colour) -> Line {
        Line {
            from,
            width: 1.5,
            to,
            colour: colour.packed(),
        }
    }

    /// The same with another width, in pixels of a picture that is 720 high.
    #[must_use]
    pub fn width(self, width: f32) -> Line {
        Line { width, ..self }
    }

    /// A square grid on the ground around a place: `lines` each way on either side of its middle, a `step` apart.
    pub fn grid(middle: Vec3, step: f32, lines: u32, colour: Colour) -> impl Iterator<Item = Line> {
        let end = step * lines as f32;
        (0..=2 * lines).flat_map(move |line| {
            let side = line as f32 * step - end;
            let at = |x: f32, z: f32| middle + Vec3::new(x, 0.0, z);
            [
                Line::new(at(side, -end), at(side, end), colour),
                Line::new(at(-end, side), at(end, side), colour),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z_is_turned_along_any_direction() {
        for direction in [
            Vec3::X,
            Vec3::NEG_Y * 3.0,
            Vec3::Z,
            Vec3::NEG_Z * 0.01,
            Vec3::new(1.0, -2.0, 3.0),
            Vec3::new(1e-4, 0.0, -1.0),
        ] {
            let turn = Instance::at(Vec3::ZERO).along(direction).turn;
            let found = turn * Vec3::Z;
            assert!(
                (found - direction.normalize()).length() < 1e-3,
                "{direction}: {found}"
            );
            assert!((turn.length() - 1.0).abs() < 1e-5);
        }
        for none in [Vec3::ZERO, Vec3::NAN] {
            let turn = Instance::at(Vec3::ZERO).along(none).turn;
            assert_eq!(turn, Quat::IDENTITY);
        }
    }

    #[test]
    fn a_colour_of_its_own_keeps_what_is_seen_through() {
        let glass = Material::glossy(Colour::WHITE.cover(0.5));
        let packed = PackedMaterial::from(&glass);
        let plain = Instance::at(Vec3::ZERO).of(packed);
        assert_eq!(plain.colour, 0x80ff_ffff);
        let red = Instance::at(Vec3::ZERO).coloured(Colour::linear(1.0, 0.0, 0.0));
        assert_eq!(red.of(packed).colour, 0x8000_00ff);
    }
}
