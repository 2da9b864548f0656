"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# An example takes as long as the machine needs: what a test shows is never how fast it ran.
settings.register_profile("leeward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leeward")
