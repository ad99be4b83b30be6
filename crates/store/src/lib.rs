//! xmlx-store
