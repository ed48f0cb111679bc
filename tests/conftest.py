"""How all tests search for counterexamples: without a clock, since a busy machine is no fault of the code."""

from hypothesis import HealthCheck, settings

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")
