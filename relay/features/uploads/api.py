"""What other features may ask of uploads."""

from relay.features.uploads.service import Uploads
from relay.features.uploads.store import Upload, end, parts, set_published, size_bytes

__all__ = ["Upload", "Uploads", "end", "parts", "set_published", "size_bytes"]
