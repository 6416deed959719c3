"""A certificate of the relay's own making, for a network where no authority knows its address: who joins compares its fingerprint.

ECDSA on P-256, which every browser takes (RFC 5480); the address as subjectAltName (RFC 5280, 4.2.1.6).
"""

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

CHAIN, KEY = "certificate.pem", "certificate-key.pem"
DAYS = 3650


def make_certificate(folder: Path, host: str, now: datetime.datetime) -> tuple[Path, Path]:
    """Chain and key in `folder`, the key for its owner's eyes only; one that is there for that host is kept. Raises OSError."""
    chain, key_file = folder / CHAIN, folder / KEY
    if (
        chain.exists()
        and key_file.exists()
        and host in _hosts(x509.load_pem_x509_certificate(chain.read_bytes()))
    ):
        return chain, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    _write(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    _write(chain, made.public_bytes(Encoding.PEM), 0o644)
    return chain, key_file


def fingerprint(chain: Path) -> str:
    """SHA-256 of the first certificate of a chain, in hexadecimal. Raises OSError, ValueError."""
    return x509.load_pem_x509_certificate(chain.read_bytes()).fingerprint(SHA256()).hex()


def _hosts(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in names]


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(file: Path, content: bytes, mode: int) -> None:
    part = file.with_name(f"{file.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
