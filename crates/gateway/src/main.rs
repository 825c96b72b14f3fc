//! The program `tandem`. Everything it does is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    gateway::cli::main()
}
