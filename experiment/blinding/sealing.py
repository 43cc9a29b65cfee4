"""Sealing a few bytes so that only the holder of a private key can read them.

For each piece, a fresh X25519 key is agreed with the recipient's public key; HKDF-SHA256 makes from
that the key of ChaCha20-Poly1305 (RFC 7748, 5869, 8439; the construction of ECIES and age). The
fresh key is used for one piece alone, so the nonce is zero. What the piece belongs to is bound to
it and not kept in it: a piece that is moved to another place does not open.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from experiment.errors import BadInput
from experiment.outputs import Output
from experiment.said import Said

_PURPOSE = b"kindred sealed allocation 1"
_NONCE = bytes(12)
_KEY = 32  # bytes of an X25519 public key
_PAD = 64  # bytes; lengths are rounded up to a multiple
_PUBLIC, _PRIVATE = Output(), Output(mode=0o600)


class NotOpened(Exception):
    """A piece that this key doesn't open: another key, or somebody changed it."""


def seal(piece: bytes, belongs_to: bytes, public: X25519PublicKey) -> bytes:
    """Seal a piece.

    Parameters
    ----------
    piece : bytes
        Its length shows; see `pad`.
    belongs_to : bytes
        What it is bound to.
    public : X25519PublicKey

    Returns
    -------
    bytes
        48 more than the piece has.
    """
    once = X25519PrivateKey.generate()
    own = once.public_key().public_bytes_raw()
    key = _agreed(once.exchange(public), own, public)
    return own + ChaCha20Poly1305(key).encrypt(_NONCE, piece, belongs_to)


def unseal(sealed: bytes, belongs_to: bytes, private: X25519PrivateKey) -> bytes:
    """Open a sealed piece.

    Raises
    ------
    NotOpened
        If it was not sealed for this key, was changed, or belongs elsewhere.
    """
    try:
        theirs = X25519PublicKey.from_public_bytes(sealed[:_KEY])
        key = _agreed(private.exchange(theirs), sealed[:_KEY], private.public_key())
        return ChaCha20Poly1305(key).decrypt(_NONCE, sealed[_KEY:], belongs_to)
    except (InvalidTag, ValueError):
        raise NotOpened from None


def pad(texts: list[str]) -> list[bytes]:
    """Bring texts to one length (bytes, UTF-8) with spaces, so that their size tells nothing."""
    raw = [text.encode() for text in texts]
    length = -(-max(map(len, raw), default=0) // _PAD) * _PAD
    return [text.ljust(length) for text in raw]


def fingerprint(public: X25519PublicKey) -> str:
    """Return what a public key is known by: 16 hex digits of its SHA-256."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes_raw())
    return digest.finalize().hex()[:16]


def make_keys(private_file: Path, public_file: Path, passphrase: str | None) -> str:
    """Make a pair of keys, the private one readable by its owner only; return its fingerprint.

    Parameters
    ----------
    private_file, public_file : Path
        PEM; neither may exist.
    passphrase : str or None
        The private key is encrypted with it; None for no passphrase.

    Raises
    ------
    BadInput
        If a file exists or can't be written. No key is left behind then.
    """
    private = X25519PrivateKey.generate()
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else serialization.NoEncryption(),
    )
    open_ = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _PUBLIC.write(public_file, open_)
    try:
        _PRIVATE.write(private_file, secret)
    except BadInput:
        public_file.unlink()
        raise
    return fingerprint(private.public_key())


def read_public(file: Path) -> X25519PublicKey:
    """Read a public key.

    Raises
    ------
    BadInput
        If it is none; a private key is refused, it must not be here.
    """
    data = _read(file)
    if b"PRIVATE KEY" in data:
        raise BadInput(
            f"{file}: is a private key; only the public one is needed here, keep the private one "
            "away from this computer"
        )
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise BadInput(f"{file}: not a public key made by: allocation keys")
    return key


def is_encrypted(file: Path) -> bool:
    """Tell whether a private key asks for a passphrase."""
    return b"ENCRYPTED PRIVATE KEY" in _read(file)


def read_private(file: Path, passphrase: str | None) -> X25519PrivateKey:
    """Read a private key.

    Raises
    ------
    BadInput
        If it is none, or the passphrase is wrong.
    """
    data = _read(file)
    if b"PRIVATE KEY" not in data:
        raise BadInput(Said("refused.no_private_key", file=file))
    try:
        key = serialization.load_pem_private_key(
            data, passphrase.encode() if passphrase and is_encrypted(file) else None
        )
    except TypeError:
        raise BadInput(Said("refused.passphrase_needed", file=file)) from None
    except (ValueError, UnsupportedAlgorithm):
        why = "passphrase" if is_encrypted(file) else "key_damaged"
        raise BadInput(Said(f"refused.{why}", file=file)) from None
    if not isinstance(key, X25519PrivateKey):
        raise BadInput(f"{file}: not a private key made by: allocation keys")
    return key


def _agreed(shared: bytes, once: bytes, recipient: X25519PublicKey) -> bytes:
    info = _PURPOSE + once + recipient.public_bytes_raw()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(shared)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(Said("refused.unreadable", file=file, why=error.strerror)) from None
