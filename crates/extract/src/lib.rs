//! xmlx-extract
