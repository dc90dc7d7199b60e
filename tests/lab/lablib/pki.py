"""Certificates for the listeners, made once per run: one good one, and one for every way to be wrong."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

#: Names that scenarios ask for. A certificate is wrong in one way only, never by accident in its name too.
NAMES = (
    "api.vendor.example",
    "*.vendor.example",
    "secretsmanager.us-west-2.amazonaws.com",
    "sts.us-west-2.amazonaws.com",
    "kms.us-west-2.amazonaws.com",
    "s3.us-west-2.amazonaws.com",
    "*.s3.us-west-2.amazonaws.com",
    "*.execute-api.us-west-2.amazonaws.com",
)

_ROOTS = {
    "root": "Lab Root CA",
    "stranger": "Root CA That Nobody Trusts",
    "zscaler": "Zscaler Root CA",
    "corporate": "Example Corp Root CA 3",
}
_CA_EXTENSIONS = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
_CONFIG = """
[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
rand_serial = yes
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[issuing]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""


def make(folder: Path) -> Path:
    """Fills a folder with `NAME.key` and `NAME.chain`; returns the file of the root to trust."""
    folder.mkdir()
    for root, subject in _ROOTS.items():
        _root(folder, root, subject)
        _intermediate(folder, f"{root}-issuing", root, f"{subject}, Issuing")
    _leaf(folder, "valid", NAMES, (-30, 335))
    _leaf(folder, "expired", NAMES, (-395, -30))
    _leaf(folder, "not-yet-valid", NAMES, (30, 395))
    _leaf(folder, "expiring", NAMES, (-360, 5))
    _leaf(folder, "expiring-tomorrow", NAMES, (-360, 1))
    _leaf(folder, "expiring-in-20-days", NAMES, (-360, 20))
    _leaf(folder, "wildcard", ("*.vendor.example",), (-30, 335))
    _leaf(folder, "zscaler", NAMES, (-3, 11), issuer="zscaler-issuing")
    _leaf(folder, "corporate", NAMES, (-3, 360), issuer="corporate-issuing")
    _leaf(folder, "other-name", ("console.other.example",), (-30, 335))
    _leaf(folder, "other-name-untrusted", ("console.other.example",), (-30, 335), issuer="stranger-issuing")
    _leaf(folder, "untrusted", NAMES, (-30, 335), issuer="stranger-issuing")
    _leaf(folder, "lone-untrusted", NAMES, (-30, 335), issuer="stranger", chain=())
    _leaf(folder, "incomplete", NAMES, (-30, 335), chain=())
    _self_signed(folder)
    return folder / "root.crt"


def _root(folder: Path, name: str, subject: str) -> None:
    request = ["req", "-x509", *_new_key(folder, name), "-subj", f"/CN={subject}", "-days", "3650", *_CA_EXTENSIONS]
    _openssl(*request, "-out", str(folder / f"{name}.crt"))


def _intermediate(folder: Path, name: str, issuer: str, subject: str) -> None:
    _sign(folder, name, issuer, subject, "issuing", (-365, 3000), NAMES)


def _leaf(
    folder: Path,
    name: str,
    names: tuple[str, ...],
    validity: tuple[int, int],
    issuer: str = "root-issuing",
    chain: tuple[str, ...] | None = None,
) -> None:
    """`chain` is what the server sends besides the leaf: the intermediate, unless said otherwise."""
    _sign(folder, name, issuer, names[0], "leaf", validity, names)
    sent = [name, *((issuer,) if chain is None else chain)]
    (folder / f"{name}.chain").write_text("".join((folder / f"{one}.crt").read_text() for one in sent))


def _sign(
    folder: Path,
    name: str,
    issuer: str,
    subject: str,
    extensions: str,
    validity: tuple[int, int],
    names: tuple[str, ...],
) -> None:
    """`validity` counts in days from now."""
    start, end = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=number) for number in validity)
    request, config = folder / f"{name}.csr", folder / f"{name}.cnf"
    (folder / "index.txt").write_text("")
    config.write_text(_CONFIG.format(folder=folder, names=",".join(f"DNS:{one}" for one in names)))
    _openssl("req", *_new_key(folder, name), "-subj", f"/CN={subject}", "-out", str(request))
    # `openssl ca`, because `openssl x509 -req` cannot write a validity that lies in the past.
    signer = ["-cert", str(folder / f"{issuer}.crt"), "-keyfile", str(folder / f"{issuer}.key")]
    dates = ["-startdate", f"{start:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}"]
    paths = ["-config", str(config), "-in", str(request), "-out", str(folder / f"{name}.crt")]
    _openssl("ca", "-batch", "-notext", "-extensions", extensions, *signer, *dates, *paths)


def _self_signed(folder: Path) -> None:
    names = ",".join(f"DNS:{one}" for one in NAMES)
    subject = ["-subj", f"/CN={NAMES[0]}", "-days", "365", "-addext", f"subjectAltName={names}"]
    extensions = ["-addext", "basicConstraints=critical,CA:FALSE"]
    out = ["-out", str(folder / "self-signed.chain")]
    _openssl("req", "-x509", *_new_key(folder, "self-signed"), *subject, *extensions, *out)


def _new_key(folder: Path, name: str) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / f"{name}.key")]


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")
