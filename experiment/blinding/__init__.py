"""Who gets what, drawn and sealed by somebody who is not at the desk, and opened only with a key.

The person who keeps the key (a pharmacist, say) draws the sequences, packs the drug kits and seals
the list; the desk holds the sealed list and gives out slot numbers. `docs/blinding.md` tells who
does what.
"""
