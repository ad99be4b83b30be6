//! xmlx-devdb
