//! The way of names that each vendor prescribes, and the right name that a wrong one resembles.

use crate::model::target::Target;

/// A vendor by the domain of its names.
#[derive(Debug)]
pub struct Vendor {
    pub name: &'static str,
    /// What `provider` of a target says.
    words: &'static [&'static str],
    /// What its hosts lie below, where that is documented.
    domain: Option<&'static str>,
    pub naming: Naming,
}

/// How a private name comes to lead to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The consumer makes a private hosted zone named like the link, with an alias to the endpoint at its apex.
    OwnZone,
    /// The vendor's name is switched on at the endpoint: `PrivateDnsEnabled`.
    PrivateDns,
    /// Several hosts share an endpoint, and the host name tells them apart.
    SharedEndpoint,
    /// The vendor publishes a host of its own for the private way: the public one never leads there.
    HostOfItsOwn,
}

/// Zilliz Cloud: <https://docs.zilliz.com/docs/access-connection-endpoints>,
/// <https://docs.zilliz.com/docs/setup-a-private-link-aws>. Hugging Face:
/// <https://huggingface.co/docs/inference-endpoints/guides/private_link>. `MongoDB` Atlas:
/// <https://www.mongodb.com/docs/atlas/security-private-endpoint/>.
const VENDORS: [Vendor; 4] = [
    Vendor {
        name: "Zilliz Cloud",
        words: &["zilliz"],
        domain: Some("vectordb.zillizcloud.com"),
        naming: Naming::OwnZone,
    },
    Vendor { name: "TDengine Cloud", words: &["tdengine"], domain: None, naming: Naming::PrivateDns },
    Vendor {
        name: "Hugging Face",
        words: &["huggingface", "hugging-face"],
        domain: Some("endpoints.huggingface.cloud"),
        naming: Naming::SharedEndpoint,
    },
    Vendor {
        name: "MongoDB Atlas",
        words: &["mongodb", "mongodb-atlas", "atlas"],
        domain: Some("mongodb.net"),
        naming: Naming::HostOfItsOwn,
    },
];

/// Whose name the target has, or whose the configuration says it is.
pub fn of(target: &Target) -> Option<&'static Vendor> {
    let said = |vendor: &&Vendor| {
        target.provider.as_ref().is_some_and(|word| vendor.words.iter().any(|w| w.eq_ignore_ascii_case(word)))
    };
    of_name(&target.host).or_else(|| VENDORS.iter().find(said))
}

/// Whether the name lies in the domain of a vendor.
pub fn has_domain(name: &str) -> bool {
    of_name(name).is_some()
}

fn of_name(host: &str) -> Option<&'static Vendor> {
    let host = plain(host);
    let lies_below = |vendor: &&Vendor| {
        let below = vendor.domain.and_then(|domain| host.strip_suffix(domain));
        below.is_some_and(|below| below.len() > 1 && below.ends_with('.'))
    };
    VENDORS.iter().find(lies_below)
}

impl Vendor {
    /// What the vendor has its customers do, as a sentence goes on after its name.
    pub fn prescribes(&self) -> &'static str {
        match self.naming {
            Naming::OwnZone => {
                "has its customers make a private hosted zone named exactly like the link, with an alias A record at its apex \
                 that points to the endpoint"
            }
            Naming::PrivateDns => {
                "has its customers switch private DNS on at the endpoint, once it is accepted"
            }
            Naming::SharedEndpoint => "tells the hosts that share an endpoint apart by their names",
            Naming::HostOfItsOwn => {
                "gives private connections a host of their own, with -pl- and a number in its first label"
            }
        }
    }

    /// Whether this is a public host, which has a private one beside it.
    pub fn is_public_host(&self, host: &str) -> bool {
        let host = plain(host);
        let label = host.split('.').next().unwrap_or_default();
        self.naming == Naming::HostOfItsOwn && of_name(&host).is_some() && !has_private_mark(label)
    }
}

/// `cluster0-pl-0`, `pl-0-us-east-1`; and `-pri` of hosts that are reached over a peering connection, which are not public
/// either.
fn has_private_mark(label: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let marked = label.split("-pl-").skip(1).any(numbered) || label.strip_prefix("pl-").is_some_and(numbered);
    marked || label.ends_with("-pri")
}

/// The right name that a wrong one resembles: one of those that exist here (`*.` stands for any names below), or the same
/// one below a vendor's domain.
pub fn nearest<'n>(host: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let host = plain(host);
    let vendors = VENDORS.iter().filter_map(|vendor| vendor.domain).map(|domain| format!("*.{domain}"));
    let all = names.into_iter().map(plain).chain(vendors);
    let distant = all.filter_map(|pattern| fitted(&host, &pattern));
    let near = distant.filter(|(distance, name)| *distance > 0 && *distance <= slips(name));
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// The name of this pattern that is nearest, and how many letters it takes to get there.
fn fitted(host: &str, pattern: &str) -> Option<(usize, String)> {
    let Some(domain) = pattern.strip_prefix("*.") else {
        return Some((strsim::damerau_levenshtein(host, pattern), pattern.to_owned()));
    };
    let labels: Vec<_> = host.split('.').collect();
    let (below, above) = labels.split_at(labels.len().checked_sub(domain.split('.').count())?);
    let distance = strsim::damerau_levenshtein(&above.join("."), domain);
    (!below.is_empty()).then(|| (distance, format!("{}.{domain}", below.join("."))))
}

/// How many letters a slip of the pen may change: short names that differ by two are other names.
fn slips(name: &str) -> usize {
    if name.len() < 16 { 1 } else { 2 }
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("in01-5a1c.aws-us-west-2.vectordb.zillizcloud.com", Some("Zilliz Cloud"))]
    #[test_case("abc.us-east-1.aws.Endpoints.HuggingFace.cloud.", Some("Hugging Face"); "as DNS writes it")]
    #[test_case("cluster0.ug5yf.mongodb.net", Some("MongoDB Atlas"))]
    #[test_case("mongodb.net", None; "the domain itself is no host")]
    #[test_case("notmongodb.net", None; "another domain")]
    #[test_case("api.vendor.example", None)]
    fn vendors_by_name(host: &str, name: Option<&str>) {
        assert_eq!(of_name(host).map(|vendor| vendor.name), name);
    }

    #[test_case("cluster0.ug5yf.mongodb.net", true)]
    #[test_case("cluster0-shard-00-00.ug5yf.mongodb.net", true; "a member")]
    #[test_case("cluster0-pl-0.ug5yf.mongodb.net", false)]
    #[test_case("pl-0-us-east-1.k45tj.mongodb.net", false; "a member of the private one")]
    #[test_case("cluster0-shard-00-00-pri.ug5yf.mongodb.net", false; "over peering")]
    #[test_case("sample-pl-an.ug5yf.mongodb.net", true; "no number")]
    #[test_case("in01-5a1c.aws-us-west-2.vectordb.zillizcloud.com", false; "of a vendor that has one host")]
    fn public_hosts(host: &str, is: bool) {
        assert_eq!(of_name(host).is_some_and(|vendor| vendor.is_public_host(host)), is);
    }

    const NAMES: [&str; 3] = [
        "vpce-0abc-x1y2.vpce-svc-9.us-west-2.vpce.amazonaws.com",
        "sts.us-west-2.amazonaws.com",
        "*.execute-api.us-west-2.amazonaws.com",
    ];

    #[test_case("vpce-0abc-x1y3.vpce-svc-9.us-west-2.vpce.amazonaws.com", Some(NAMES[0]))]
    #[test_case("sts.us-wset-2.amazonaws.com", Some(NAMES[1]); "letters swapped")]
    #[test_case(
        "a1b2.execute-apis.us-west-2.amazonaws.com",
        Some("a1b2.execute-api.us-west-2.amazonaws.com")
    )]
    #[test_case(
        "in01-5a1c.aws-us-west-2.vectordb.zilizcloud.com",
        Some("in01-5a1c.aws-us-west-2.vectordb.zillizcloud.com");
        "a vendor's domain"
    )]
    #[test_case("STS.us-west-2.amazonaws.com.", None; "right as it is")]
    #[test_case("sns.us-east-1.amazonaws.com", None; "another name")]
    #[test_case("api.vendor.example", None)]
    #[test_case("", None)]
    fn nearest_names(host: &str, name: Option<&str>) {
        assert_eq!(nearest(host, NAMES).as_deref(), name);
    }
}
