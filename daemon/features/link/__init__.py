"""The link to the relay: what daemon.core.link decides is carried out, what arrives is stored."""
