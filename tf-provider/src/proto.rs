//! The messages and services of the wire, generated from `proto/` and committed.
//!
//! `make proto` regenerates them; a test fails while they differ from what `proto/` says.

/// The protocol between core and a provider: plugin protocol 5.10.
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod tfplugin5;

/// The helper services of the plugin host.
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, dead_code, clippy::all)]
pub(crate) mod go_plugin;

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Compiles one file of `proto/` and compares the code with the committed one.
    fn check(file: &str, package: &str, generated: &str) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let descriptors = protox::compile([file], [here.join("../proto")]).unwrap();
        let out = tempfile::tempdir().unwrap();
        tonic_prost_build::configure()
            .build_client(false)
            .bytes(".")
            .btree_map(".")
            .generate_default_stubs(true)
            .emit_rerun_if_changed(false)
            .out_dir(out.path())
            .compile_fds(descriptors)
            .unwrap();
        let code = std::fs::read_to_string(out.path().join(package).with_extension("rs")).unwrap();
        expectorate::assert_contents(here.join("src/proto").join(generated), &code);
    }

    #[test]
    fn tfplugin5_is_generated() {
        check("tfplugin5.proto", "tfplugin5", "tfplugin5.rs");
    }

    #[test]
    fn go_plugin_is_generated() {
        check("go_plugin.proto", "plugin", "go_plugin.rs");
    }
}
