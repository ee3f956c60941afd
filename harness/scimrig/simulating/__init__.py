"""A company lived through: its happenings, played by an IdP's job against a target, and what came of it in the end."""
