//! Images.
/// What is wrong with an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {}
