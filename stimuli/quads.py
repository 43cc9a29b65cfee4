"""Images on the graphics card, drawn pixel for pixel: each is uploaded once, however often shown.

Plain OpenGL instead of PsychoPy's ImageStim: that one keeps 16 bytes for each pixel instead of 4,
and its shader with a mask takes a software renderer several times as long.
"""

from __future__ import annotations

import ctypes
import hashlib
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stimuli.sprites import Image, Sprite, cut


@dataclass(frozen=True)
class Placed:
    """An image on the graphics card, and its place (px) in the window.

    Parameters
    ----------
    texture : int
    left, top, width, height : int
        Pixels; to the right and down from the window's top-left corner.
    """

    texture: int
    left: int
    top: int
    width: int
    height: int

    def draw(self, right: int = 0, down: int = 0) -> None:
        """Draw it, moved so far (px); only within `Quads.drawing`."""
        from pyglet import gl

        x, y = self.left + right, self.top + down
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.texture)
        gl.glBegin(gl.GL_QUADS)
        gl.glTexCoord2f(0.0, 0.0)
        gl.glVertex2f(x, y)
        gl.glTexCoord2f(1.0, 0.0)
        gl.glVertex2f(x + self.width, y)
        gl.glTexCoord2f(1.0, 1.0)
        gl.glVertex2f(x + self.width, y + self.height)
        gl.glTexCoord2f(0.0, 1.0)
        gl.glVertex2f(x, y + self.height)
        gl.glEnd()


class Quads:
    """Images on a window's graphics card.

    Parameters
    ----------
    window : psychopy.visual.Window
        Its OpenGL context must be the current one whenever this is used.
    """

    def __init__(self, window: Any) -> None:
        self._window = window
        self._textures: dict[tuple[bytes, int, int], int] = {}
        self._cut: dict[int, tuple[weakref.ref[Image], tuple[Placed, ...]]] = {}

    def upload(self, sprite: Sprite) -> tuple[Placed, ...]:
        """Bring a sprite to the graphics card, in pieces that are as small as they can be.

        An image that is there already, be it another object with the same pixels, is not uploaded
        again.
        """
        image = sprite.image
        known = self._cut.get(id(image))
        if known is None or known[0]() is not image:
            pieces = tuple(map(self._placed, cut(Sprite(image, 0, 0))))
            known = self._cut[id(image)] = (weakref.ref(image), pieces)
        return tuple(
            Placed(p.texture, p.left + sprite.left, p.top + sprite.top, p.width, p.height)
            for p in known[1]
        )

    @property
    def count(self) -> int:
        """How many images have been uploaded."""
        return len(self._textures)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Set OpenGL up for drawing images: a pixel is a pixel, blended by straight alpha."""
        from pyglet import gl

        width, height = (int(n) for n in self._window.size)
        gl.glUseProgram(0)
        gl.glMatrixMode(gl.GL_PROJECTION)
        gl.glPushMatrix()
        gl.glLoadIdentity()
        gl.glOrtho(0.0, width, height, 0.0, -1.0, 1.0)
        gl.glMatrixMode(gl.GL_MODELVIEW)
        gl.glPushMatrix()
        gl.glLoadIdentity()
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glEnable(gl.GL_TEXTURE_2D)
        gl.glTexEnvi(gl.GL_TEXTURE_ENV, gl.GL_TEXTURE_ENV_MODE, gl.GL_REPLACE)
        gl.glDisable(gl.GL_DEPTH_TEST)
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        try:
            yield
        finally:
            gl.glBindTexture(gl.GL_TEXTURE_2D, 0)
            gl.glDisable(gl.GL_TEXTURE_2D)
            gl.glTexEnvi(gl.GL_TEXTURE_ENV, gl.GL_TEXTURE_ENV_MODE, gl.GL_MODULATE)
            gl.glPopMatrix()
            gl.glMatrixMode(gl.GL_PROJECTION)
            gl.glPopMatrix()
            gl.glMatrixMode(gl.GL_MODELVIEW)

    def _placed(self, piece: Sprite) -> Placed:
        rows, columns = piece.image.shape[:2]
        data = piece.image.tobytes()
        key = (hashlib.blake2b(data, digest_size=16).digest(), rows, columns)
        if key not in self._textures:
            self._textures[key] = _texture(data, columns, rows)
        return Placed(self._textures[key], piece.left, piece.top, columns, rows)


def _texture(data: bytes, width: int, height: int) -> int:
    """Upload pixels (4 bytes each, rows from the top) and return the texture's name."""
    from pyglet import gl

    name = gl.GLuint()
    gl.glGenTextures(1, ctypes.byref(name))
    gl.glBindTexture(gl.GL_TEXTURE_2D, name)
    for which in (gl.GL_TEXTURE_MIN_FILTER, gl.GL_TEXTURE_MAG_FILTER):
        gl.glTexParameteri(gl.GL_TEXTURE_2D, which, gl.GL_NEAREST)
    for which in (gl.GL_TEXTURE_WRAP_S, gl.GL_TEXTURE_WRAP_T):
        gl.glTexParameteri(gl.GL_TEXTURE_2D, which, gl.GL_CLAMP_TO_EDGE)
    gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
    gl.glTexImage2D(
        gl.GL_TEXTURE_2D,
        0,
        gl.GL_RGBA8,
        width,
        height,
        0,
        gl.GL_RGBA,
        gl.GL_UNSIGNED_BYTE,
        data,
    )
    gl.glBindTexture(gl.GL_TEXTURE_2D, 0)
    return int(name.value)
