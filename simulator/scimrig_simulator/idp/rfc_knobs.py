"""The ``rfc`` dialect as a table: what a client does that follows RFC 7643 and RFC 7644 to the letter.

Every knob is ``doc``: its source is the RFC's own text.

Rule: data only; ``rfc.py`` is the state machine.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import Choice, Dialect, Knob, ground, toggles
from scimrig_simulator.wire import SCIM_JSON

_COMMON = (
    Knob("content-type", SCIM_JSON, "doc", "RFC 7644 §3.1"),
    Knob("accept", SCIM_JSON, "doc", "RFC 7644 §3.8"),
    Knob("query-encoding", "%20 %22 %40", "doc", "RFC 3986 §2.1"),
    Knob("test-request", "GET /Users?startIndex=1&count=1", "doc", "RFC 7644 §3.4.2.4"),
    Knob("look-up", "userName eq, no paging", "doc", "RFC 7644 §3.4.2.2"),
    Knob("look-up-none", "200 with totalResults 0", "doc", "RFC 7644 §3.4.2"),
    Knob("creation", "POST, 201; id from the body or from Location", "doc", "RFC 7644 §3.3"),
    Knob("schemas", "core, and the enterprise URN where the extension is used", "doc", "RFC 7643 §3.1, §3.3"),
    Knob("external-id", "a GUID", "doc", "RFC 7643 §3.1"),
    *toggles("doc", "RFC 7644 §3", out_of_scope="deactivate", others=("delete", "leave")),
    Knob("delete", "DELETE, 204", "doc", "RFC 7644 §3.6"),
    Knob("group-create", "POST with externalId, displayName and members", "doc", "RFC 7644 §3.3"),
    Knob("member-object", "value alone", "doc", "RFC 7643 §4.2"),
    Knob("membership", "PATCH: remove by value path, then one add to members", "doc", "RFC 7644 §3.5.2.1, §3.5.2.2"),
)

_BY_PATCH = Choice("patch", "GET, then PATCH replace or remove by simple paths", "doc", "RFC 7644 §3.5.2.3")
_BY_PUT = Choice("put", "GET, then PUT of the object received", "doc", "RFC 7644 §3.5.1")

_PATCH = (
    Knob("profile-update", "patch", "doc", "RFC 7644 §3.5.2.3", _BY_PATCH.words, (_BY_PUT,)),
    Knob("active", "PATCH replace, path active", "doc", "RFC 7644 §3.5.2.3, RFC 7643 §4.1.1"),
)
_PUT = (
    Knob("profile-update", "put", "doc", "RFC 7644 §3.5.1", _BY_PUT.words, (_BY_PATCH,)),
    Knob("active", "GET, then PUT with active changed", "doc", "RFC 7644 §3.5.1, RFC 7643 §4.1.1"),
)


def _dialect(verb: str, shapes: tuple[Knob, ...]) -> Dialect:
    wire = "content-type accept query-encoding"
    update = ground(4, f"users {verb}", f"{wire} profile-update")
    switch = ground(5, f"users {verb}", f"{wire} active")
    return Dialect("rfc", "RFC 7644", _COMMON + shapes, {
        "connect": ground(2, "users", f"{wire} test-request"),
        "assign": ground(3, "users filter", f"{wire} look-up look-up-none creation schemas external-id"),
        "update": update,
        "rename": update,
        "deactivate": switch,
        "reactivate": switch,
        "delete": ground(5, "users delete", f"{wire} delete"),
        "push_group": ground(6, "users groups filter", f"{wire} look-up look-up-none group-create member-object"),
        "set_members": ground(6, "users groups patch", f"{wire} member-object membership"),
    })


RFC = _dialect("patch", _PATCH)
RFC_PUT = _dialect("put", _PUT)
