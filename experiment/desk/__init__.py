"""The research assistant's desk: what is due, what is missing, and one button for the next step.

What a participant's next step is, and what a session came to, is worked out from files alone
(`standing`, `missing`, `ended`). Only `window` knows of Qt. Sessions are run by the command in a
process of their own; nothing here opens a port or a window for a participant.
"""
