"""The outside world: trigger ports, scanner pulses, keys, and a simulated scanner for tests."""
