"""Entity tags of RFC 9110, 8.8.3, as a request names them."""

import re

_TAG = re.compile(r'"[^"]*"')


def names_tag(header: str | None, etag: str) -> bool:
    """Whether If-None-Match (13.1.2) names a strong tag of ours, alone, in a list, or by "*".

    Compared weakly: proxies that compress an answer make its tag a weak one. [any]
    """
    return header is not None and (header.strip() == "*" or etag in _TAG.findall(header))
