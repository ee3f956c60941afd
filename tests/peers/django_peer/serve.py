"""The project served as WSGI, which is what the package is written for: ``python -m django_peer.serve PORT``."""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.wsgi import get_wsgi_application

THREADS = ThreadPoolExecutor(8)


class Threaded(WSGIServer):
    """Threads that stay, so that each keeps its connection to the database."""

    def process_request(self, request: Any, client_address: Any) -> None:
        THREADS.submit(self._answer, request, client_address)

    def _answer(self, request: Any, client_address: Any) -> None:
        self.finish_request(request, client_address)
        self.shutdown_request(request)


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: object) -> None: ...


if __name__ == "__main__":
    with Threaded(("127.0.0.1", int(sys.argv[1])), Quiet) as server:
        server.set_app(get_wsgi_application())
        server.serve_forever()
