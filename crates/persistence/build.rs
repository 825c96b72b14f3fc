//! A new migration folder must make the crate compile again, so that it is embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
