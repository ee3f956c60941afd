"""The SCIM protocol, pure: schemas, paths, filters, PATCH, validation, projection, messages, errors.

Rule: plain dicts in, plain dicts out; no I/O but reading this package's own data. Imports nothing of the project
outside this folder but ``limits`` and what ``wire`` says of JSON.
"""
