"""A SCIM server of fifty lines with numbers for ids, for what the reference server is too sound to show.

Argument: JSON, all of it optional.
    date       seconds that its Date header is ahead, null for no such header
    created    text of meta.created, null for none
    answers    {"DELETE /Users": [405, {}], …}: what is answered in place of doing it; a text body is HTML
    retry_after seconds told with a 429
    lies       {"POST /Users": 500, …}: it is done, and answered with this status and an error
    location   where GET /Users redirects to
    root       path below which it is SCIM at all (default /scim/v2); elsewhere it answers with a page
    open       let everybody in
    tls        [certificate file, key file]
    host, port where to listen
    users      userNames of the users that are there from the start, under the ids 1, 2 …
Prints its base URL. GET /seen answers what it was asked so far, a line a request.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

KNOBS: dict[str, Any] = json.loads(sys.argv[1])
ROOT = KNOBS.get("root", "/scim/v2")
LIST, USER = ("urn:ietf:params:scim:api:messages:2.0:ListResponse", "urn:ietf:params:scim:schemas:core:2.0:User")
PAGE = "<!doctype html><title>Acme</title><p>Welcome"

users: dict[str, dict[str, Any]] = {}
seen: list[str] = []


def made(body: dict[str, Any]) -> dict[str, Any]:
    number = str(len(users) + 1)
    meta = {"resourceType": "User"}
    stamp = KNOBS.get("created", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    users[number] = {**body, "id": number, "meta": {**meta, "created": stamp} if stamp else meta}
    return users[number]


def listed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemas": [LIST], "totalResults": len(rows), "Resources": rows}


class Tiny(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> tuple[int, Any]:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        if parts.path == "/seen":
            return 200, "\n".join(seen)
        seen.append(f"{self.command} {parts.path}")
        if not (parts.path + "/").startswith(ROOT + "/"):
            return 200, PAGE
        path = parts.path[len(ROOT) :]
        if not KNOBS.get("open") and self.headers.get("Authorization") != f"Bearer {os.environ['SCIMRIG_TOKEN']}":
            return 401, {"detail": "who are you?"}
        collection, _, number = path.lstrip("/").partition("/")
        canned = KNOBS.get("answers", {}).get(f"{self.command} /{collection}")
        done = tuple(canned) if canned else self.users(collection, number, unquote(parts.query), body)
        lie = KNOBS.get("lies", {}).get(f"{self.command} /{collection}")
        return (lie, {"detail": "it did not work"}) if lie else done

    def users(self, collection: str, number: str, query: str, body: dict[str, Any]) -> tuple[int, Any]:
        if collection != "Users" or (number and number not in users):
            return 404, {"detail": "not here"}
        if self.command == "POST":
            return 201, made(body)
        if not number:
            wanted = re.search(r'userName eq "([^"]*)"', query)
            return 200, listed([user for user in users.values() if not wanted or user["userName"] == wanted[1]])
        if self.command == "DELETE":
            users.pop(number)
            return 204, None
        if self.command == "PUT":
            users[number] = {**body, "id": number, "meta": users[number]["meta"]}
        return 200, users[number]

    def do(self) -> None:
        status, body = self.answer()
        if KNOBS.get("location") and self.path.startswith(f"{ROOT}/Users"):
            status, body = 302, None
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        self.send_response_only(status)
        if "date" not in KNOBS or KNOBS["date"] is not None:
            self.send_header("Date", formatdate(time.time() + KNOBS.get("date", 0), usegmt=True))
        if status == 429:
            self.send_header("Retry-After", str(KNOBS.get("retry_after", 1)))
        if status == 302:
            self.send_header("Location", KNOBS["location"])
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/scim+json")
        if status != 204:
            self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def log_message(self, *_: object) -> None:
        return


def main() -> None:
    for name in KNOBS.get("users", ()):
        made({"schemas": [USER], "userName": name})
    host = KNOBS.get("host", "127.0.0.1")
    server = ThreadingHTTPServer((host, int(KNOBS.get("port", 0))), Tiny)
    if "tls" in KNOBS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*KNOBS["tls"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"{'https' if 'tls' in KNOBS else 'http'}://{host}:{server.server_address[1]}{ROOT}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
