//! xmlx-client
