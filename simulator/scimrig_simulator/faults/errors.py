"""Saboteurs of errors and of who may come in.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from scimrig_simulator.calls import Admits, Answer, Call, Resource
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Seams
from scimrig_simulator.wire import SCIM_JSON


class _NoAuth(Seams):
    def authorize(self, call: Call, admits: Admits) -> None:
        pass


NO_AUTH = Fault(
    "no-auth", "No token is needed",
    "Anybody who reaches the server reads and writes all accounts.",
    ("AUTH-01", "AUTH-02"), _NoAuth,
)


class _EmptyBearerAccepted(Seams):
    def authorize(self, call: Call, admits: Admits) -> None:
        if call.headers.get("authorization", "").strip().lower() != "bearer":
            super().authorize(call, admits)


EMPTY_BEARER_ACCEPTED = Fault(
    "empty-bearer-accepted", "An empty bearer token is accepted",
    "'Authorization: Bearer' with nothing behind it opens the door.",
    ("AUTH-02",), _EmptyBearerAccepted,
)


class _MalformedAuthCrashes(Seams):
    def authorize(self, call: Call, admits: Admits) -> None:
        if call.headers.get("authorization", "Bearer x").strip().lower() == "bearer":
            raise ScimError(500, None, "list index out of range")
        super().authorize(call, admits)


MALFORMED_AUTH_CRASHES = Fault(
    "malformed-auth-500", "An Authorization header without a token ends in 500",
    "An admin who forgot the token is told of a server error rather than of a bad token.",
    ("AUTH-03",), _MalformedAuthCrashes,
)


class _NoChallenge(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        answer.headers.pop("WWW-Authenticate", None)
        return answer


NO_CHALLENGE = Fault(
    "401-without-challenge", "401 comes without WWW-Authenticate",
    "The answer to a wrong token doesn't say which scheme is wanted.",
    ("AUTH-04",), _NoChallenge,
)


class _TokenEchoed(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        if isinstance(answer.body, dict) and "authorization" in call.headers:
            answer.body["detail"] += f" (Authorization: {call.headers['authorization']})"
        return answer


TOKEN_ECHOED = Fault(
    "token-echoed", "Error details repeat the Authorization header",
    "The bearer token ends up in every log that keeps error messages.",
    ("AUTH-09",), _TokenEchoed,
)


class _ErrorHtml(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        page = f"<!DOCTYPE html><html><head><title>{error.status}</title></head><body><h1>Error</h1></body></html>"
        return Answer(answer.status, page.encode(), answer.headers, "text/html; charset=utf-8")


ERROR_HTML = Fault(
    "error-html", "Errors are HTML pages",
    "Okta shows its admin a JSON parse failure instead of the reason.",
    ("ERR-01",), _ErrorHtml,
)


class _ErrorStatusNumber(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        if isinstance(answer.body, dict):
            answer.body["status"] = error.status
        return answer


ERROR_STATUS_NUMBER = Fault(
    "error-status-number", "status of an error is a number",
    "RFC 7644 has it as a string, and strict clients read no error at all.",
    ("ERR-02",), _ErrorStatusNumber,
)


class _ErrorNoSchemas(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        if isinstance(answer.body, dict):
            answer.body.pop("schemas", None)
        return answer


ERROR_NO_SCHEMAS = Fault(
    "error-no-schemas", "Errors carry no schemas",
    "A client can't tell a SCIM error from any other JSON.",
    ("ERR-01",), _ErrorNoSchemas,
)


class _ErrorAs200(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        if error.status != 401:
            answer.status = 200
        return answer


ERROR_AS_200 = Fault(
    "error-as-200", "Errors come with status 200",
    "The body holds a SCIM Error and the status says success, which is all that an IdP looks at.",
    ("READ-05",), _ErrorAs200,
)


class _HtmlAsSuccess(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        if call.method != "GET" or error.status != 404:
            return super().fail(call, error)
        page = b"<!DOCTYPE html><html><head><title>App</title></head><body><div id=root></div></body></html>"
        return Answer(200, page, {}, "text/html; charset=utf-8")


HTML_AS_SUCCESS = Fault(
    "html-as-success", "What isn't there is answered 200 with the start page of the app",
    "The router of a web application catches what SCIM doesn't know; a deleted account seems to be there.",
    ("READ-05", "ERR-01"), _HtmlAsSuccess,
)


class _AllowMissing(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        answer.headers.pop("Allow", None)
        return answer


ALLOW_MISSING = Fault(
    "405-without-allow", "405 comes without Allow",
    "The answer to a method that isn't taken doesn't say which ones are.",
    ("ERR-06",), _AllowMissing,
)


class _ScimTypeUnknown(Seams):
    def fail(self, call: Call, error: ScimError) -> Answer:
        answer = super().fail(call, error)
        if isinstance(answer.body, dict) and "scimType" in answer.body:
            answer.body["scimType"] = f"{answer.body['scimType']}Error"
        return answer


SCIM_TYPE_UNKNOWN = Fault(
    "scim-type-unknown", "scimType is a word of the server's own",
    "A client that decides by the keyword doesn't know what uniquenessError asks it to do.",
    ("ERR-03",), _ScimTypeUnknown,
)


class _Json415(Seams):
    def parse(self, call: Call) -> Resource:
        if call.headers.get("content-type", SCIM_JSON).partition(";")[0].strip().lower() != SCIM_JSON:
            raise ScimError(415, None, f"Send {SCIM_JSON}.")
        return super().parse(call)


JSON_415 = Fault(
    "json-415", "Bodies sent as application/json are refused",
    "Google sends all of its bodies so, and gets 415.",
    ("ERR-04",), _Json415,
)


class _Charset415(Seams):
    def parse(self, call: Call) -> Resource:
        if "charset" in call.headers.get("content-type", "").lower():
            raise ScimError(415, None, f"Send {SCIM_JSON}, without parameters.")
        return super().parse(call)


CHARSET_415 = Fault(
    "charset-415", "A charset parameter in Content-Type is refused",
    "Okta and Entra send application/scim+json; charset=utf-8 and get 415 for every write.",
    ("ERR-04",), _Charset415,
)


class _ScimJsonUnparsed(Seams):
    def parse(self, call: Call) -> Resource:
        media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        return {} if media == SCIM_JSON else super().parse(call)


SCIM_JSON_UNPARSED = Fault(
    "scim-json-unparsed", "Bodies sent as application/scim+json are read as empty",
    "A framework that only knows application/json hands on nothing; required attributes are said to be missing.",
    ("ERR-04",), _ScimJsonUnparsed,
)
