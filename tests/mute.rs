//! A standard error that takes nothing, as on a full disk, changes no exit code and ends no daemon.

use std::{
    fs::{File, OpenOptions},
    net::TcpListener,
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

use test_case::test_case;

fn mute() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpce-doctor"));
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").stderr(mute());
    command
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn an_unhealthy_daemon_is_still_only_unhealthy() {
    let output = program(&["healthcheck", "--listen", &free_address()]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn the_demo_still_ends_as_told() {
    let output = program(&["demo", "--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"{"));
}

/// Ends the daemon with the test, however that ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test_case("text")]
#[test_case("json")]
fn the_daemon_outlives_its_log(format: &str) {
    let (address, nobody) = (free_address(), format!("tcp://{}", free_address()));
    let run = ["run", &nobody, "--inventory", "none", "--listen", &address, "--log-format", format];
    let mut daemon = Daemon(program(&run).spawn().unwrap());
    let healthy = || program(&["healthcheck", "--listen", &address]).output().unwrap().status.success();
    for _ in 0..200 {
        assert_eq!(daemon.0.try_wait().unwrap(), None, "it ended");
        if healthy() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("never healthy");
}
