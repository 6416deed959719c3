"""Sending a browser on."""

from collections.abc import Mapping

from relay.core.calls import Answer, AnyAnswer


def go_to(location: str, cookies: Mapping[str, tuple[str, int]] | None = None) -> AnyAnswer:
    """303. location: ours to choose, never the caller's. cookies: as in Answer. [any]"""
    return Answer(status=303, headers={"location": location}, media_type="text/html", cookies=cookies or {})
