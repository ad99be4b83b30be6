//! xmlx-lease
