"""The floor: what no tool can do without. Reads and hashes the files, and lists the workspace, with nothing around it.

``python floor.py FOLDER URL KEY [READERS]``: with READERS it also reads each preset, as many at a time.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

PAGE = 100


def main(folder: str, url: str, key: str, readers: str = "0") -> None:
    """Prints how many files, rows and presets there are."""
    hashed = {file: _digest(f"{folder}/{file}") for file in sorted(os.listdir(folder))}  # noqa: PTH208 - the fastest
    listed = list(_listed(url, key).values())
    print(len(hashed), len(listed), _read(url, key, listed, int(readers)))


def _read(url: str, key: str, slugs: list[str], readers: int) -> int:
    """How many presets there are, each read with a request of its own."""
    if not readers:
        return 0
    with ThreadPoolExecutor(readers) as pool:
        return sum(pool.map(lambda some: _read_some(url, key, some), (slugs[n::readers] for n in range(readers))))


def _read_some(url: str, key: str, slugs: list[str]) -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    found = 0
    for slug in slugs:
        connection.request("GET", f"{address.path}/presets/{slug}", headers={"Authorization": f"Bearer {key}"})
        found += "data" in json.loads(connection.getresponse().read())
    return found


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - the fastest
        return hashlib.sha256(file.read()).digest()


def _listed(url: str, key: str) -> dict[str, str]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    rows: dict[str, str] = {}
    while True:
        path = f"{address.path}/presets?offset={len(rows)}&limit={PAGE}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        page = json.loads(connection.getresponse().read())
        rows.update((row["id"], row["slug"]) for row in page["data"])
        if len(rows) >= page["total_count"] or not page["data"]:
            return rows


if __name__ == "__main__":
    main(*sys.argv[1:])
