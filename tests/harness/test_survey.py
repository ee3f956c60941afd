"""The survey: what it concludes from every kind of answer, and when it says that a target cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scimrig.evidence import Surveyed, from_json, to_json
from scimrig.survey import Survey, UnusableTarget, explore, full_body, knock
from scimrig.surveyed import findings
from scimrig.verdicts import Status
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import play
from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.scim import schemas, urns
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure
from scimrig_simulator.workforce.company import Company

COMPANY = Company(7)
CONFIG = {"patch": {"supported": True}, "filter": {"supported": True}}
SCHEMAS = {"Resources": [schema.to_json("https://example.com") for schema in schemas.builtin().schemas]}
TYPES = {"totalResults": 2, "Resources": [{"endpoint": "/Users"}, {"endpoint": "/Groups"}]}
REFUSED = Reply(0, failure=TransportFailure(FailureKind.REFUSED, "nothing listens there"))


class Scripted:
    """A target of a few lines: a sound one, but for the answers given by "METHOD /path"."""

    def __init__(self, **answers: Reply | Callable[[Send], Reply]) -> None:
        self.answers = {name.replace("_", " /", 1): reply for name, reply in answers.items()}
        self.row: dict[str, Any] = {}

    def exchange(self, request: Send) -> Reply:
        collection = "/" + request.path.split("/")[1]
        given = self.answers.get(f"{request.method} {collection}")
        if given is not None:
            return given(request) if callable(given) else given
        if collection in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
            return answer(200, {"/ServiceProviderConfig": CONFIG, "/ResourceTypes": TYPES}.get(collection, SCHEMAS))
        if request.method == "POST" and isinstance(request.body, dict):
            self.row = {**request.body, "id": "u1"}
            return answer(201, self.row)
        if request.method == "GET" and request.path == "/Users":
            return answer(200, {"totalResults": 1, "Resources": [self.row]})
        return answer(204 if request.method == "DELETE" else 200, None if request.method == "DELETE" else self.row)

    def close(self) -> None: ...


def survey(target: Scripted) -> Survey:
    return play(explore(COMPANY.person(1, "survey"), COMPANY.team(1, "survey")), target, VirtualClock())


def state(target: Scripted, feature: str) -> str:
    return survey(target).offer(feature).state


def test_a_sound_target_offers_everything_and_raises_no_finding() -> None:
    found = survey(Scripted())
    assert {offer.state for offer in found.offers.values()} == {"yes"}
    assert found.dropped == ()
    assert found.normalised == {}
    assert findings(found) == ()


@pytest.mark.parametrize(
    ("target", "feature", "expected", "grade"),
    [
        (Scripted(PATCH_Users=answer(501)), "patch", "broken", Status.FAIL),  # advertised
        (Scripted(PATCH_Users=answer(400)), "patch", "yes", None),  # it reacts; scenarios judge how
        (Scripted(PUT_Users=answer(405)), "put", "broken", Status.FAIL),  # RFC 7644 §3.5: PUT is a MUST
        (Scripted(DELETE_Users=answer(405)), "delete", "no", Status.WARN),
        (Scripted(POST_Groups=answer(404)), "groups", "broken", Status.FAIL),  # listed in /ResourceTypes
        (Scripted(POST_Groups=answer(404), GET_ResourceTypes=answer(404)), "groups", "no", Status.INFO),
        (Scripted(GET_Schemas=answer(404)), "schemas", "no", Status.WARN),
        (Scripted(GET_ServiceProviderConfig=answer(404)), "config", "no", Status.WARN),
        (Scripted(POST_Users=answer(400)), "users", "broken", Status.FAIL),
    ],
)
def test_what_an_answer_says_about_a_feature(
    target: Scripted, feature: str, expected: str, grade: Status | None
) -> None:
    found = survey(target)
    assert found.offer(feature).state == expected
    graded = {finding.check: finding.status for finding in findings(found)}
    assert graded.get(f"survey/{feature}") == grade


def test_a_server_that_patches_some_attributes_only_offers_patch() -> None:
    def picky(request: Send) -> Reply:
        assert isinstance(request.body, dict)
        return answer(501 if request.body["Operations"][0]["path"] == "displayName" else 200, {})

    assert state(Scripted(PATCH_Users=picky), "patch") == "yes"


def stored(make: Callable[[dict[str, Any]], dict[str, Any]]) -> Survey:
    """The survey of a target that stores something else than it is sent."""
    def created(request: Send) -> Reply:
        assert isinstance(request.body, dict)
        return answer(201, {**make(request.body), "id": "u1"})

    target = Scripted(POST_Users=created)
    target.answers["GET /Users"] = lambda request: answer(404 if request.path != "/Users" else 200, {"totalResults": 0})
    return survey(target)


def test_an_e_mail_without_its_type_is_told_once_and_apart() -> None:
    found = stored(lambda body: {**body, "emails": [{"value": body["emails"][0]["value"]}]})
    assert found.dropped == ('emails[type eq "work"].value',)
    assert "emails.value" in found.kept
    assert {finding.check: finding.status for finding in findings(found)} == {"survey/email-type": Status.WARN}


def test_names_made_from_their_parts_are_told_once() -> None:
    def composed(body: dict[str, Any]) -> dict[str, Any]:
        whole = f"{body['name']['givenName']} {body['name']['familyName']}"
        return {**body, "displayName": whole, "name": {**body["name"], "formatted": whole}}

    found = stored(composed)
    assert found.normalised == dict.fromkeys(("name.formatted", "displayName"), "made from the parts of the name")
    assert [finding.status for finding in findings(found)] == [Status.WARN]


def test_patch_that_is_not_advertised_may_be_missing() -> None:
    config = answer(200, {"patch": {"supported": False}})
    found = survey(Scripted(PATCH_Users=answer(501), GET_ServiceProviderConfig=config))
    assert found.offer("patch").state == "no"
    assert {finding.status for finding in findings(found)} == {Status.WARN}


def test_an_unusable_filter_is_told_from_an_empty_answer() -> None:
    def filtered(refusal: int) -> Callable[[Send], Reply]:
        return lambda request: answer(refusal if "filter" in request.query else 200, {"totalResults": 0})

    assert state(Scripted(GET_Users=filtered(400)), "filter") == "broken"
    assert state(Scripted(GET_Users=filtered(404)), "filter") == "yes"


def test_attributes_that_do_not_come_back_are_listed_once() -> None:
    def forgetful(request: Send) -> Reply:
        assert isinstance(request.body, dict)
        kept = {name: value for name, value in request.body.items() if name in ("schemas", "userName", "emails")}
        return answer(201, {**kept, "id": "u1"})

    target = Scripted(POST_Users=forgetful)
    target.answers["GET /Users"] = lambda request: answer(404 if request.path != "/Users" else 200, {"totalResults": 0})
    found = survey(target)
    assert "title" in found.dropped
    assert "userName" in found.kept
    (finding,) = [finding for finding in findings(found) if finding.check == "survey/attributes"]
    assert finding.status is Status.INFO


def test_a_target_that_lower_cases_is_told_so_once() -> None:
    def lowering(request: Send) -> Reply:
        assert isinstance(request.body, dict)
        body = {**request.body, "id": "u1"}
        body["emails"] = [{**body["emails"][0], "value": body["emails"][0]["value"].lower()}]
        return answer(201, body)

    target = Scripted(POST_Users=lowering)
    target.answers["GET /Users"] = lambda request: answer(404 if request.path != "/Users" else 200, {"totalResults": 0})
    found = survey(target)
    assert found.normalised == {'emails[type eq "work"].value': "lower-case"}
    assert [finding.status for finding in findings(found) if finding.check == "survey/normalised"] == [Status.WARN]


def test_a_user_name_is_sent_with_a_capital_in_a_place_where_it_does_no_harm() -> None:
    person = COMPANY.person(1, "survey")
    sent = full_body(person)["userName"]
    assert sent != person.user_name
    assert sent.casefold() == person.user_name.casefold()
    assert sent[0] == person.user_name[0]  # by how it begins a run's rows are known
    assert sent.partition("@")[2] == person.user_name.partition("@")[2]


def demanding(schemas_answer: Reply) -> Scripted:
    """A target that refuses users without an e-mail address."""
    target = Scripted(GET_Schemas=schemas_answer)

    def created(request: Send) -> Reply:
        assert isinstance(request.body, dict)
        if "emails" not in request.body:
            return answer(400, {"schemas": [urns.ERROR], "status": "400", "scimType": "invalidValue"})
        target.row = {**request.body, "id": "u1"}
        return answer(201, target.row)

    target.answers["POST /Users"] = created
    return target


@pytest.mark.parametrize(
    ("served", "known", "grade"),
    [
        (
            answer(200, {"Resources": [{"id": urns.USER, "attributes": [{"name": "emails", "required": True}]}]}),
            "its /Schemas says so", Status.INFO,
        ),
        (answer(404), "it refuses a user without", Status.WARN),  # RFC 7643 §4.1.1 asks for a userName alone
    ],
)
def test_what_is_required_besides_a_user_name_is_told_once(served: Reply, known: str, grade: Status) -> None:
    found = survey(demanding(served))
    assert found.required == {"emails": known}
    (finding,) = [finding for finding in findings(found) if finding.check == "survey/required"]
    assert finding.status is grade
    assert known in finding.actual


def test_what_is_required_and_not_declared_is_not_excused() -> None:
    served = answer(200, {"Resources": [{"id": urns.USER, "attributes": []}]})
    assert survey(demanding(served)).required == {}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (REFUSED, "nothing listens there"),
        (answer(401), "refused our credentials"),
        (answer(403), "refused our credentials"),
        (answer(404), "SCIM root"),
        (answer(503), "not well"),
        (Reply(200, (("Content-Type", "text/html"),), b"<!doctype html><p>Hello"), "HTML page"),
        (Reply(200, (), b"<html>"), "HTML page"),
        (Reply(200, (("Content-Type", "text/plain"),), b"ok"), "no SCIM endpoint"),
        (answer(404, {"error": "not found"}), "SCIM root"),
    ],
)
def test_a_target_that_cannot_be_used_is_told_why(reply: Reply, words: str) -> None:
    with pytest.raises(UnusableTarget, match=words):
        playbook(knock(), [(expect("GET", "/Users", query="startIndex=1&count=1"), reply)])


@pytest.mark.parametrize(
    "reply",
    [
        answer(404, {"schemas": [urns.ERROR], "status": "404"}),  # an empty list as 404: a defect, yet a SCIM server
        Reply(200, (("Content-Type", "text/html"),), b'{"totalResults": 0}'),
        answer(400, {"schemas": [urns.ERROR], "status": "400"}),
    ],
)
def test_a_defective_scim_server_is_judged_all_the_same(reply: Reply) -> None:
    playbook(knock(), [(expect("GET", "/Users", query="startIndex=1&count=1"), reply)])


def test_a_target_that_dies_during_the_survey_is_unusable_and_one_that_drops_a_request_is_broken() -> None:
    with pytest.raises(UnusableTarget):
        survey(Scripted(GET_Schemas=REFUSED, GET_Users=REFUSED))
    found = survey(Scripted(PATCH_Users=Reply(0, failure=TransportFailure(FailureKind.RESET, "hung up"))))
    assert found.offer("patch").state == "yes"


def test_a_survey_survives_the_log() -> None:
    found = replace(survey(Scripted(PATCH_Users=answer(501))), required={"emails": "its /Schemas says so"})
    record = from_json(to_json(Surveyed(found.to_json())))
    assert isinstance(record, Surveyed)
    assert Survey.from_json(record.survey) == found

