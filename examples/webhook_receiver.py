"""An application that keeps up with a directory by its webhooks.

    pip install starlette uvicorn standardwebhooks
    WEBHOOK_SECRET=whsec_… uvicorn webhook_receiver:app

Verify the bytes that came, before anything reads them. The signature is over the body as it was sent, and
``json.dumps(await request.json())`` is something else: other spaces, other escapes, and every delivery is refused.
The vendor's SDK checks the same: ``client.verify_webhook_payload(secret, request.headers, body)``.

Deliveries may come twice and in any order. What was seen is not done again, and what is older than what is known of a
person changes nothing. Answer 200 or 201 once it is kept: anything else, and anything slower than ten seconds, and it
comes again.
"""

import os
from datetime import datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PREFIX = "organization.directory."

verifier = Webhook(os.environ["WEBHOOK_SECRET"])
seen: set[str] = set()  # a table with a unique key, in an application that is restarted now and then
people: dict[str, dict] = {}
groups: dict[str, dict] = {}


async def webhook(request: Request) -> Response:
    """POST /webhook."""
    body = await request.body()
    try:
        event = verifier.verify(body, dict(request.headers))
    except WebhookVerificationError as error:
        return JSONResponse({"error": str(error)}, 400)
    if event["id"] not in seen:
        take(event)
        seen.add(event["id"])
    return Response(status_code=200)


def take(event: dict) -> None:
    """Make the change that an event tells of. Events that aren't about people or groups are none of our business."""
    kind, _, happened = event["type"].removeprefix(PREFIX).partition("_")
    known = {"user": people, "group": groups}.get(kind)
    if known is None or not event["type"].startswith(PREFIX):
        return
    data, at = event["data"], event["occurred_at"]
    before = known.get(data["id"], {})
    if before and datetime.fromisoformat(at) < datetime.fromisoformat(before["at"]):
        return
    if kind == "group":
        known[data["id"]] = {"at": at, "name": data["display_name"], "there": happened != "deleted"}
    elif happened == "deleted":  # switched off or removed: either way nobody to let in
        known[data["id"]] = {**before, "at": at, "email": data["email"], "active": False, "roles": []}
    else:
        roles = [role["role_name"] for role in data["roles"]]
        known[data["id"]] = {
            "at": at, "email": data["email"], "name": data["name"], "active": data["active"], "roles": roles
        }


async def mirror(request: Request) -> Response:
    """GET /people: what this application believes."""
    return JSONResponse({"people": list(people.values()), "groups": list(groups.values())})


app = Starlette(routes=[Route("/webhook", webhook, methods=["POST"]), Route("/people", mirror)])
