//! Compiles the `.proto` files in pure Rust: no protoc to install, nothing generated in git.

use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 6] = [
    "xmlx/v1/types.proto",
    "xmlx/v1/explain.proto",
    "xmlx/v1/worker.proto",
    "xmlx/v1/job.proto",
    "xmlx/v1/cluster.proto",
    "xmlx/v1/access.proto",
];

fn main() {
    let descriptors = protox::compile(FILES, ["."]).expect("the .proto files compile");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("xmlx.v1.bin"), descriptors.encode_to_vec())
        .expect("OUT_DIR is writable");
    tonic_prost_build::configure().compile_fds(descriptors).expect("code can be generated");
    println!("cargo:rerun-if-changed=xmlx");
}
