"""What the items of a protocol's questionnaires say, for the stimuli room."""

from __future__ import annotations

from collections.abc import Iterator

from experiment.protocol import Protocol, Questionnaire, worded
from experiment.protocol.questionnaire import Item, item_key
from stimuli.contents import ItemLook, ScaleLook


def item_looks(protocol: Protocol) -> dict[str, ItemLook]:
    """Return what each item says, by its name, in the protocol's language."""
    looks = {}
    for key, one, item in _items(protocol):
        scale = one.scale_of(item)
        options = scale.anchors_at.values() if scale.listed else ()
        looks[key] = ItemLook(
            worded(item.text, protocol.language),
            "" if one.stem is None else worded(one.stem, protocol.language),
            scale.range.lowest,
            tuple(worded(option, protocol.language) for option in options),
        )
    return looks


def item_scales(protocol: Protocol) -> dict[str, ScaleLook]:
    """Return the scale of each item, by the item's name; a list of options can be one, too."""
    scales = {}
    for key, one, item in _items(protocol):
        scale = one.scale_of(item)
        scales[key] = ScaleLook(
            worded(item.text, protocol.language),
            scale.range.lowest,
            scale.range.highest,
            {place: worded(text, protocol.language) for place, text in scale.anchors_at.items()},
            continuous=scale.continuous,
            reading=scale.reading,
        )
    return scales


def _items(protocol: Protocol) -> Iterator[tuple[str, Questionnaire, Item]]:
    for name, one in protocol.questionnaires.items():
        if protocol.language in one.languages:
            yield from ((item_key(name, item.id), one, item) for item in one.items)
