"""The ``rfc`` dialect as a table: what a client does that follows RFC 7643 and RFC 7644 to the letter.

Every knob that decides what is sent is ``doc``: its source is the RFC's own text.

Rule: data only; ``rfc.py`` is the state machine.
"""

from __future__ import annotations

from scimrig_simulator.idp.knobs import NUMBER, Choice, Dialect, Knob, Reaction, ground, toggles
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
    Knob("group-rename", "PATCH replace of displayName, with the members that change", "doc", "RFC 7644 §3.5.2.3"),
    Knob("group-delete", "DELETE, 204", "doc", "RFC 7644 §3.6"),
    Knob("import", "users", "doc", "RFC 7644 §3.4.2"),
    Knob("page-size", "100", "doc", "RFC 7644 §3.4.2.4", "the count; the next page is asked for by startIndex",
         free=NUMBER),
    Knob("cycle", "everybody is read and compared, and what differs is written", "doc", "RFC 7644 §3.4.1, §3.5.2"),
    Knob("cadence", "0", "inferred", "RFC 7644 says nothing of it", "as soon as something changes", free=NUMBER),
    Knob("task-retry", "never", "inferred", "RFC 7644 says nothing of it", "an admin has it tried again", free=NUMBER),
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


_FAILS = "the act fails, and the answer is shown"
_STAYS = "the client has no id to go by, and the account that is there is nobody's."

REACTIONS = (
    Reaction("404 to a look-up", "the act fails: no match is 200 with totalResults 0", "doc", "RFC 7644 §3.4.2",
             "A client by the book takes /Users for missing, and creates nobody."),
    Reaction("several matches", "the first one is taken; userName is unique", "doc", "RFC 7643 §4.1.1"),
    Reaction("no totalResults", "the list cannot be read, and the act fails", "doc", "RFC 7644 §3.4.2",
             "A client by the book cannot read the list, and neither links nor creates anybody."),
    Reaction("totalResults no integer", "the list cannot be read, and the act fails", "doc", "RFC 7644 §3.4.2",
             "A client by the book cannot read the list, and neither links nor creates anybody."),
    Reaction("empty body", "after a create the id is taken from Location; a read fails", "doc", "RFC 7644 §3.3",
             f"Without Location {_STAYS}"),
    Reaction("no id", "after a create the id is taken from Location; a look-up fails", "doc", "RFC 7643 §3.1",
             f"Without Location {_STAYS}"),
    Reaction("no JSON", _FAILS, "doc", "RFC 7644 §3.8", "A client by the book cannot read the answer."),
    Reaction("204 to an update", "taken as done", "doc", "RFC 7644 §3.5.2"),
    Reaction("409 to a create", _FAILS, "doc", "RFC 7644 §3.3",
             "A client by the book takes it that somebody else has the name."),
    *(Reaction(answer, _FAILS, "doc", "RFC 7644 §3.12") for answer in
      ("400", "401", "403", "404 to a read", "404 to an update", "404 to a delete", "409", "412", "501", "4xx", "5xx")),
    *(Reaction(f"429 {when}", _FAILS, "doc", "RFC 6585 §4") for when in
      ("with Retry-After in seconds", "with Retry-After as a date", "with a malformed Retry-After",
       "without Retry-After")),
    *(Reaction(answer, _FAILS, "doc", "RFC 9110 §9.2.2", "Whether the request took effect is not known.")
      for answer in ("timeout", "reset", "no answer")),
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
        "unassign": switch,
        "import_users": ground(7, "users", f"{wire} import page-size"),
        "cycle": ground(4, f"users filter {verb}", f"{wire} look-up cycle profile-update active"),
        "push_group": ground(6, "users groups filter", f"{wire} look-up look-up-none group-create member-object"),
        "set_members": ground(6, "users groups patch", f"{wire} member-object membership"),
        "rename_group": ground(6, "users groups patch", f"{wire} member-object membership group-rename"),
        "delete_group": ground(6, "users groups delete", f"{wire} group-delete"),
    }, REACTIONS)


RFC = _dialect("patch", _PATCH)
RFC_PUT = _dialect("put", _PUT)
