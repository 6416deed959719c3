"""Which store of objects a URL, or the settings, mean. S3's client is imported only where one of them names S3."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from relay.engine.objects.door import Objects
from relay.engine.objects.folder import FolderObjects

DEFAULT_REGION = "auto"  # R2's only one; others ignore it or name theirs in the URL
_R2 = "CLOUDFLARE_R2_"
_KEYS = ((f"{_R2}ACCESS_KEY", f"{_R2}SECRET_KEY"), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
_PARAMETERS = {"endpoint", "region", "public"}


class BadObjectsUrl(ValueError):
    """A sentence: what is wrong with which setting."""


def objects_url(environment: Mapping[str, str], folder: Path) -> str:
    """What the settings STORAGE_PROVIDER and CLOUDFLARE_R2_… mean; without them, folder. Raises BadObjectsUrl. [any]"""
    provider = environment.get("STORAGE_PROVIDER", "local").lower()
    if provider == "local":
        return f"folder://{folder.absolute()}"
    if provider not in ("r2", "s3"):
        raise BadObjectsUrl(f"STORAGE_PROVIDER is local, r2 or s3, not {provider!r}.")
    bucket, endpoint = environment.get(f"{_R2}BUCKET"), environment.get(f"{_R2}ENDPOINT")
    if not bucket or not endpoint:
        raise BadObjectsUrl(f"STORAGE_PROVIDER={provider} needs {_R2}BUCKET and {_R2}ENDPOINT.")
    return f"s3://{bucket}?endpoint={endpoint}"


def open_objects(url: str | Path, environment: Mapping[str, str]) -> Objects:
    """folder:///path, a Path, or s3://bucket[/prefix]?endpoint=…[&region=…][&public=…]; keys are in the environment:
    CLOUDFLARE_R2_ACCESS_KEY and CLOUDFLARE_R2_SECRET_KEY, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

    public: the endpoint that signed links name, if listeners reach the store by another one than we do.
    Raises BadObjectsUrl, FolderOpen, OSError; ImportError without the extra `cluster`. A store that is not there now
    is no error. [worker]
    """
    if isinstance(url, Path):
        return FolderObjects(url)
    parts = urlsplit(url)
    if parts.scheme == "folder":
        path = Path(unquote(parts.path))
        if parts.netloc or not path.is_absolute():
            raise BadObjectsUrl(f"A folder of objects is folder:///path, with three slashes, not {url!r}.")
        return FolderObjects(path)
    if parts.scheme == "s3":
        return _open_s3(url, environment)
    raise BadObjectsUrl(f"Objects are kept at folder:///path or s3://bucket?endpoint=…, not {url!r}.")


def _is_address(url: str) -> bool:
    """Whether it names a host, and perhaps a port, to be reached by HTTP."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _open_s3(url: str, environment: Mapping[str, str]) -> Objects:
    parts = urlsplit(url)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := given.keys() - _PARAMETERS:
        raise BadObjectsUrl(f"An S3 URL knows endpoint, region and public, not {', '.join(sorted(unknown))}.")
    if not parts.netloc or parts.username or parts.password:
        raise BadObjectsUrl("An S3 URL is s3://bucket?endpoint=…; its keys are in the environment.")
    for name in ("endpoint", "public"):
        if name in given and not _is_address(given[name]):
            raise BadObjectsUrl(f"{name} of an S3 URL is http://host or https://host, not {given[name]!r}.")
    if "endpoint" not in given:
        raise BadObjectsUrl("An S3 URL needs endpoint=https://…, where the store answers.")
    keys = next(
        ((environment[a], environment[b]) for a, b in _KEYS if environment.get(a) and environment.get(b)),
        None,
    )
    if keys is None:
        raise BadObjectsUrl("S3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
    from relay.engine.objects.s3 import S3Objects  # an extra, and half a second of a start
    from relay.engine.objects.s3_client import Bucket

    prefix = parts.path.strip("/")
    bucket = Bucket(
        name=parts.netloc,
        endpoint=given["endpoint"],
        region=given.get("region", DEFAULT_REGION),
        access_key=keys[0],
        secret_key=keys[1],
        prefix=f"{prefix}/" if prefix else "",
        public_endpoint=given.get("public"),
    )
    return S3Objects(bucket)
