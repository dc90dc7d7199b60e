"""A world told as AWS CLI output."""

from __future__ import annotations

import json
from pathlib import Path

from .inventory import Object


def write_files(files: dict[str, Object], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document, indent=1) + "\n")


def file_name(key: str) -> str:
    special = {"ServiceDetails": "vpc-endpoint-services", "Reservations": "instances"}
    if key in special:
        return f"describe-{special[key]}"
    dashed = "".join(f"-{one.lower()}" if one.isupper() else one for one in key)
    return f"describe{dashed}"
