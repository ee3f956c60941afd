"""The API over gRPC, as the vendor's own clients speak it (policy page §3.4, D10).

Nothing is done here: each call is turned into the request that its HTTP annotation says it stands for, played through
the operation that REST plays, and the answer turned back. Messages and annotations come with the vendor's published
client. A method that no operation stands behind is UNIMPLEMENTED.

Rule: the only module that knows gRPC, imported where it is asked for: both packages come with the extra
``scimrig[scalekit]``. Knows no method by name. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.api.annotations_pb2 import http as http_rule
from google.protobuf import any_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError
from google.rpc import status_pb2

from scimrig_simulator import limits
from scimrig_simulator.server.office import Office
from scimrig_simulator.server.operations import Asked, Body, Caller, Code, Operation, Trouble, refusal

with warnings.catch_warnings(action="ignore"):  # its models are written for an older pydantic
    import scalekit  # noqa: F401  # whatever it can call is among the descriptors now
    from scalekit.v1.errdetails.errdetails_pb2 import ErrorInfo
    from scalekit.v1.webhooks import webhooks_pb2  # noqa: F401  # the one service that it brings, and doesn't import

_DETAILS = "grpc-status-details-bin"
_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_STATUS = {one.value[0]: one for one in grpc.StatusCode}
_OPTIONS = (
    ("grpc.max_receive_message_length", limits.MANAGEMENT_BODY),
    ("grpc.max_concurrent_streams", 100),
    ("grpc.keepalive_permit_without_calls", 1),  # clients ask once a minute whether anybody is there
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


class Facade:
    """Speaks gRPC for an office, below the front that has the certificate. A ``front.Behind``."""

    def __init__(self, office: Office) -> None:
        self._calls = _Calls(office)
        self._folder = ""
        self._server: Any = None

    async def start(self, origin: str) -> str:
        """Take connections at a Unix socket that only this user can open; its path. origin: "https://host:port"."""
        self._calls.origin = origin
        self._folder = tempfile.mkdtemp(prefix="scimrig-")  # for its owner alone
        socket = str(Path(self._folder, "grpc"))
        self._server = grpc.aio.server(handlers=(self._calls,), options=_OPTIONS)
        self._server.add_insecure_port(f"unix:{socket}")
        await self._server.start()
        return socket

    async def stop(self, grace: float) -> None:
        """Take no new call, and give those under way ``grace`` seconds."""
        if self._server is not None:
            await self._server.stop(grace)
        shutil.rmtree(self._folder, ignore_errors=True)


class _Calls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """All calls there can be."""

    def __init__(self, office: Office) -> None:
        self.origin = ""
        self._office = office
        self._operations = {(one.method, _unnamed(one.path)): one for one in office.operations.all}

    def service(self, asked: Any) -> Any:
        """What answers a call; None for a method that isn't the vendor's."""
        try:
            method = descriptor_pool.Default().FindMethodByName(asked.method.lstrip("/").replace("/", "."))
        except KeyError:
            return None

        async def answer(content: bytes, context: Any) -> bytes:
            return await self._answer(method, content, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    async def _answer(self, method: Any, content: bytes, context: Any) -> bytes:
        try:
            found = self._done(method, content, _headers(context.invocation_metadata()))
            answer = message_factory.GetMessageClass(method.output_type)()
            json_format.ParseDict(_said(found or {}), answer, ignore_unknown_fields=True)
            return bytes(answer.SerializeToString())
        except Exception as mishap:
            trouble = self._office.trouble(mishap, method.full_name)
        await context.abort(_STATUS[int(trouble.code)], trouble.words, ((_DETAILS, _details(trouble)),))
        raise AssertionError  # it has raised

    def _done(self, method: Any, content: bytes, headers: Mapping[str, str]) -> Body | None:
        """Who may not come in doesn't learn what there is."""
        self._office.admit(headers)
        rules = [rule for rule in _rules(method) if _key(rule) in self._operations]
        if not rules:
            raise refusal(Code.UNIMPLEMENTED, f"{method.full_name} is not possible here.")
        given = _given(method, content)
        fits = [rule for rule in rules if all(given.get(name) for name in _VARIABLE.findall(_path(rule)))]
        if not fits:
            wanted = " and ".join(_VARIABLE.findall(_path(rules[0])))
            raise refusal(Code.INVALID_ARGUMENT, f"{method.name} needs {wanted}.")
        operation = self._operations[_key(fits[0])]
        caller = Caller(self._office.kind, user_agent=headers.get("user-agent", ""))
        path, query, body = _parted(operation, fits[0], given)
        place = (operation.method, operation.path)
        return operation.handler(Asked(path, query, body, caller, self.origin, headers, place))


# What a call stands for


def _rules(method: Any) -> list[Any]:
    """The HTTP requests that a method says it can be made by, the usual one first."""
    rule = method.GetOptions().Extensions[http_rule]
    return [rule, *rule.additional_bindings]


def _path(rule: Any) -> str:
    return str(getattr(rule, rule.WhichOneof("pattern") or "get"))


def _key(rule: Any) -> tuple[str, str]:
    return (rule.WhichOneof("pattern") or "").upper(), _unnamed(_path(rule))


def _unnamed(path: str) -> str:
    """A path without the names of its variables, which are each one's own matter."""
    return _VARIABLE.sub("{}", path)


def _given(method: Any, content: bytes) -> dict[str, Any]:
    """A message as the JSON that it stands for. Raises Trouble."""
    try:
        message = message_factory.GetMessageClass(method.input_type).FromString(content)
        return dict(json_format.MessageToDict(message, preserving_proto_field_name=True))
    except (DecodeError, json_format.SerializeToJsonError):
        raise refusal(Code.INVALID_ARGUMENT, f"This is no {method.input_type.full_name}.") from None


def _parted(
    operation: Operation, rule: Any, given: Mapping[str, Any]
) -> tuple[Mapping[str, str], Mapping[str, str], Body]:
    """What of a message goes into the path, the query and the body of the request that it stands for."""
    names = _VARIABLE.findall(_path(rule))
    path = {known: str(given[name]) for known, name in zip(operation.variables, names, strict=True)}
    rest = {name: value for name, value in given.items() if name not in names}
    if rule.body == "*":
        return path, {}, rest
    body = rest.pop(rule.body, {}) if rule.body else {}
    return path, dict(_parameters(rest)), body if isinstance(body, dict) else {rule.body: body}


def _parameters(given: Mapping[str, Any], within: str = "") -> Iterable[tuple[str, str]]:
    """Values as a query has them: the parts of a message by their paths, of several values the first."""
    for name, value in given.items():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict):
            yield from _parameters(first, f"{within}{name}.")
        else:
            yield within + name, str(first).lower() if isinstance(first, bool) else str(first)


def _headers(metadata: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """Metadata as HTTP has it. One of the vendor's clients says who it is twice over, which is no contradiction."""
    values: dict[str, dict[str, None]] = {}
    for name, value in metadata:
        if isinstance(value, str):
            values.setdefault(name.lower(), {})[value] = None
    return {name: ", ".join(said) for name, said in values.items()}


# What a call is answered


def _said(value: Any) -> Any:
    """An answer without what isn't there: a message has no null."""
    if isinstance(value, Mapping):
        return {name: _said(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return value


def _details(trouble: Trouble) -> bytes:
    """An error as the vendor's clients read it."""
    info = any_pb2.Any()
    info.Pack(ErrorInfo(error_code=trouble.error_code))
    status = status_pb2.Status(code=int(trouble.code), message=trouble.words, details=[info])
    return bytes(status.SerializeToString())
