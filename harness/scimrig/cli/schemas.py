"""``--schemas``: the JSON files that a reference server takes its schemas and resource types from.

Rule: reads files; what stands in them is for ``scim.schema_files`` to judge.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scimrig.cli.complaint import Complaint

if TYPE_CHECKING:
    from scimrig_simulator.scim.schemas import Definitions


def add_argument(parser: argparse.ArgumentParser) -> None:
    """The option ``--schemas``, which may be given several times."""
    parser.add_argument(
        "--schemas", metavar="PATH", action="append", default=[],
        help="a JSON file with Schema and ResourceType documents (RFC 7643), or a folder of them: resource types and"
        " extensions to serve beside User and Group; may be given several times",
    )


def definitions_in(paths: Sequence[str]) -> Definitions:
    """The built-in schemas and resource types with those of the files. Raises Complaint that lists every mistake."""
    from scimrig_simulator.scim.schema_files import SchemaError, merge
    from scimrig_simulator.scim.schemas import builtin

    try:
        return merge(builtin(), list(_texts(paths))) if paths else builtin()
    except SchemaError as error:
        raise Complaint("\n".join(f"--schemas: {mistake}" for mistake in error.mistakes)) from None


def _texts(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    for given in paths:
        path = Path(given)
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise Complaint(f"--schemas: there is no *.json file in {given}")
        for file in files:
            try:
                yield str(file), file.read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                words = error.strerror if isinstance(error, OSError) else "it isn't in UTF-8"
                raise Complaint(f"--schemas: {file}: {words}") from None
