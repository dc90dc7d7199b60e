//! How this host resolves names: `/etc/resolv.conf`, the line `hosts` of `/etc/nsswitch.conf`, and what a stub tells.
//!
//! Read anew for every check, as the C library does: since glibc 2.26 a change counts for the next lookup.
//! What is not understood is passed over, as there.

use std::{
    env, fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6},
};

use nix::net::if_::if_nametoindex;

use super::files::parse_ip;
use crate::model::{
    known::{Known, Reason},
    name::ResolverConfiguration,
};

const RESOLV_CONF: &str = "/etc/resolv.conf";
const NSSWITCH_CONF: &str = "/etc/nsswitch.conf";
/// Where systemd-resolved keeps the servers that it asks itself, for programs that pass by it.
const BEHIND_RESOLVED: &str = "/run/systemd/resolve/resolv.conf";

/// glibc and musl ask the first three servers and no more (`resolv.conf(5)`, `MAXNS`).
const MOST_SERVERS: usize = 3;

/// Names that the search list makes of one, at most: clusters have five suffixes, and each costs two questions.
const MOST_SUFFIXES: usize = 6;

/// systemd-resolved's stubs: with and without its own additions (`systemd-resolved.service(8)`).
const RESOLVED: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 53), Ipv4Addr::new(127, 0, 0, 54)];

/// What the C library asks where no server is named.
const NOBODY_NAMED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

/// The whole configuration.
pub(crate) fn resolver_configuration() -> Known<ResolverConfiguration> {
    let text = match read(RESOLV_CONF) {
        Known::Known(text) => text,
        Known::Unknown(why) => return Known::Unknown(why),
    };
    let variable = |name| env::var(name).unwrap_or_default();
    let defaults = Defaults {
        host_name: fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default(),
        domains: variable("LOCALDOMAIN"),
        options: variable("RES_OPTIONS"),
    };
    let mut configuration = parse(&text, &defaults);
    configuration.sources = sources();
    configuration.upstreams = upstreams(&configuration.name_servers, read);
    Known::Known(configuration)
}

/// The servers of `/etc/resolv.conf` that the C library uses, in order.
pub(crate) fn configured_servers() -> Known<Vec<SocketAddr>> {
    match read(RESOLV_CONF) {
        Known::Known(text) => Known::Known(used(name_servers(&text))),
        Known::Unknown(why) => Known::Unknown(why),
    }
}

/// The servers that the C library asks, of those that are named.
pub(super) fn used(mut named: Vec<SocketAddr>) -> Vec<SocketAddr> {
    named.truncate(MOST_SERVERS);
    named
}

/// The same, with the one that it falls back to.
pub(super) fn asked(named: Vec<SocketAddr>) -> Vec<SocketAddr> {
    if named.is_empty() { vec![NOBODY_NAMED] } else { used(named) }
}

/// What the search list makes of a name, in the order of glibc's `res_nsearch`, the name itself among them.
/// Empty where the name alone is asked.
pub(super) fn expansions(configuration: &ResolverConfiguration, host: &str) -> Vec<String> {
    let dots = host.matches('.').count();
    if host.is_empty() || host.ends_with('.') || !reaches_dns(configuration, dots) {
        return Vec::new();
    }
    let suffixes = configuration.search.iter().filter(|suffix| !suffix.is_empty()).take(MOST_SUFFIXES);
    let mut names: Vec<String> = suffixes.map(|suffix| format!("{host}.{suffix}")).collect();
    if names.is_empty() {
        return names;
    }
    let enough = usize::try_from(configuration.ndots).is_ok_and(|ndots| dots >= ndots);
    names.insert(if enough { 0 } else { names.len() }, host.to_owned());
    names
}

/// Whether the C library's own resolver, which has the search list, is asked at all. Where systemd-resolved stands before
/// it, that is so only for single labels, which resolved completes with the same suffixes.
fn reaches_dns(configuration: &ResolverConfiguration, dots: usize) -> bool {
    let Known::Known(sources) = &configuration.sources else { return true };
    let place = |wanted: &str| sources.iter().position(|source| source == wanted);
    match (place("dns"), place("resolve")) {
        (None, None) => false,
        (Some(dns), Some(resolve)) if dns < resolve => true,
        (Some(_), None) => true,
        _ => dots == 0,
    }
}

/// What holds where the file says nothing, and what the environment says instead of it.
#[derive(Default)]
struct Defaults {
    host_name: String,
    /// `LOCALDOMAIN`
    domains: String,
    /// `RES_OPTIONS`
    options: String,
}

fn parse(text: &str, defaults: &Defaults) -> ResolverConfiguration {
    let mut configuration = ResolverConfiguration {
        name_servers: name_servers(text),
        search: search(text, defaults),
        ndots: 1,
        timeout: 5,
        attempts: 2,
        rotate: false,
        use_vc: false,
        sources: Known::not_asked(NSSWITCH_CONF),
        upstreams: Known::not_asked(BEHIND_RESOLVED),
    };
    let options = lines_of(text, "options").chain([defaults.options.as_str()]);
    for option in options.flat_map(str::split_ascii_whitespace) {
        apply(&mut configuration, option);
    }
    configuration
}

/// With the limits of glibc's `resolv.h`: `RES_MAXNDOTS`, `RES_MAXRETRANS`, `RES_MAXRETRY`.
fn apply(configuration: &mut ResolverConfiguration, option: &str) {
    let (name, value) = option.split_once(':').unwrap_or((option, ""));
    match name {
        "ndots" => configuration.ndots = number(value).min(15),
        "timeout" => configuration.timeout = number(value).min(30),
        "attempts" => configuration.attempts = number(value).min(5),
        "rotate" => configuration.rotate = true,
        "use-vc" => configuration.use_vc = true,
        _ => {}
    }
}

/// As `atoi` reads it: the digits that it begins with.
fn number(text: &str) -> u32 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let digits = &text[..end];
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u32::MAX) }
}

/// The last of `domain` and `search` counts; where there is neither, what follows the first dot of the host's name.
fn search(text: &str, defaults: &Defaults) -> Vec<String> {
    let words = |line: &str| line.split_ascii_whitespace().map(suffix).collect::<Vec<_>>();
    if !defaults.domains.is_empty() {
        return words(&defaults.domains);
    }
    let told = text.split('\n').rev().find_map(|line| {
        let domain = rest(line, "domain").map(|rest| words(rest).into_iter().take(1).collect::<Vec<_>>());
        domain.or_else(|| rest(line, "search").map(words)).filter(|suffixes| !suffixes.is_empty())
    });
    let own = || defaults.host_name.trim().split_once('.').map(|(_, domain)| suffix(domain));
    told.unwrap_or_else(|| own().into_iter().collect())
}

/// The root's has no labels.
fn suffix(word: &str) -> String {
    word.strip_suffix('.').unwrap_or(word).to_owned()
}

fn name_servers(text: &str) -> Vec<SocketAddr> {
    let word = |line: &str| line.split([' ', '\t', ';', '#']).next().unwrap_or_default().to_owned();
    lines_of(text, "nameserver").filter_map(|rest| socket_address(&word(rest))).collect()
}

/// What follows the keyword in each of its lines.
fn lines_of<'a>(text: &'a str, keyword: &'a str) -> impl Iterator<Item = &'a str> {
    text.split('\n').filter_map(move |line| rest(line, keyword))
}

/// "The keyword must start the line" (`resolv.conf(5)`): an indented one is none, nor is one behind `#`.
fn rest<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(keyword)?;
    rest.starts_with([' ', '\t']).then(|| rest.trim_start_matches([' ', '\t']))
}

fn socket_address(word: &str) -> Option<SocketAddr> {
    match (parse_ip(word)?, word.split_once('%')) {
        (IpAddr::V6(ip), Some((_, zone))) => {
            let index = zone.parse().ok().or_else(|| if_nametoindex(zone).ok()).unwrap_or_default();
            Some(SocketAddrV6::new(ip, 53, 0, index).into())
        }
        (ip, _) => Some(SocketAddr::new(ip, 53)),
    }
}

fn sources() -> Known<Vec<String>> {
    match read(NSSWITCH_CONF) {
        Known::Known(text) => match hosts_line(&text) {
            Some(sources) => Known::Known(sources),
            None => Known::unknown(format!("a line \"hosts\" in {NSSWITCH_CONF}"), Reason::Absent),
        },
        Known::Unknown(why) => Known::Unknown(why),
    }
}

/// The services, without what to do after each: `[NOTFOUND=return]`. The last such line counts.
fn hosts_line(text: &str) -> Option<Vec<String>> {
    let services = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let rest = line.trim_start().strip_prefix("hosts")?.trim_start().strip_prefix(':')?;
        Some(without_actions(rest).split_ascii_whitespace().map(str::to_owned).collect())
    };
    text.split('\n').rev().find_map(services)
}

fn without_actions(text: &str) -> String {
    let mut outside = text.split('[');
    let first = outside.next().unwrap_or_default().to_owned();
    outside.fold(first, |all, part| all + " " + part.split_once(']').map_or("", |(_, after)| after))
}

/// Nobody stands behind servers that are no stubs. Of stubs, only systemd-resolved tells.
fn upstreams(named: &[SocketAddr], read: impl Fn(&str) -> Known<String>) -> Known<Vec<SocketAddr>> {
    let on_this_host: Vec<IpAddr> = named.iter().map(SocketAddr::ip).filter(IpAddr::is_loopback).collect();
    if on_this_host.is_empty() {
        return Known::Known(Vec::new());
    }
    if !on_this_host.iter().any(|ip| RESOLVED.iter().any(|stub| ip == stub)) {
        return Known::unknown("the servers that the local stub asks", Reason::NotAsked);
    }
    match read(BEHIND_RESOLVED) {
        Known::Known(text) => {
            let others =
                name_servers(&text).into_iter().filter(|server| !on_this_host.contains(&server.ip()));
            Known::Known(others.collect())
        }
        Known::Unknown(why) => Known::Unknown(why),
    }
}

fn read(path: &str) -> Known<String> {
    match fs::read(path) {
        Ok(bytes) => Known::Known(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            Known::unknown(path, Reason::Failed { message: format!("cannot read {path}: {error}") })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    fn conf(text: &str) -> ResolverConfiguration {
        parse(text, &Defaults { host_name: "db7.corp.example\n".to_owned(), ..Defaults::default() })
    }

    #[test]
    fn servers_keep_their_order_and_their_zone() {
        let text = "# comment\nsearch lab\nnameserver 10.0.0.2 trailing\n;nameserver 10.9.9.9\nnameserver bad\n\
            nameserver\tfe80::2%7\n nameserver 10.8.8.8\nnameserver ::1#x\nnameserver 10.0.0.9\r\nnameserver 10.0.0.7";
        let servers: Vec<String> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            servers,
            ["10.0.0.2:53", "[fe80::2%7]:53", "[::1]:53", "10.0.0.7:53"],
            "as glibc reads it"
        );
        assert_eq!(used(name_servers(text)).len(), 3);
        assert_eq!(asked(Vec::new()), ["127.0.0.1:53".parse().unwrap()]);
    }

    #[test_case("nameserver 10.0.0.2", &["corp.example"]; "the host's own domain")]
    #[test_case("domain a.example b.example", &["a.example"]; "one domain")]
    #[test_case("domain a.example\nsearch b.example c.example.\n", &["b.example", "c.example"]; "the last counts")]
    #[test_case("search a.example\nsearch \n", &["a.example"]; "an empty line says nothing")]
    #[test_case("search\ta.example  .\n", &["a.example", ""]; "the root")]
    #[test_case("searching a.example", &["corp.example"]; "another word")]
    fn suffixes(text: &str, expected: &[&str]) {
        assert_eq!(conf(text).search, expected);
    }

    #[test]
    fn options_have_the_limits_of_the_c_library() {
        let conf = conf("options ndots:99 timeout:1 rotate\noptions attempts:3x use-vc edns0 timeout:\n");
        assert_eq!((conf.ndots, conf.timeout, conf.attempts), (15, 0, 3));
        assert!(conf.rotate && conf.use_vc);
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let told =
            Defaults { domains: "env.example".into(), options: "ndots:4".into(), host_name: String::new() };
        let conf = parse("search a.example\noptions ndots:2\n", &told);
        assert_eq!((conf.search, conf.ndots), (vec!["env.example".to_owned()], 4));
    }

    #[test_case("hosts: files dns", Some("files dns"))]
    #[test_case(
        "passwd: files\n hosts:\tmymachines resolve [!UNAVAIL=return] files [ NOTFOUND = return ] dns # x\n",
        Some("mymachines resolve files dns")
    )]
    #[test_case("hosts: files[NOTFOUND=return]dns", Some("files dns"))]
    #[test_case("hosts: files [oops", Some("files"))]
    #[test_case("hosts:", Some(""))]
    #[test_case("#hosts: files", None)]
    #[test_case("networks: files", None)]
    fn services_of_hosts(text: &str, expected: Option<&str>) {
        assert_eq!(hosts_line(text).map(|all| all.join(" ")).as_deref(), expected);
    }

    #[test_case("api", "a.example b.example", 1, "api.a.example api.b.example api"; "a short name")]
    #[test_case("api.x", "a.example", 1, "api.x api.x.a.example"; "enough dots")]
    #[test_case("api.x", "a.example", 5, "api.x.a.example api.x"; "not enough")]
    #[test_case("api.x.", "a.example", 5, ""; "absolute")]
    #[test_case("api", "", 1, ""; "no suffixes")]
    #[test_case("n", "a b c d e f g h", 1, "n.a n.b n.c n.d n.e n.f n"; "many")]
    fn names_of_the_search_list(host: &str, suffixes: &str, ndots: u32, expected: &str) {
        let search = suffixes.split(' ').map(str::to_owned).collect();
        let configuration = ResolverConfiguration { search, ndots, ..conf("") };
        assert_eq!(expansions(&configuration, host).join(" "), expected);
    }

    #[test_case("files", "api.x" => false; "no DNS")]
    #[test_case("files resolve dns", "api.x" => false; "resolved completes single labels alone")]
    #[test_case("files resolve dns", "api" => true; "a single label")]
    #[test_case("files dns resolve", "api.x" => true; "the C library first")]
    fn the_search_list_belongs_to_dns(sources: &str, host: &str) -> bool {
        let sources = Known::Known(sources.split(' ').map(str::to_owned).collect());
        let configuration = ResolverConfiguration { sources, ndots: 5, ..conf("search a.example\n") };
        !expansions(&configuration, host).is_empty()
    }

    #[test_case("10.0.0.2:53" => Some(String::new()); "no stub")]
    #[test_case("127.0.0.1:53" => None; "a stub that does not tell")]
    #[test_case("127.0.0.53:53" => Some("10.0.0.2:53 10.0.0.3:53".to_owned()); "a stub that tells")]
    fn upstreams_are_told_by_resolved_alone(server: &str) -> Option<String> {
        let text = "nameserver 10.0.0.2\nnameserver 127.0.0.53\nnameserver 10.0.0.3\nsearch .\n";
        let told = upstreams(&[server.parse().unwrap()], |_| Known::Known(text.to_owned()));
        told.known().map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(nameserver|search|domain|options|hosts:|[ \t\r\n;#%:.\\[\\]=]|[a-z0-9]{1,4}|\\PC){0,60}", host in "\\PC{0,12}") {
            let configuration = conf(&text);
            prop_assert!(configuration.ndots <= 15 && configuration.timeout <= 30 && configuration.attempts <= 5);
            let names = expansions(&configuration, &host);
            prop_assert!(names.len() <= MOST_SUFFIXES + 1);
            prop_assert!(names.is_empty() || names.contains(&host));
            let sources = hosts_line(&text).unwrap_or_default();
            prop_assert!(sources.iter().all(|source| !source.contains(['[', '#'])));
        }

        /// What is written as the manual says is read as it was meant, whatever stands around it.
        #[test]
        fn what_is_written_is_read(
            servers in prop::collection::vec(any::<Ipv4Addr>(), 0..6),
            search in prop::collection::vec("[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", 1..9),
            ndots in 0_u32..=15,
        ) {
            let head = format!("# head\nsearch {}\noptions ndots:{ndots} edns0", search.join(" "));
            let lines = servers.iter().map(|ip| format!("nameserver {ip}\n; between"));
            let text = [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
            let read = conf(&text);
            prop_assert_eq!(read.name_servers.iter().map(SocketAddr::ip).collect::<Vec<_>>(), servers.into_iter().map(IpAddr::from).collect::<Vec<_>>());
            prop_assert_eq!((read.search, read.ndots), (search, ndots));
        }
    }
}
