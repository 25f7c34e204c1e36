//! How the program is linked.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // An executable at a fixed address needs none of its thousands of pointers to be adjusted at
    // each start, which took a third of the time that a short command takes. What a random address
    // guards against needs memory errors, which safe Rust does not have; libraries, heap and stack
    // stay where they are put at random.
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
