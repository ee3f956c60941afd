"""The judge: plays scenarios against a provisioning target and says what is wrong, for whom, and why."""

__version__ = "0.1.0"
