"""Certificates for the listeners, made once per run: one good one, and one for every way to be wrong."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

#: Names that scenarios ask for. A certificate is wrong in one way only, never by accident in its name too.
NAMES = (
    "api.vendor.example",
    "*.vendor.example",
    "secretsmanager.us-west-2.amazonaws.com",
    "sts.us-west-2.amazonaws.com",
)

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
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""


def make(folder: Path) -> Path:
    """Fills a folder with `NAME.key` and `NAME.chain`; returns the file of the root to trust."""
    folder.mkdir()
    _root(folder, "root", "Lab Root CA")
    _root(folder, "stranger", "Root CA That Nobody Trusts")
    _leaf(folder, "valid", NAMES, (-30, 335))
    _leaf(folder, "expired", NAMES, (-395, -30))
    _leaf(folder, "not-yet-valid", NAMES, (30, 395))
    _leaf(folder, "expiring", NAMES, (-360, 5))
    _leaf(folder, "other-name", ("console.other.example",), (-30, 335))
    _leaf(folder, "untrusted", NAMES, (-30, 335), issuer="stranger")
    _self_signed(folder)
    return folder / "root.crt"


def _root(folder: Path, name: str, subject: str) -> None:
    request = ["req", "-x509", *_new_key(folder, name), "-subj", f"/CN={subject}", "-days", "3650", *_CA_EXTENSIONS]
    _openssl(*request, "-out", str(folder / f"{name}.crt"))


def _leaf(
    folder: Path,
    name: str,
    names: tuple[str, ...],
    validity: tuple[int, int],
    issuer: str = "root",
) -> None:
    """`validity` counts in days from now."""
    start, end = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=number) for number in validity)
    request, issued, config = folder / f"{name}.csr", folder / f"{name}.crt", folder / f"{name}.cnf"
    (folder / "index.txt").write_text("")
    config.write_text(_CONFIG.format(folder=folder, names=",".join(f"DNS:{one}" for one in names)))
    _openssl("req", *_new_key(folder, name), "-subj", f"/CN={names[0]}", "-out", str(request))
    # `openssl ca`, because `openssl x509 -req` cannot write a validity that lies in the past.
    signer = ["-cert", str(folder / f"{issuer}.crt"), "-keyfile", str(folder / f"{issuer}.key")]
    dates = ["-startdate", f"{start:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}"]
    paths = ["-config", str(config), "-in", str(request), "-out", str(issued)]
    _openssl("ca", "-batch", "-notext", "-extensions", "leaf", *signer, *dates, *paths)
    shutil.copyfile(issued, folder / f"{name}.chain")


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
