//! The `iperftester` command.

fn main() -> std::process::ExitCode {
    iperftester::cli::main()
}
