"""Groups of commands that `run_session.py` takes in whole: they parse, call and print."""
