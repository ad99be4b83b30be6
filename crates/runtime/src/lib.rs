//! xmlx-runtime
