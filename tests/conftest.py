"""What every test shares: hypothesis without deadlines (time is measured in benchmarks/, never asserted in a test).

In CI the examples are the same in every run, so that a change is judged by what it changes; elsewhere they are new.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "scimrig",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("scimrig")
