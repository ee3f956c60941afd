"""The reference server: a real provisioning server for SCIM 2.0, sound unless its seams are sabotaged.

``build(Settings(token=…))`` makes the ASGI application (``app.py``), ``serve`` puts it on a socket (``serve.py``).
Nothing is imported here, so that a command which serves nothing doesn't pay for Starlette and uvicorn.
"""
