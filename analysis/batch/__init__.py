"""Exports of many sessions: only what changed, on as many workers as there are.

`visits` says what there is, `products` what a visit's logs become, `working` writes that on some
worker, `schedulers` hand visits to workers, `manifest` remembers what was made of what, `dataset`
writes what belongs to all visits together, and `exporting` is the one door to it all.
"""
