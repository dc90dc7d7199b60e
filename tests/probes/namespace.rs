//! Faults that only a network can have: this test runs itself again in a network namespace of its own.

use std::{
    env,
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use nix::errno::Errno;
use vpce_doctor::model::{
    observation::{IcmpError, TcpOutcome},
    target::{Protocol, Target},
};

use crate::{probe, target};

const INSIDE: &str = "VPCE_DOCTOR_TEST_NAMESPACE";

const NETWORK: &str = "
set -e
ip link set lo up
ip link add up0 type veth peer name up1
ip addr add 10.0.1.10/24 dev up0
ip link set up0 up
ip link set up1 up
ip route add blackhole 10.9.1.0/24
ip route add prohibit 10.9.2.0/24
ip route add unreachable 10.9.3.0/24
ip route add 10.0.2.0/24 via 10.0.1.1
ip neigh add 10.0.1.1 lladdr 02:00:00:00:00:01 dev up0
ip addr add fd00:1::10/64 dev up0 nodad
ip route add fd00:2::/64 via fd00:1::1
ip neigh add fd00:1::1 lladdr 02:00:00:00:00:01 dev up0
nft -f - <<'RULES'
table inet faults {
    chain out {
        type filter hook output priority 0; policy accept;
        ip daddr 10.0.2.1 tcp dport 443 reject with icmp type admin-prohibited
        ip daddr 10.0.2.2 tcp dport 443 reject with icmp type port-unreachable
        ip daddr 10.0.2.3 tcp dport 443 reject with icmp type net-unreachable
        ip daddr 10.0.2.4 tcp dport 443 reject with tcp reset
        ip daddr 10.0.2.6 tcp dport 443 drop
        ip6 daddr fd00:2::6 tcp dport 443 drop
    }
}
RULES
";

/// Skipped, and says so, where the kernel grants no namespaces or `nft` and `ip` are not installed.
#[test]
fn what_the_network_refuses_is_told_from_what_this_host_refuses() {
    if env::var_os(INSIDE).is_some() {
        return inside();
    }
    let usable = Command::new("unshare").args(["-Urnm", "sh", "-c", NETWORK]).stderr(Stdio::null()).status();
    if !usable.is_ok_and(|status| status.success()) {
        println!("skipped: no network namespace with nftables can be made here");
        return;
    }
    let script = format!("{NETWORK}\nexec \"$0\" --exact --nocapture \"$1\"");
    let status = Command::new("unshare")
        .args(["-Urnm", "sh", "-c", &script])
        .arg(env::current_exe().unwrap())
        .arg("namespace::what_the_network_refuses_is_told_from_what_this_host_refuses")
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "the cases failed inside the namespace, see above");
}

fn inside() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (to, expected) in cases() {
        let to: SocketAddr = to.parse().unwrap();
        let target = Target { timeout: Duration::from_millis(1300), ..target(Protocol::Tcp, to) };
        let row = runtime.block_on(probe(&target, to));
        assert_eq!(row.tcp.outcome, expected, "{to}");
    }
}

fn cases() -> [(&'static str, TcpOutcome); 12] {
    let local =
        |errno: Errno| TcpOutcome::LocalError { errno: errno as i32, message: errno.desc().to_owned() };
    let icmp = |code| Some(IcmpError { kind: 3, code, from: Some("10.0.1.10".parse().unwrap()) });
    let unreachable = |errno: Errno, code| TcpOutcome::Unreachable { icmp: icmp(code), errno: errno as i32 };
    [
        ("10.9.1.1:443", local(Errno::EINVAL)),
        ("10.9.2.1:443", local(Errno::EACCES)),
        ("10.9.3.1:443", local(Errno::EHOSTUNREACH)),
        ("192.0.2.1:443", local(Errno::ENETUNREACH)),
        ("10.0.2.1:443", unreachable(Errno::EHOSTUNREACH, 13)),
        ("10.0.2.2:443", TcpOutcome::Refused { icmp: icmp(3) }),
        ("10.0.2.3:443", unreachable(Errno::ENETUNREACH, 0)),
        ("10.0.2.4:443", TcpOutcome::Refused { icmp: None }),
        ("10.0.2.5:443", TcpOutcome::TimedOut { syns: Some(2), unsent: false }),
        ("10.0.2.6:443", TcpOutcome::TimedOut { syns: Some(2), unsent: true }),
        ("[fd00:2::6]:443", TcpOutcome::TimedOut { syns: Some(2), unsent: true }),
        ("[fd00:2::5]:443", TcpOutcome::TimedOut { syns: Some(2), unsent: false }),
    ]
}
