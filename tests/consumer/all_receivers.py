"""Serves every sample receiver, each on a port of its own; prints their URLs as one line of JSON.

Environment: WEBHOOK_SECRET.
"""

from __future__ import annotations

import json
import os
import threading

from scimrig.cli.receiver import _fetch
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.receivers import chosen, fault_names, variant_names
from scimrig_simulator.receivers.receiver import PATH
from scimrig_simulator.receivers.serving import Server


def main() -> None:
    made = {"": chosen()} | {f"fault={name}": chosen(fault=name) for name in fault_names()}
    made |= {f"variant={name}": chosen(variant=name) for name in variant_names()}
    urls = {}
    for name, receiver in made.items():
        server = Server(receiver(os.environ["WEBHOOK_SECRET"], SystemClock(), _fetch))
        threading.Thread(target=server.serve_forever, args=(0.5,), daemon=True).start()
        urls[name] = f"{server.origin}{PATH}"
    print(json.dumps(urls), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
