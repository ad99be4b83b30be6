//! xmlx-worker
