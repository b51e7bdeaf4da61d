//! Pictures that are read back, and their files.

use super::error::DrawError;
use super::{Canvas, Renderer, targets};
use crate::scene::Scene;
use crate::work::{Gpu, Reading};

/// A picture in memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and 255 of each pixel, row by row from the top, in the curve of sRGB.
    pub pixels: Vec<u8>,
}

/// A picture on its way, see [`Renderer::start`].
#[must_use = "a picture that is drawn has to be waited for"]
pub struct Exposure {
    width: u32,
    height: u32,
    reading: Reading,
}

/// What is read back.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

impl Renderer {
    /// Draws a scene and waits for the picture.
    ///
    /// # Errors
    /// The device is lost, or cannot draw so many pixels; no pixels at all are one.
    pub fn picture(
        &mut self,
        gpu: &mut Gpu,
        scene: &Scene,
        width: u32,
        height: u32,
    ) -> Result<Picture, DrawError> {
        let exposure = self.start(gpu, scene, width, height)?;
        self.finish(gpu, exposure)
    }

    /// Hands a scene to the device, which draws while others work.
    ///
    /// # Errors
    /// The device cannot draw so many pixels; no pixels at all are one.
    pub fn start(
        &mut self,
        gpu: &mut Gpu,
        scene: &Scene,
        width: u32,
        height: u32,
    ) -> Result<Exposure, DrawError> {
        let (width, height) = (width.max(1), height.max(1));
        self.fits(gpu, [width, height])?;
        let usage = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC;
        let size = [width, height];
        let texture = targets::texture(&gpu.device, "layerw picture", size, 1, FORMAT, 1, usage);
        let onto = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let onto = Canvas {
            view: &onto,
            format: FORMAT,
            place: None,
        };
        self.draw(gpu, scene, size, &onto)?;
        let padded = padded(width);
        let mut reading = gpu.read(padded as u64 * u64::from(height));
        gpu.read_texture(&mut reading, &texture, padded as u32);
        gpu.send(&mut reading);
        Ok(Exposure {
            width,
            height,
            reading,
        })
    }

    /// Waits for the picture.
    ///
    /// # Errors
    /// The device is lost.
    pub fn finish(&mut self, gpu: &mut Gpu, exposure: Exposure) -> Result<Picture, DrawError> {
        let Exposure {
            width,
            height,
            reading,
        } = exposure;
        let mut pixels = Vec::with_capacity(4 * width as usize * height as usize);
        gpu.wait(reading, |bytes| {
            for line in bytes.chunks_exact(padded(width)).take(height as usize) {
                pixels.extend_from_slice(&line[..4 * width as usize]);
            }
        })?;
        Ok(Picture {
            width,
            height,
            pixels,
        })
    }
}

/// Bytes of a row as it comes back.
fn padded(width: u32) -> usize {
    (4 * width as usize).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize)
}

impl Picture {
    /// As a file.
    pub fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        let colours: Vec<u8> = self
            .pixels
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&colours));
        written.expect(
            "memory takes what it is given, and the pixels are as many as width and height say",
        );
        file
    }

    /// From a file of [`Picture::png`]'s kind: eight bits of red, green and blue.
    pub fn from_png(file: &[u8]) -> Option<Picture> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .ok()?;
        let mut colours = vec![0; reader.output_buffer_size()?];
        let info = reader.next_frame(&mut colours).ok()?;
        if (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return None;
        }
        let pixel = |rgb: &[u8]| [rgb[0], rgb[1], rgb[2], 255];
        Some(Picture {
            width: info.width,
            height: info.height,
            pixels: colours.chunks_exact(3).flat_map(pixel).collect(),
        })
    }

    /// How much two pictures differ to the eye: the mean over blocks of 4 by 4 pixels, and the largest of any block, of the difference of their mean colours, in
    /// 255ths. Edges that fall a little otherwise hardly count, surfaces that are lit otherwise do. Infinite for pictures of different sizes.
    pub fn difference(&self, other: &Picture) -> Difference {
        if (self.width, self.height) != (other.width, other.height) {
            return Difference {
                mean: f32::INFINITY,
                largest: f32::INFINITY,
            };
        }
        let (mut sum, mut largest, mut blocks) = (0.0, 0.0_f32, 0);
        for top in (0..self.height).step_by(4) {
            for left in (0..self.width).step_by(4) {
                let of = |picture: &Picture| {
                    let (mut colour, mut count) = ([0.0_f32; 3], 0.0_f32);
                    for y in top..(top + 4).min(self.height) {
                        for x in left..(left + 4).min(self.width) {
                            let at = 4 * (y * self.width + x) as usize;
                            for (sum, part) in colour.iter_mut().zip(&picture.pixels[at..at + 3]) {
                                *sum += f32::from(*part);
                            }
                            count += 1.0;
                        }
                    }
                    colour.map(|sum| sum / count)
                };
                let (a, b) = (of(self), of(other));
                let apart = (0..3)
                    .map(|part| (a[part] - b[part]).abs())
                    .fold(0.0, f32::max);
                sum += apart;
                largest = largest.max(apart);
                blocks += 1;
            }
        }
        Difference {
            mean: sum / blocks.max(1) as f32,
            largest,
        }
    }
}

/// What [`Picture::difference`] finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Over all blocks.
    pub mean: f32,
    /// Of any.
    pub largest: f32,
}
