"""Names and numbers of tus 1.0 (https://tus.io/protocols/resumable-upload) that both ends use. No rules, no I/O.

Beyond tus: with the header Idempotency-Key, creating twice gives the same upload, so a lost answer costs nothing.
"""

from relay.wire.rest import API_PREFIX

VERSION = "1.0.0"
UPLOADS_PATH = f"{API_PREFIX}/uploads"
CHUNK_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460

RESUMABLE = "Tus-Resumable"
OFFSET = "Upload-Offset"
LENGTH = "Upload-Length"
METADATA = "Upload-Metadata"
CHECKSUM = "Upload-Checksum"
EXPIRES = "Upload-Expires"
