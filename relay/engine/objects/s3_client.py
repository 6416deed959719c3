"""How a bucket is reached, and how long each kind of request may take."""

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

CONNECT_LIMIT_S = 0.9
"""Of one attempt to reach it. With RETRY_LIMIT_S: a store that is not there is known to be dead within a second."""
RETRY_LIMIT_S = 0.5
"""So long after the first attempt another one is begun: for a dropped connection, a restart, a 503."""
ANSWER_LIMIT_S = 2.0
"""Until the first byte of an answer, and between two of them, where we only read."""
WRITE_LIMIT_S = 20.0
"""One request that carries at most SEGMENT_BYTES to it."""


class Bucket(Struct, frozen=True, kw_only=True):
    """endpoint: http(s)://host[:port]. public_endpoint: the same store as listeners reach it, for signed links."""

    name: str
    endpoint: str
    region: str
    access_key: str
    secret_key: str
    prefix: str = ""
    public_endpoint: str | None = None


def open_store(bucket: Bucket, endpoint: str, *, answer_limit_s: float) -> S3Store:
    client: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=CONNECT_LIMIT_S),
        "read_timeout": timedelta(seconds=answer_limit_s),
        "timeout": timedelta(seconds=WRITE_LIMIT_S),
    }
    retry: RetryConfig = {
        "max_retries": 3,
        "retry_timeout": timedelta(seconds=RETRY_LIMIT_S),
        "backoff": {
            "init_backoff": timedelta(milliseconds=50),
            "max_backoff": timedelta(milliseconds=200),
            "base": 2,
        },
    }
    return S3Store(
        bucket.name,
        endpoint=endpoint,
        access_key_id=bucket.access_key,
        secret_access_key=bucket.secret_key,
        region=bucket.region,
        virtual_hosted_style_request=False,
        client_options=client,
        retry_config=retry,
    )
