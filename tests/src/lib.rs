//! xmlx-tests
