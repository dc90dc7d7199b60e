//! What only `vpce-doctor path` can meet, where the two ends are anybody's: `check` runs on a host that is up, asks from
//! it, and says of an address that nobody holds where it came from. These have a text and no rule.

use crate::model::finding::FindingMeta;

use super::declare_finding;

declare_finding! {
    /// ## What it means
    /// Nobody holds the destination: it lies in a VPC whose network interfaces were all read, and none has it. Packets for it
    /// end there, without an answer.
    /// ## How we know
    /// The routes lead to the VPC, the address lies in one of its CIDR blocks, and no interface there has the address, neither
    /// as its own nor within a delegated prefix.
    /// ## What looks like it
    /// `dns-stale-a-record`, `endpoint-deleted`: what `check` says when a name leads to such an address.
    /// `route-overlap-local`: an interface of another VPC holds it.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=ADDRESS
    /// ## How to fix it
    /// Ask for the address that the endpoint or instance has now; what replaced it has another.
    static ADDRESS_NOT_HELD = { title: "no network interface holds the destination's address", severity: Error, side: ConsumerVpc, layer: Endpoint, since: "0.1.0" }
}

declare_finding! {
    /// ## What it means
    /// The source is an endpoint's own network interface. Connections go through an endpoint one way, from this VPC to the
    /// service: its interface answers, and begins nothing.
    /// ## How we know
    /// The interface that the question starts from is of type vpc_endpoint.
    /// ## What looks like it
    /// A question asked the wrong way round: the endpoint is where the packets go.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-interfaces --network-interface-ids ENI --query 'NetworkInterfaces[].InterfaceType'
    /// ## How to fix it
    /// Ask from the client to the endpoint; the way back is part of the answer. A service that has to open connections into
    /// this VPC needs an endpoint service or a peering connection of its own.
    static ENDPOINT_CANNOT_INITIATE = { title: "an endpoint's interface begins no connection", severity: Error, side: ConsumerVpc, layer: Endpoint, since: "0.1.0" }
}

declare_finding! {
    /// ## What it means
    /// The instance that the interface is attached to does not run: nobody there sends, and nobody answers.
    /// ## How we know
    /// The interface names its instance, and the state of that instance is another than running.
    /// ## What looks like it
    /// `interface-not-in-use`: the interface has no instance.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-instances --instance-ids INSTANCE --query 'Reservations[].Instances[].State'
    /// ## How to fix it
    /// Start the instance (aws ec2 start-instances); or ask about the one that does its work now.
    static INSTANCE_NOT_RUNNING = { title: "the instance of the interface does not run", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

declare_finding! {
    /// ## What it means
    /// The network interface is attached to nothing: its address is taken, and nobody is there to use it.
    /// ## How we know
    /// The status of the interface is available, or its attachment is neither attached nor attaching.
    /// ## What looks like it
    /// `instance-not-running`: it has an instance, which does not run.
    /// `address-not-held`: there is no such interface.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-interfaces --network-interface-ids ENI --query 'NetworkInterfaces[].[Status,Attachment.Status]'
    /// ## How to fix it
    /// Attach the interface to the instance that it is for (aws ec2 attach-network-interface); or ask about the interface
    /// that this instance has now.
    static INTERFACE_NOT_IN_USE = { title: "the network interface is attached to nothing", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

/// Their codes are in `vpce-doctor path`'s reports alone, never in those of `check`.
pub static PATH_ONLY: &[&FindingMeta] =
    &[&ADDRESS_NOT_HELD, &ENDPOINT_CANNOT_INITIATE, &INSTANCE_NOT_RUNNING, &INTERFACE_NOT_IN_USE];
