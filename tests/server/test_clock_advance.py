"""A server whose clock can be moved on by whoever has its token: the whole ladder in one request."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig_simulator.clock import AdvancingClock, Clock, SystemClock
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import BY_THE_BOOK, Headers, Posted, Reply, Send

TOKEN = "s3cret"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


class Served:
    """A server with a policy, and the stamps of what its endpoint was posted; it answers 500."""

    def __init__(self, clock: Clock, token: str = TOKEN) -> None:
        self.stamps: list[int] = []
        self._transport = InProcessTransport(
            build(Settings(TOKEN, clock=clock, policy="scalekit", poster=self.post)), "http://127.0.0.1:8080",
            f"Bearer {token}", clock,
        )  # fmt: skip

    def post(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        self.stamps.append(int(dict(headers)["webhook-timestamp"]))
        return Posted(500)

    def send(self, method: str, path: str, body: Any = None) -> Reply:
        return self._transport.exchange(Send(method, path, "", BY_THE_BOOK, body))


def test_the_whole_ladder_has_been_climbed_when_time_has_been_moved_on() -> None:
    served = Served(AdvancingClock())
    served.send("PUT", "/manage/domains", {"domains": ["acme.test"]})
    served.send("PUT", "/manage/webhook", {"url": "http://127.0.0.1:9/hook"})
    served.send("POST", "/scim/v2/Users", {"schemas": [USER], "userName": "ada@acme.test", "active": True})
    before = served.send("POST", "/manage/clock:advance", {"seconds": 0}).resource()["now"]
    after = served.send("POST", "/manage/clock:advance", {"seconds": 100_000}).resource()["now"]
    offsets = [0, 5, 305, 2105, 9305, 27_305, 63_305, 99_305]
    assert [stamp - served.stamps[0] for stamp in served.stamps] == pytest.approx(offsets, abs=1)
    (delivery,) = served.send("GET", "/manage/deliveries").resource()["deliveries"]
    assert (delivery["state"], before < after) == ("failed", True)


@pytest.mark.parametrize("body", [{}, {"seconds": -1}, {"seconds": "5"}, {"seconds": True}, {"seconds": 1e12}])
def test_time_goes_forward_by_a_number_of_seconds(body: Any) -> None:
    assert Served(AdvancingClock()).send("POST", "/manage/clock:advance", body).status == 400


def test_a_stranger_moves_no_clock() -> None:
    assert Served(AdvancingClock(), "wrong").send("POST", "/manage/clock:advance", {"seconds": 1}).status == 401


def test_wall_time_can_not_be_moved() -> None:
    assert Served(SystemClock()).send("POST", "/manage/clock:advance", {"seconds": 1}).status == 404
