"""The playbook helper fails where a flow does not do what is written, and shows both sides."""

from __future__ import annotations

import pytest

from scimrig_simulator.playbook import answer, expect, playbook
from scimrig_simulator.wire import BY_THE_BOOK, CREDENTIALS, Pause, Send, pause, send


def flow_of(*requests, result="done"):
    for request in requests:
        yield from send(request)
    return result


def differs(request, wanted):
    """The message with which ``wanted`` is refused for ``request``; "" where it fits."""
    try:
        playbook(flow_of(request), [(wanted, answer(200))])
    except AssertionError as error:
        return str(error)
    return ""


def test_a_flow_that_does_as_written_returns_its_result():
    def look_up_then_create():
        found = yield from send(Send("GET", "/Users", query="filter=a"))
        yield from pause(300, "no Retry-After")
        created = yield from send(Send("POST", "/Users", body={"seen": found.json()["totalResults"]}))
        return created.resource()["id"]

    assert (
        playbook(
            look_up_then_create(),
            [
                (expect("GET", "/Users", query="filter=a"), answer(200, {"totalResults": 0})),
                (Pause(300), None),
                (expect("POST", "/Users", body={"seen": 0}), answer(201, {"id": "7"})),
            ],
        )
        == "7"
    )


def test_a_flow_that_sends_nothing():
    assert playbook(flow_of(), []) == "done"


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (expect("POST", "/Users"), "method"),
        (expect("PUT", "/users/7"), "path"),
        (expect("PUT", "/Users/7", query="a=1"), "query"),
        (expect("PUT", "/Users/7", body={"active": False}), "body"),
        (expect("PUT", "/Users/7", body=None), "body"),
        (expect("PUT", "/Users/7", headers={"X-A": "2"}), "X-A"),
        (Pause(3), "pause of 3 s"),
        (Send("PUT", "/Users/8", body={"active": True}), "path"),
    ],
)
def test_each_part_of_a_request_is_compared(wanted, word):
    request = Send("PUT", "/Users/7", headers=(("X-A", "1"),), body={"active": True}, purpose="switch ada on")
    message = differs(request, wanted)
    assert "step 1 differs: PUT /Users/7 (switch ada on)" in message
    assert word in message
    assert "expected" in message
    assert "sent" in message


def test_a_body_is_shown_line_by_line():
    message = differs(
        Send("POST", "/Users", body={"name": {"familyName": "Byron"}, "userName": "ada"}),
        expect("POST", "/Users", body={"userName": "ada", "name": {"familyName": "Lovelace"}}),
    )
    assert '-    "familyName": "Lovelace"' in message
    assert '+    "familyName": "Byron"' in message


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [(True, 1), (1, True), (1, 1.0), ("1", 1), (None, {}), ([], {}), ([1, 2], [2, 1]), ({"a": None}, {})],
)
def test_json_is_compared_strictly(sent, wanted):
    assert differs(Send("POST", "/", body={"x": sent}), expect("POST", "/", body={"x": wanted})) != ""


def test_key_order_is_free_for_json_and_not_for_bytes():
    request = Send("POST", "/", body={"a": 1, "b": 2})
    assert differs(request, expect("POST", "/", body={"b": 2, "a": 1})) == ""
    assert differs(request, expect("POST", "/", body=b'{"a":1,"b":2}')) == ""
    assert differs(request, expect("POST", "/", body=b'{"b":2,"a":1}')) != ""


def test_json_sent_as_bytes_is_read_first():
    assert differs(Send("POST", "/", body=b'{ "a": 1 }'), expect("POST", "/", body={"a": 1})) == ""
    assert differs(Send("POST", "/", body=b"not json"), expect("POST", "/", body={"a": 1})) != ""


def test_a_body_left_out_is_any_body_for_writes_and_none_for_the_rest():
    assert differs(Send("POST", "/", body={"a": 1}), expect("POST", "/")) == ""
    assert differs(Send("POST", "/"), expect("POST", "/")) == ""
    assert differs(Send("GET", "/"), expect("GET", "/")) == ""
    assert "no body" in differs(Send("DELETE", "/", body={"a": 1}), expect("DELETE", "/"))


class TestHeaders:
    request = Send("GET", "/", headers=(("Accept", "*/*"), ("Authorization", CREDENTIALS)))

    def test_left_out_they_are_not_compared(self):
        assert differs(self.request, expect("GET", "/")) == ""

    def test_a_tuple_is_the_whole_block(self):
        assert differs(self.request, expect("GET", "/", headers=self.request.headers)) == ""
        assert differs(self.request, expect("GET", "/", headers=self.request.headers[::-1])) != ""
        assert differs(self.request, expect("GET", "/", headers=(("accept", "*/*"), self.request.headers[1]))) != ""

    def test_a_mapping_names_some_lines(self):
        assert differs(self.request, expect("GET", "/", headers={"ACCEPT": "*/*", "Content-Type": None})) == ""
        assert differs(self.request, expect("GET", "/", headers={"Accept": None})) != ""
        assert differs(self.request, expect("GET", "/", headers={"User-Agent": "x"})) != ""

    def test_a_send_with_the_default_block_leaves_them_out(self):
        assert differs(self.request, Send("GET", "/", headers=BY_THE_BOOK)) == ""
        assert differs(self.request, Send("GET", "/", headers=(("Accept", "text/html"),))) != ""


class TestPauses:
    def flow(self):
        yield from pause(300, "no Retry-After")

    def test_seconds_count_and_the_reason_where_given(self):
        assert playbook(self.flow(), [(Pause(300), None)]) is None
        assert playbook(self.flow(), [(Pause(300, "no Retry-After"), None)]) is None
        with pytest.raises(AssertionError, match="pause of 300 s"):
            playbook(self.flow(), [(Pause(299), None)])
        with pytest.raises(AssertionError, match="no Retry-After"):
            playbook(self.flow(), [(Pause(300, "a cycle"), None)])

    def test_a_pause_in_place_of_a_request(self):
        with pytest.raises(AssertionError, match="GET /Users"):
            playbook(self.flow(), [(expect("GET", "/Users"), answer(200))])


def test_a_flow_that_goes_on():
    with pytest.raises(AssertionError, match=r"goes on after the last of 1 steps:\s+GET /b\?c=1"):
        playbook(flow_of(Send("GET", "/a"), Send("GET", "/b", query="c=1")), [(expect("GET", "/a"), answer(200))])


def test_a_flow_that_ends_early_names_what_is_missing():
    entries = [(expect("GET", "/a"), answer(200)), (Pause(5), None), (expect("DELETE", "/b"), answer(204))]
    with pytest.raises(AssertionError, match=r"after 1 of 3 steps with 'done'[^$]*pause of 5 s\s+DELETE /b"):
        playbook(flow_of(Send("GET", "/a")), entries)


def test_what_the_flow_raises_comes_out_and_it_is_closed():
    closed = []

    def flow():
        try:
            yield from send(Send("GET", "/a"))
            raise LookupError("mine")
        finally:
            closed.append(True)

    with pytest.raises(LookupError, match="mine"):
        playbook(flow(), [(expect("GET", "/a"), answer(200))])
    with pytest.raises(AssertionError):
        playbook(flow(), [(expect("GET", "/b"), answer(200))])
    assert closed == [True, True]


def test_an_entry_that_makes_no_sense_is_the_tests_mistake():
    with pytest.raises(TypeError, match="entry 1"):
        playbook(flow_of(Send("GET", "/a")), [(expect("GET", "/a"), None)])


def test_answers():
    assert answer(204).body == b""
    created = answer(201, {"id": "é"}, [("Location", "/Users/1")])
    assert created.body == '{"id":"é"}'.encode()
    assert created.headers == (("Content-Type", "application/scim+json"), ("Location", "/Users/1"))
    assert answer(200, {}, [("content-type", "text/plain")]).headers == (("content-type", "text/plain"),)
    assert (answer(200, b"<html>").body, answer(200, b"<html>").headers) == (b"<html>", ())
