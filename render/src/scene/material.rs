//! Colours and what surfaces make of light.

/// Linear light: red, green, blue, and how much of what is behind is covered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    /// Red.
    pub red: f32,
    /// Green.
    pub green: f32,
    /// Blue.
    pub blue: f32,
    /// 1 covers, 0 is not there.
    pub cover: f32,
}

impl Colour {
    /// White.
    pub const WHITE: Colour = Colour::linear(1.0, 1.0, 1.0);
    /// Black.
    pub const BLACK: Colour = Colour::linear(0.0, 0.0, 0.0);

    /// From linear light.
    pub const fn linear(red: f32, green: f32, blue: f32) -> Colour {
        Colour {
            red,
            green,
            blue,
            cover: 1.0,
        }
    }

    /// From a number as web pages write it: `0xff8800` is orange.
    pub fn hex(code: u32) -> Colour {
        let part = |shift: u32| linear((code >> shift & 255) as f32 / 255.0);
        Colour::linear(part(16), part(8), part(0))
    }

    /// The same, covering this much.
    #[must_use]
    pub const fn cover(self, cover: f32) -> Colour {
        Colour { cover, ..self }
    }

    /// Somewhere between two: `share` 0 is this one, 1 the other.
    #[must_use]
    pub fn mix(self, other: Colour, share: f32) -> Colour {
        let part = |a: f32, b: f32| a + (b - a) * share;
        Colour {
            red: part(self.red, other.red),
            green: part(self.green, other.green),
            blue: part(self.blue, other.blue),
            cover: part(self.cover, other.cover),
        }
    }

    /// Four bytes, red lowest, as they stand in lists: colours as roots, because eyes see dark ones more finely.
    pub fn packed(self) -> u32 {
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u32;
        // A square root is near enough to the curve of screens, and the shader squares.
        let root = |value: f32| byte(value.clamp(0.0, 1.0).sqrt());
        root(self.red) | root(self.green) << 8 | root(self.blue) << 16 | byte(self.cover) << 24
    }

    /// As an array.
    #[cfg(feature = "device")]
    pub(crate) fn rgb(self) -> [f32; 3] {
        [self.red, self.green, self.blue]
    }
}

/// The curve of sRGB.
fn linear(value: f32) -> f32 {
    if value <= 0.040_45 {
        value / 12.92
    } else {
        libm::powf((value + 0.055) / 1.055, 2.4)
    }
}

/// What a surface makes of light: metallic-roughness, as glTF has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Material {
    /// What it reflects; a cover below 1 makes it a glass that is drawn from far to near.
    pub colour: Colour,
    /// 1 for metals, 0 for all else.
    pub metallic: f32,
    /// From 0, a mirror, to 1, chalk.
    pub roughness: f32,
    /// How much light of its colour it gives off by itself; 1 looks like paper in the sun, 10 like a lamp.
    pub glow: f32,
}

impl Material {
    /// Chalk, wood, stone.
    pub const fn matte(colour: Colour) -> Material {
        Material {
            colour,
            metallic: 0.0,
            roughness: 0.85,
            glow: 0.0,
        }
    }

    /// Plastic, paint.
    pub const fn glossy(colour: Colour) -> Material {
        Material {
            roughness: 0.3,
            ..Material::matte(colour)
        }
    }

    /// Metal.
    pub const fn metal(colour: Colour, roughness: f32) -> Material {
        Material {
            colour,
            metallic: 1.0,
            roughness,
            glow: 0.0,
        }
    }

    /// Light.
    pub const fn light(colour: Colour, glow: f32) -> Material {
        Material {
            glow,
            ..Material::matte(colour)
        }
    }

    /// The same with another roughness.
    #[must_use]
    pub const fn roughness(self, roughness: f32) -> Material {
        Material { roughness, ..self }
    }

    /// Whether something is seen through it.
    pub fn is_clear(&self) -> bool {
        self.colour.cover < 0.999
    }

    /// Metallic and roughness in a byte each, then the glow as 16 bits of 1/64.
    pub(crate) fn packed(&self) -> u32 {
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u32;
        let glow = (self.glow.clamp(0.0, 1000.0) * 64.0) as u32;
        byte(self.metallic) | byte(self.roughness) << 8 | glow << 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_packed_to_a_percent() {
        let colour = Colour::linear(0.5, 0.02, 1.0).cover(0.25);
        let packed = colour.packed();
        let part = |shift: u32| {
            let root = (packed >> shift & 255) as f32 / 255.0;
            root * root
        };
        for (found, wanted) in [(part(0), 0.5), (part(8), 0.02), (part(16), 1.0)] {
            assert!((found - wanted).abs() < 0.01, "{found} for {wanted}");
        }
        assert_eq!(packed >> 24, 64);
        assert_eq!(Colour::linear(f32::NAN, -1.0, 9.0).packed(), 0xffff_0000);
    }

    #[test]
    fn codes_of_web_pages_are_not_linear() {
        let colour = Colour::hex(0xff_80_00);
        assert!((colour.green - 0.2158).abs() < 1e-3, "{colour:?}");
        assert_eq!((colour.red, colour.blue), (1.0, 0.0));
    }
}
