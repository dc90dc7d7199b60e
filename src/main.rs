//! The binary: everything happens in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    vpce_doctor::cli::main()
}
