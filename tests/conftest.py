"""What every test shares: hypothesis without deadlines (time is measured in benchmarks/, never asserted in a test)."""

from hypothesis import HealthCheck, settings

settings.register_profile("scimrig", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("scimrig")
