"""How each kind of screen looks: a module for each kind, listed in `stimuli.painter`."""
