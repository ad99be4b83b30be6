//! xmlx-proto
