"""Where an address is, as coarsely as it helps somebody to say "that is me": a network, never the address."""

import ipaddress

PREFIX_V4, PREFIX_V6 = 24, 64
SITE_PREFIX_V6 = 48
"""What a provider gives to one customer at most, as a rule (RFC 6177)."""


def network_of(address: str) -> str:
    """The /24 or /64 around an address, such as "203.0.113.0/24"; "" for what is no address. [any]"""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    prefix = PREFIX_V4 if found.version == 4 else PREFIX_V6
    if found.is_loopback and found.version == 6:  # ::/64 holds more than this machine
        prefix = found.max_prefixlen
    return str(ipaddress.ip_network((found, prefix), strict=False))


def counted_as(address: str) -> str:
    """Who an address is to a rate limit: an IPv4 address is one, an IPv6 one all of its /64. [any]

    One customer is given a whole /64 at least (RFC 6177), and could otherwise come from a new address each time.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped) if found.ipv4_mapped else network_of(address)
    return str(found)


def neighbourhood_of(address: str) -> str:
    """The /24 or /48 around an address: as much as one who attacks is likely to have. [any]"""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and not found.ipv4_mapped and not found.is_loopback:
        return str(ipaddress.ip_network((found, SITE_PREFIX_V6), strict=False))
    return network_of(address)


def describe(network: str) -> str:
    """Words for a network of `network_of`. [any]"""
    if not network:
        return "an unknown network"
    found = ipaddress.ip_network(network)
    if found.is_loopback:
        return "this machine"
    shown = str(found.network_address).rsplit(".", 1)[0] + ".x" if found.version == 4 else network
    return f"a local network ({shown})" if found.is_private else f"the network {shown}"
