"""What a stored row looks like from outside: the representation as an object, and as the text that is sent.

Both say the same; the text is put together from what is stored as text, so that a page of users costs no more than to
join strings. Rule: pure; ``text`` is the object of ``whole`` as ``projection`` leaves it by default, printed by
``wire.encode_json``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted

from scimrig_simulator.calls import Resource
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.server.store import Link, Row
from scimrig_simulator.wire import segment

_printed = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(maxsize=256)
def roots(definitions: Definitions, base_url: str) -> Mapping[str, str]:
    """Where the resources of each kind are: kind → what stands in a URI before the id."""
    return {kind.name: f"{base_url}{kind.endpoint}/" for kind in definitions.resource_types}


def whole(row: Row, links: Sequence[Link], places: Mapping[str, str]) -> Resource:
    """The whole representation of a row.

    links: its members where it is a group, its groups where it is a user.  places: see ``roots``.
    """
    resource = row.body
    if links and row.kind == "Group":
        resource["members"] = [member(link, places) for link in links]
    elif links:
        resource["groups"] = [_group(link, places) for link in links]
    resource["meta"] = {
        "resourceType": row.kind,
        "created": _time(row.created),
        "lastModified": _time(row.modified),
        "location": places[row.kind] + segment(row.id),
        "version": _version(row, links),
    }
    return resource


def text(row: Row, links: Sequence[Link], places: Mapping[str, str]) -> tuple[str, str]:
    """(JSON text that is sent by default, version) of a row."""
    _, id, kind, revision, created, modified, document, _ = row
    linked, version = "", f'W/"{revision}"'
    if links and kind == "Group":
        linked = f',"members":[{",".join([_member_text(link, places) for link in links])}]'
    elif links:
        linked = f',"groups":{_printed([_group(link, places) for link in links])}'
        version = _version(row, links)
    made = _time(created)
    return (
        f'{document[:-1]}{linked},"meta":{{"resourceType":"{kind}","created":"{made}","lastModified":'
        f'"{made if modified == created else _time(modified)}","location":{_quoted(places[kind] + segment(id))},'
        f'"version":{_quoted(version)}}}}}'
    ), version


def member(link: Link, places: Mapping[str, str]) -> Resource:
    """A member of a group as represented."""
    return {"value": link.id, "$ref": places[link.kind] + segment(link.id), "type": link.kind, "display": link.label}


def _member_text(link: Link, places: Mapping[str, str]) -> str:
    return (
        f'{{"value":{_quoted(link.id)},"$ref":{_quoted(places[link.kind] + segment(link.id))},'
        f'"type":"{link.kind}","display":{_quoted(link.label)}}}'
    )


def _group(link: Link, places: Mapping[str, str]) -> Resource:
    height = "direct" if link.direct else "indirect"
    return {"value": link.id, "$ref": places["Group"] + segment(link.id), "display": link.label, "type": height}


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
