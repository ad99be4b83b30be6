//! xmlx-samples
