"""Whole careers against the reference server, in this process: what a dialect says it leaves behind is there.

Every way that a knob can be turned which changes what is sent; the state is read back by plain requests.
"""

from __future__ import annotations

import pytest

from scimrig_simulator import idp
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport, play
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.mapping import slot
from scimrig_simulator.idp.subjects import group_path, user_path
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Send, Transcript, send
from scimrig_simulator.workforce.company import Company

COMPANY = Company(1)
ADA, BOB, CY = (COMPANY.person(n) for n in (1, 2, 3))
TEAM = COMPANY.team(1)

DIALECTS = (
    "google", "google:profile_update=patch", "google:on_suspend=delete",
    "onelogin", "onelogin:app=enterprise,manager=value,active=boolean",
    "onelogin:emails=not-primary,empty_value=left-out", "onelogin:app=enterprise,manager=managerId,out_of_scope=delete",
    "jumpcloud", "jumpcloud:membership=patch,remove_member=by-value", "jumpcloud:profile_update=read-put",
    "jumpcloud:profile_update=patch,look_up_first=off",
    "pingfederate", "pingfederate:membership=put,identifier=workEmail", "pingfederate:group_create=with-members",
    "pingone", "pingone:membership=overwrite,out_of_scope=delete", "pingone:member_object=value-display",
    "ad-connect", "ad-connect:query_encoding=+,on_delete=deactivate", "ldap-gateway",
    "ldap-gateway:profile_update=read-put,external_id=guid", "rfc", "rfc:profile_update=put",
)


class Rig:
    """An engine on a reference server of its own."""

    def __init__(self, dialect):
        self.engine, self.clock, self.sent = idp.engage(dialect, 7), VirtualClock(), Transcript()
        app = build(Settings(token="t", clock=self.clock))
        self.transport = InProcessTransport(app, "http://x/scim/v2", "Bearer t", self.clock, 5.0)

    def exchange(self, request):
        reply = self.transport.exchange(request)
        self.sent(request, reply)
        return reply

    def close(self):
        self.transport.close()

    def play(self, act, who=None, members=(), directory=None):
        if self.engine.can(act):
            return
        outcome = play(self.engine.play(act, who, members, directory), self, self.clock)
        assert outcome.ok, outcome.words

    def read(self, path):
        return play(send(Send("GET", path)), self, self.clock)

    def holds_user(self, person, act):
        intent = self.engine.expected_user(person, act)
        reply = self.read(user_path(self.engine.id_of(person)))
        assert reply.ok is intent.exists
        held = {path: slot(path).read(reply.resource()) for path in intent.values} if intent.exists else {}
        assert held == dict(intent.values)

    def holds_group(self, members):
        intent = self.engine.expected_group(TEAM, members)
        group = self.read(group_path(self.engine.group_id(TEAM))).resource()
        assert {member["value"] for member in group.get("members", ())} == intent.members
        assert group["displayName"] == TEAM.display_name


@pytest.fixture
def rig(request):
    made = Rig(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("rig", DIALECTS, indirect=True)
def test_a_career_leaves_behind_what_the_dialect_says(rig):
    rig.play("connect")
    for person in (ADA, BOB):
        rig.play("assign", person)
        rig.holds_user(person, "assign")
    married = ADA.changed({"familyName": "Sample", "title": None, "email": "new@example.com"})
    for act, who in (("update", BOB.changed({"department": None, "phone": None})), ("rename", married),
                     ("deactivate", BOB)):
        rig.play(act, who)
        rig.holds_user(who, act)
    if rig.engine.expected_user(BOB, "deactivate").exists:
        rig.play("reactivate", BOB)
        rig.holds_user(BOB, "reactivate")
    rig.play("import_users")
    if not rig.engine.can("push_group"):
        for members in ([ADA, BOB], [BOB], []):
            rig.play("set_members", TEAM, members)
            rig.holds_group(members)
        rig.play("delete_group", TEAM)
    for act in ("unassign", "delete"):
        if rig.engine.id_of_number(ADA.number):
            rig.play(act, married)
            rig.holds_user(married, act)


@pytest.mark.parametrize("rig", [name for name in DIALECTS if not idp.engage(name, 1).can("cycle")], indirect=True)
def test_a_second_identical_cycle_writes_nothing(rig):
    first = Directory([ADA, BOB], [(TEAM, [ADA, BOB])])
    second = Directory([BOB.changed({"title": "Lead"}), CY], [(TEAM, [CY])])
    for directory in (first, second, first):
        rig.play("cycle", directory=directory)
        for person in directory.people:
            rig.holds_user(person, "update")
        for _, members in directory.teams if not rig.engine.can("push_group") else ():
            rig.holds_group(members)
        rig.sent.exchanges.clear()
        rig.play("cycle", directory=directory)
        assert [request.method for request, _ in rig.sent.exchanges if request.method != "GET"] == []
