"""Before a session: is everything as it must be? Go, warning or no-go, each with what to do.

One module a subject. Each gathers its facts at a thin edge and judges them in a pure function, so
that every line is tested both ways without a broken machine. The words are in ``texts/``.
"""
