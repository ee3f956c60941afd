"""What a stored row looks like from outside: the representation as an object, and as the text that is sent.

Both say the same; the text is put together from what is stored as text, so that a page of users costs no more than to
join strings. Rule: pure; ``text`` is the object of ``whole`` as ``projection`` leaves it by default, printed by
``wire.encode_json``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from scimrig_simulator.seams import Resource
from scimrig_simulator.server.store import Link, Row

Locate: TypeAlias = Callable[[str, str], str]
"""(kind, id) → the absolute URI of a resource."""

_printed = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def whole(row: Row, links: Sequence[Link], locate: Locate) -> Resource:
    """The whole representation of a row. links: its members where it is a group, its groups where it is a user."""
    resource = row.body
    if links and row.kind == "Group":
        resource["members"] = [member(link, locate) for link in links]
    elif links:
        resource["groups"] = [_group(link, locate) for link in links]
    resource["meta"] = {
        "resourceType": row.kind,
        "created": _time(row.created),
        "lastModified": _time(row.modified),
        "location": locate(row.kind, row.id),
        "version": _version(row, links),
    }
    return resource


def text(row: Row, links: Sequence[Link], locate: Locate) -> tuple[str, str]:
    """(JSON text that is sent by default, version) of a row."""
    version = _version(row, links)
    linked = ""
    if links and row.kind == "Group":
        linked = f',"members":[{",".join([_member_text(link, locate) for link in links])}]'
    elif links:
        linked = f',"groups":{_printed([_group(link, locate) for link in links])}'
    meta = (
        f'"resourceType":{_printed(row.kind)},"created":"{_time(row.created)}","lastModified":"{_time(row.modified)}",'
        f'"location":{_printed(locate(row.kind, row.id))},"version":{_printed(version)}'
    )
    return f'{row.document[:-1]}{linked},"meta":{{{meta}}}}}', version


def member(link: Link, locate: Locate) -> Resource:
    """A member of a group as represented."""
    return {"value": link.id, "$ref": locate(link.kind, link.id), "type": link.kind, "display": link.label}


def _member_text(link: Link, locate: Locate) -> str:
    return (
        f'{{"value":{_printed(link.id)},"$ref":{_printed(locate(link.kind, link.id))},"type":{_printed(link.kind)},'
        f'"display":{_printed(link.label)}}}'
    )


def _group(link: Link, locate: Locate) -> Resource:
    height = "direct" if link.direct else "indirect"
    return {"value": link.id, "$ref": locate("Group", link.id), "display": link.label, "type": height}


def _version(row: Row, links: Sequence[Link]) -> str:
    """A weak tag. ``groups`` is part of a user but changes elsewhere, so the tag covers it (RFC 9110 §8.8.1)."""
    if not links or row.kind == "Group":
        return f'W/"{row.revision}"'
    digest = zlib.crc32(_printed([(link.id, link.label, link.direct) for link in links]).encode())
    return f'W/"{row.revision}-{digest:08x}"'


def _time(milliseconds: int) -> str:
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
