"""Scenarios as data: loading them, filling in their templates, and the matchers they assert with."""
