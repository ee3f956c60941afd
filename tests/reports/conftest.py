"""Results made by hand: reports are tested on what they are given, without a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scimrig.evidence import Delivered, Exchange, Leftover, RunEnded, RunStarted
from scimrig.verdicts import (
    BaselineNote,
    CaseVerdict,
    CheckVerdict,
    Finding,
    RunResult,
    Severity,
    Status,
)

PATCH_BODY = (
    '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],'
    '"Operations":[{"op":"Replace","path":"active","value":"False"}]}'
)
USER_ID = "2819c223-7f76-453a-919d-413861904646"


class Maker:
    """Records and verdicts with sound values for everything that a test does not speak of."""

    def exchange(self, number: int, **values: Any) -> Exchange:
        sound: dict[str, Any] = {
            "case": "entra/off[entra]", "step": "switch", "by": "probe", "dialect": "entra",
            "purpose": "switch ada off", "method": "PATCH", "path": f"/Users/{USER_ID}", "query": "",
            "request_headers": (
                ("Authorization", "[redacted]"), ("Content-Type", "application/scim+json"), ("Content-Length", "131"),
            ),
            "request_body": PATCH_BODY, "status": 200,
            "reply_headers": (("content-type", "application/scim+json"), ("server", "acme"), ("date", "today")),
            "reply_body": f'{{"id":"{USER_ID}","active":true}}', "elapsed": 0.012, "failure": None,
        }
        return Exchange(number, **{**sound, **values})

    def delivered(self, number: int, **values: Any) -> Delivered:
        sound: dict[str, Any] = {
            "at": 1000.012,
            "headers": (
                ("Host", "127.0.0.1:5000"), ("Content-Type", "application/json"), ("Webhook-Id", "evt_1"),
                ("Webhook-Timestamp", "1767225600"), ("Webhook-Signature", "v1,c2lnbmF0dXJl"), ("User-Agent", "acme"),
            ),
            "body": '{"type":"user.created","data":{"id":"u1"}}', "answered": "200",
            "facts": {"id": "evt_1", "timestamp": "1767225600", "signature": "valid"},
        }
        return Delivered(number, **{**sound, **values})

    def told(self, *delivered: Delivered, **values: Any) -> RunResult:
        """A fail about webhooks, the telling one first, after a create that was answered when the clock said 1000."""
        sound: dict[str, Any] = {
            "check": "webhook/id", "authority": "policy:webhooks.signing", "operation": "webhook",
            "shape": "a new id for a retry", "deliveries": tuple(one.number for one in delivered), "answered": 1000.0,
        }
        case = self.case(status=Status.FAIL, findings=(self.finding(**{**sound, **values}),))
        create = self.exchange(7, by="idp", method="POST", path="/Users", status=201, purpose="create ada")
        return self.result(case, exchanges=(create,), deliveries={one.number: one for one in delivered})

    def finding(self, **values: Any) -> Finding:
        sound: dict[str, Any] = {
            "check": "frame/missing", "status": Status.FAIL, "authority": "idp:entra:5",
            "operation": "PATCH /Users/{id}", "shape": 'active "False"', "case": "entra/off[entra]", "dialect": "entra",
            "step": "switch", "title": "200, yet the user is still switched on", "expected": "active is false",
            "actual": "active is true", "severity": Severity.SECURITY, "exchanges": (7,),
            "hurts": "whoever relies on a leaver being locked out",
            "consequence": "Entra believes that it succeeded and never looks again",
        }
        return Finding(**{**sound, **values})

    def case(self, name: str = "entra/off[entra]", status: Status = Status.PASS, **values: Any) -> CaseVerdict:
        scenario, _, rest = name.partition("[")
        sound: dict[str, Any] = {
            "scenario": scenario, "dialect": rest.rstrip("]").partition(",")[0], "title": "Off is off",
            "area": "deactivation", "status": status, "assertions": 3,
        }
        return CaseVerdict(case=name, **{**sound, **values})

    def check(self, name: str = "error-shape", status: Status = Status.PASS, **values: Any) -> CheckVerdict:
        return CheckVerdict(**{
            "check": name, "title": "Errors are SCIM errors", "status": status, "examined": 12, "findings": (),
            **values,
        })

    def result(self, *cases: CaseVerdict, exchanges: tuple[Exchange, ...] = (), **values: Any) -> RunResult:
        started = RunStarted(
            version="0.1.0", run="20260101-120000-4f2a1c", target="http://127.0.0.1:8080/scim/v2",
            base_url="http://127.0.0.1:8080/scim/v2", prefix="scimrig-4f2a1c-", seed=7,
            dialects=("okta", "entra", "entra-flag", "google", "rfc"), counted=("okta", "entra", "google", "rfc"),
            started="2026-01-01T12:00:00Z",
        )
        ended = RunEnded("complete", "", len(cases), len(exchanges), 3.21)
        sound: dict[str, Any] = {
            "started": started, "ended": ended, "survey": {}, "survey_findings": (), "cases": cases, "checks": (),
            "exchanges": {exchange.number: exchange for exchange in exchanges},
        }
        return RunResult(**{**sound, **values})

    def started(self, result: RunResult, **values: Any) -> RunResult:
        """The same result of a run that started otherwise."""
        return replace(result, started=replace(result.started, **values))

    def leftover(self, path: str = "/Users/9", name: str = "scimrig-4f2a1c-ada", reason: str = "405") -> Leftover:
        return Leftover(path, name, reason)

    def stale(self, entry: str = "scimrig-baseline.yaml:4", reason: str = "expired on 2025-12-31") -> BaselineNote:
        return BaselineNote(entry, reason)

    def broken(self, **values: Any) -> RunResult:
        """One case with one fail, and the exchange that shows it."""
        case = self.case(status=Status.FAIL, findings=(self.finding(),))
        return self.result(case, exchanges=(self.exchange(7),), **values)


@pytest.fixture
def make() -> Maker:
    return Maker()
