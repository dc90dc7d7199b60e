//! The field's terms, each in one line, for whoever meets them at 3 a.m. for the first time.

/// A term and what it means.
#[derive(Debug)]
pub struct Term {
    /// As texts write it. With a capital, letter case matters; without, a sentence may begin with it.
    pub word: &'static str,
    pub meaning: &'static str,
}

/// In alphabetical order. A plain plural is understood.
pub static GLOSSARY: &[Term] = &[
    term("AAAA", "the DNS record that holds an IPv6 address; A holds an IPv4 one"),
    term(
        "ACL",
        "network ACL, the packet filter of a subnet: numbered rules that remember no connection, so replies need a rule, too",
    ),
    term("ALPN", "part of the TLS handshake in which both ends agree on the protocol spoken inside"),
    term("ARN", "the full name of a thing in AWS, with its service, Region and account"),
    term("blackhole", "the state of a route whose target is gone: it still decides, and drops"),
    term("CA", "certificate authority: whoever signs certificates; a host trusts some of them"),
    term("CIDR", "a block of addresses, written as the first of them and the bits they share: 10.0.0.0/16"),
    term("ClientHello", "the first message of a TLS handshake, in which the client says what it wants"),
    term("CN", "common name: how a certificate calls its subject or its issuer"),
    term("CNAME", "a DNS record that says: this name is an alias, go on with that name"),
    term("cross-zone", "a load balancer that hands connections also to targets in other zones than its own"),
    term("DHCP", "how a host gets its address and its DNS servers; in a VPC from a set of DHCP options"),
    term("DNS", "the system that turns names into addresses"),
    term("EACCES", "the kernel's word for: a security policy of this host does not permit it"),
    term("EC2", "the AWS service of virtual machines and VPCs; its API tells how they are configured"),
    term("ECS", "the AWS service that runs containers"),
    term("EHOSTUNREACH", "the kernel's word for: no way to this address"),
    term("EINVAL", "the kernel's word for: this cannot be done, as with a route of the kind blackhole"),
    term("EKS", "the AWS service that runs Kubernetes"),
    term("endpoint policy", "rules of an endpoint that say which AWS calls may pass through it"),
    term("ENETUNREACH", "the kernel's word for: no route to this network"),
    term("ENI", "elastic network interface: a network card in a VPC, with addresses and security groups"),
    term("EOF", "end of file: the other end closed the connection"),
    term("EPERM", "the kernel's word for: a packet filter of this host does not permit it"),
    term("ephemeral port", "the port that the client's kernel draws for its own end of each connection"),
    term("FORMERR", "a DNS answer: the server does not understand the question"),
    term("GET", "the HTTP request that asks for a page"),
    term("HTTP", "the protocol of the web, spoken inside a connection"),
    term("IAM", "the AWS service that says who may do what"),
    term("ICMP", "messages about packets, such as: this address cannot be reached"),
    term("IMDS", "instance metadata service: answers on 169.254.169.254 who and where an instance is"),
    term("IP", "the protocol that carries packets from address to address; IPv4 and IPv6 are its versions"),
    term(
        "MINIMUM",
        "the last field of an SOA record: how long a denial by its zone may be kept at most, in seconds",
    ),
    term("MTU", "the size of the largest packet that a way carries"),
    term(
        "NACL",
        "network ACL, the packet filter of a subnet: numbered rules that remember no connection, so replies need a rule, too",
    ),
    term("NAT", "a gateway that sends packets on with another source address"),
    term("NLB", "network load balancer: hands connections to targets; stands behind most endpoint services"),
    term("NODATA", "a DNS answer: the name exists, but has no record of the kind asked for"),
    term("NOERROR", "a DNS answer without an error; it may still hold no record"),
    term("NOTIMP", "a DNS answer: the server does not do what is asked"),
    term("NXDOMAIN", "a DNS answer: this name does not exist"),
    term("OCSP", "a protocol that asks whether a certificate was revoked"),
    term("PEM", "the text form of certificates, from BEGIN to END"),
    term("prefix list", "a named list of address blocks that rules and routes can refer to"),
    term("private hosted zone", "DNS records that only the VPCs associated with them see"),
    term(
        "PrivateLink",
        "the AWS technology behind interface endpoints: a service appears as addresses in a VPC",
    ),
    term(
        "PROXY",
        "a header that a load balancer may write before the first bytes, to say who really connected",
    ),
    term("RCODE", "the part of a DNS answer that says how the question fared"),
    term("REFUSED", "a DNS answer: the server does not let this client ask"),
    term("RFC", "a published standard of the internet"),
    term("RST", "the packet that refuses or ends a TCP connection at once"),
    term("SAN", "subject alternative name: the names that a certificate is valid for"),
    term("security group", "the packet filter of an interface; it remembers connections, so replies pass"),
    term("SELinux", "a security module of Linux that can forbid a program to connect"),
    term("SERVFAIL", "a DNS answer: the server could not find out"),
    term("SG", "security group: the packet filter of an interface; it remembers, so replies pass"),
    term("SNI", "server name indication: the name that a client sends at the beginning of a TLS handshake"),
    term("SOA", "the DNS record that names a zone; a denial carries that of the zone which denies"),
    term("STS", "the AWS service that hands out temporary credentials"),
    term("SYN", "the first packet of a TCP connection"),
    term("TCP", "the protocol of connections: a handshake, then bytes in order"),
    term("TLS", "the protocol that encrypts a connection and shows a certificate"),
    term("TTL", "how many seconds an answer of DNS may be kept"),
    term("TXT", "a DNS record of free text, by which the owner of a domain can prove to be it"),
    term("UDP", "the protocol of single packets, without a connection; DNS asks with it"),
    term("URL", "the address of a page or a call: scheme, host, port and path"),
    term(
        "VPC",
        "virtual private cloud: a network of its own in AWS, with address blocks, subnets and routes",
    ),
    term("VPN", "a private way through a public network"),
    term("zone id", "the name of an availability zone that is the same in every account: usw2-az1"),
];

const fn term(word: &'static str, meaning: &'static str) -> Term {
    Term { word, meaning }
}

/// The terms that a text uses, and those that explaining these takes, in alphabetical order.
pub fn of(text: &str) -> Vec<&'static Term> {
    let mut used = vec![false; GLOSSARY.len()];
    let mut unread = vec![text];
    while let Some(text) = unread.pop() {
        for (used, term) in used.iter_mut().zip(GLOSSARY) {
            if !*used && term.occurs_in(text) {
                *used = true;
                unread.push(term.meaning);
            }
        }
    }
    GLOSSARY.iter().zip(used).filter(|(_, used)| *used).map(|(term, _)| term).collect()
}

impl Term {
    fn occurs_in(&self, text: &str) -> bool {
        if self.word.chars().any(char::is_uppercase) {
            has_word(text, self.word)
        } else {
            has_word(&text.to_lowercase(), self.word)
        }
    }
}

/// As a whole word, its plural, or with a version behind it: `ACL` is in `ACLs` and not in `NACL`, `TLS` in `TLSv1.3`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + word.len()..].chars();
        let next = match after.next() {
            Some('s') => after.next(),
            Some('v') if after.clone().next().is_some_and(|c| c.is_ascii_digit()) => None,
            next => next,
        };
        !before.is_some_and(char::is_alphanumeric) && !next.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&'static str> {
        of(text).iter().map(|term| term.word).collect()
    }

    #[test]
    fn whole_words_plurals_and_versions() {
        assert_eq!(words("Ephemeral ports, zone ids"), ["ephemeral port", "zone id"]);
        assert_eq!(words("a SYNOPSIS of ASYNC"), [""; 0]);
        assert_eq!(words("IPv6"), ["IP"]);
        assert_eq!(words("SYNs"), ["SYN", "TCP"], "and what explains it");
    }

    #[test]
    fn every_term_stands_once_and_in_order() {
        let sorted = |a: &Term, b: &Term| a.word.to_lowercase() < b.word.to_lowercase();
        assert!(GLOSSARY.is_sorted_by(sorted), "in alphabetical order, each once");
    }
}
