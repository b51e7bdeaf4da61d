//! The passes of a picture, in order.

use super::frame::Shadows;
use super::lists::Draw;
use super::targets::Targets;
use super::{Canvas, Renderer, SPACE_BYTES, Screens};
use crate::work::Gpu;

impl Renderer {
    pub(super) fn encode(&mut self, gpu: &mut Gpu, shadows: Shadows, onto: &Canvas<'_>) {
        let format = onto.format;
        self.pipelines.develop(&gpu.device, format);
        let Some((targets, screens)) = &self.targets else {
            return;
        };
        let encoder = gpu.encoder();
        if shadows.sun {
            self.shade(encoder, &self.maps.sun, 0);
        }
        for (spot, map) in (0..shadows.spots).zip(&self.maps.spot) {
            self.shade(encoder, map, 1 + spot as u32);
        }
        self.light(encoder, targets);
        self.glow(encoder, targets, screens);
        let mut pass = whole(
            encoder,
            "layerw develop",
            onto.view,
            wgpu::LoadOp::Clear(wgpu::Color::BLACK),
        );
        let develop = self.pipelines.develop.iter();
        if let Some((_, develop)) = develop.rev().find(|(known, _)| *known == format) {
            if let Some([x, y, width, height]) =
                onto.place.map(|place| place.map(|edge| edge as f32))
            {
                pass.set_viewport(x, y, width, height, 0.0, 1.0);
            }
            pass.set_pipeline(develop);
            pass.set_bind_group(0, &screens.sources[0], &[]);
            pass.set_bind_group(1, &screens.tone, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    /// Depth as a light sees it.
    fn shade(&self, encoder: &mut wgpu::CommandEncoder, map: &wgpu::TextureView, space: u32) {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("layerw shadow"),
            color_attachments: &[],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: map,
                depth_ops: Some(wgpu::Operations {
                    load: wgpu::LoadOp::Clear(1.0),
                    store: wgpu::StoreOp::Store,
                }),
                stencil_ops: None,
            }),
            ..wgpu::RenderPassDescriptor::default()
        });
        pass.set_pipeline(&self.pipelines.shade);
        pass.set_bind_group(0, &self.shade_group, &[space * SPACE_BYTES as u32]);
        self.instances(&mut pass, &self.lists.solid, |draw| draw.all.clone());
    }

    /// All that is seen.
    fn light(&self, encoder: &mut wgpu::CommandEncoder, targets: &Targets) {
        let (view, resolve_target, store) = match &targets.sampled {
            Some(sampled) => (sampled, Some(&targets.light), wgpu::StoreOp::Discard),
            None => (&targets.light, None, wgpu::StoreOp::Store),
        };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("layerw light"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store,
                },
            })],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &targets.depth,
                depth_ops: Some(wgpu::Operations {
                    load: wgpu::LoadOp::Clear(0.0),
                    store: wgpu::StoreOp::Discard,
                }),
                stencil_ops: None,
            }),
            ..wgpu::RenderPassDescriptor::default()
        });
        let (pipelines, lists) = (&self.pipelines, &self.lists);
        pass.set_bind_group(0, &self.frame_group, &[]);
        pass.set_pipeline(&pipelines.solid);
        self.instances(&mut pass, &lists.solid, |draw| draw.seen.clone());
        pass.set_pipeline(&pipelines.sky);
        pass.draw(0..3, 0..1);
        if let (Some(lines), 1..) = (lists.lines.get(), lists.line_count) {
            pass.set_pipeline(&pipelines.lines);
            pass.set_vertex_buffer(0, lines.slice(..));
            pass.draw(0..4, 0..lists.line_count);
        }
        pass.set_pipeline(&pipelines.clear);
        self.instances(&mut pass, &lists.clear, |draw| draw.seen.clone());
        if let (Some(dots), 1..) = (lists.dots.get(), lists.dot_count) {
            pass.set_pipeline(&pipelines.dots);
            pass.set_vertex_buffer(0, dots.slice(..));
            pass.draw(0..4, 0..lists.dot_count);
        }
    }

    fn instances(
        &self,
        pass: &mut wgpu::RenderPass<'_>,
        draws: &[Draw],
        which: impl Fn(&Draw) -> std::ops::Range<u32>,
    ) {
        let (Some(instances), false) = (self.lists.instances.get(), draws.is_empty()) else {
            return;
        };
        pass.set_vertex_buffer(0, self.meshes.vertices.slice(..));
        pass.set_index_buffer(self.meshes.indices.slice(..), wgpu::IndexFormat::Uint32);
        for draw in draws {
            let which = which(draw);
            if which.is_empty() {
                continue;
            }
            let (first, count, corner) = self.meshes.place(draw.mesh);
            // From their first on, and not by the number of the first, which OpenGL has not.
            let bytes = size_of::<crate::scene::Instance>() as u64;
            let range = u64::from(which.start) * bytes..u64::from(which.end) * bytes;
            pass.set_vertex_buffer(1, instances.slice(range));
            pass.draw_indexed(first..first + count, corner, 0..which.end - which.start);
        }
    }

    /// The glow around what is bright.
    fn glow(&self, encoder: &mut wgpu::CommandEncoder, targets: &Targets, screens: &Screens) {
        for (half, source) in targets.glow.iter().zip(&screens.sources) {
            let clear = wgpu::LoadOp::Clear(wgpu::Color::BLACK);
            let mut pass = whole(encoder, "layerw shrink", half, clear);
            pass.set_pipeline(&self.pipelines.shrink);
            pass.set_bind_group(0, source, &[]);
            pass.draw(0..3, 0..1);
        }
        for larger in (1..targets.glow.len()).rev() {
            let onto = &targets.glow[larger - 1];
            let mut pass = whole(encoder, "layerw widen", onto, wgpu::LoadOp::Load);
            pass.set_pipeline(&self.pipelines.widen);
            // The light itself is in front.
            pass.set_bind_group(0, &screens.sources[larger + 1], &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

/// A pass over a whole picture.
fn whole<'e>(
    encoder: &'e mut wgpu::CommandEncoder,
    label: &str,
    onto: &wgpu::TextureView,
    load: wgpu::LoadOp<wgpu::Color>,
) -> wgpu::RenderPass<'e> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some(label),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: onto,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations {
                load,
                store: wgpu::StoreOp::Store,
            },
        })],
        ..wgpu::RenderPassDescriptor::default()
    })
}
