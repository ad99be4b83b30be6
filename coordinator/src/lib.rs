//! xmlx-coordinator
