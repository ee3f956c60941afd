"""The part that django-scim2 leaves to its project: who may come in. One static bearer token (RFC 6750 §2.1)."""

import hmac
from collections.abc import Callable
from types import SimpleNamespace

from django.conf import settings
from django.http import HttpRequest, HttpResponse

MACHINE = SimpleNamespace(is_authenticated=True)
STRANGER = SimpleNamespace(is_authenticated=False)


def bearer(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that sets ``request.user``; the package's own middleware answers 401 to a stranger."""

    def middleware(request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), settings.PEER_TOKEN.encode())
        request.user = MACHINE if known else STRANGER
        return answer(request)

    return middleware
