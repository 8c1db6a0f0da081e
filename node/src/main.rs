//! The binary `zhulian`.

/// A node allocates and frees small values on one thread and large ones on another without end; the system's allocator
/// spends a quarter of the host's time on that. RocksDB keeps the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    node::cli::main()
}
