"""Images on the graphics card, drawn pixel for pixel: each is uploaded once, however often shown.

Plain OpenGL instead of PsychoPy's ImageStim: that one keeps 16 bytes for each pixel instead of 4,
and its shader with a mask takes a software renderer several times as long.
"""

from __future__ import annotations

import ctypes
import hashlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
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


class Quads:
    """Images on a window's graphics card.

    All that a frame needs is compiled beforehand into display lists, so that drawing is a handful
    of calls: each call from Python costs more than what it does.

    Parameters
    ----------
    window : psychopy.visual.Window
        Its OpenGL context must be the current one whenever this is used.
    """

    def __init__(self, window: Any) -> None:
        from pyglet import gl

        self._gl = gl
        self._textures: dict[tuple[bytes, int, int], int] = {}
        self._cut: dict[int, tuple[weakref.ref[Image], tuple[Placed, ...]]] = {}
        self._lists: dict[tuple[Placed, ...], int] = {}
        self._begin = self._compiled(partial(self._set_up, *(int(n) for n in window.size)))
        self._end = self._compiled(self._put_back)

    def upload(self, *sprites: Sprite) -> int:
        """Bring sprites to the graphics card; return the number by which `draw` knows them.

        They are cut into pieces that are as small as they can be. An image that is there already,
        be it another object with the same pixels, is not uploaded again.
        """
        pieces = tuple(piece for sprite in sprites for piece in self._pieces(sprite))
        if pieces not in self._lists:
            self._lists[pieces] = self._compiled(partial(self._put, pieces))
        return self._lists[pieces]

    @property
    def count(self) -> int:
        """How many images have been uploaded."""
        return len(self._textures)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Set OpenGL up for drawing images: a pixel is a pixel, blended by straight alpha."""
        self._gl.glCallList(self._begin)
        try:
            yield
        finally:
            self._gl.glCallList(self._end)

    def draw(self, number: int, right: int = 0, down: int = 0) -> None:
        """Draw what was uploaded, moved so far (px); only within `drawing`."""
        gl = self._gl
        if right or down:
            gl.glTranslatef(right, down, 0.0)
            gl.glCallList(number)
            gl.glTranslatef(-right, -down, 0.0)
        else:
            gl.glCallList(number)

    def _compiled(self, commands: Callable[[], None]) -> int:
        """Keep OpenGL commands on the graphics card; return their number."""
        number = int(self._gl.glGenLists(1))
        self._gl.glNewList(number, self._gl.GL_COMPILE)
        commands()
        self._gl.glEndList()
        return number

    def _set_up(self, width: int, height: int) -> None:
        gl = self._gl
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

    def _put_back(self) -> None:
        gl = self._gl
        gl.glBindTexture(gl.GL_TEXTURE_2D, 0)
        gl.glDisable(gl.GL_TEXTURE_2D)
        gl.glTexEnvi(gl.GL_TEXTURE_ENV, gl.GL_TEXTURE_ENV_MODE, gl.GL_MODULATE)
        gl.glPopMatrix()
        gl.glMatrixMode(gl.GL_PROJECTION)
        gl.glPopMatrix()
        gl.glMatrixMode(gl.GL_MODELVIEW)

    def _put(self, pieces: Sequence[Placed]) -> None:
        gl = self._gl
        for piece in pieces:
            left, top = piece.left, piece.top
            right, bottom = left + piece.width, top + piece.height
            gl.glBindTexture(gl.GL_TEXTURE_2D, piece.texture)
            gl.glBegin(gl.GL_QUADS)
            for x, y, across, down in (
                (left, top, 0.0, 0.0),
                (right, top, 1.0, 0.0),
                (right, bottom, 1.0, 1.0),
                (left, bottom, 0.0, 1.0),
            ):
                gl.glTexCoord2f(across, down)
                gl.glVertex2f(x, y)
            gl.glEnd()

    def _pieces(self, sprite: Sprite) -> tuple[Placed, ...]:
        image = sprite.image
        known = self._cut.get(id(image))
        if known is None or known[0]() is not image:
            pieces = tuple(map(self._placed, cut(Sprite(image, 0, 0))))
            known = self._cut[id(image)] = (weakref.ref(image), pieces)
        return tuple(
            Placed(p.texture, p.left + sprite.left, p.top + sprite.top, p.width, p.height)
            for p in known[1]
        )

    def _placed(self, piece: Sprite) -> Placed:
        rows, columns = piece.image.shape[:2]
        data = piece.image.tobytes()
        key = (hashlib.blake2b(data, digest_size=16).digest(), rows, columns)
        if key not in self._textures:
            self._textures[key] = self._texture(data, columns, rows)
        return Placed(self._textures[key], piece.left, piece.top, columns, rows)

    def _texture(self, data: bytes, width: int, height: int) -> int:
        """Upload pixels (4 bytes each, rows from the top) and return the texture's name."""
        gl = self._gl
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
