"""Compiled painting of moving objects: back to front, with the motion and the number of what is seen at each pixel.

All compiled functions are in this file, because compiled code on disk is known by the file of the function alone.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile without checks of divisors and without reference counting, which takes longer than a pixel; so nothing is
    allocated within.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return njit(**options)(function)


class Objects(NamedTuple):
    """Objects of a scene, the first being the background, which covers everything; later ones lie in front.

    Textures are read from one toroidal field of mean 0 and variance 1, each object at a place and a grain of its own.

    Attributes
    ----------
    masks
        ``(object, side, side)`` float32 share of each pixel that the object covers, seen from its centre; that of the
        background is not read.
    reach
        ``(object,)`` pixels from the centre beyond which it covers nothing.
    pose
        ``(object, frame + 1, 4)`` column and row of the centre in pixels, angle in rad (from right towards down), and
        zoom; one more than there are frames, for the motion from the last.
    place
        ``(object, 2)`` column and row in the field of the object's centre.
    grain
        ``(object,)`` pixels of the field per pixel of the object.
    base, tint
        ``(object, channel)`` luminance, and how much the texture changes it.
    sharpness
        ``(object,)`` how steeply the field is squashed to -1 to 1: large gives patches with edges.
    gloss, mirror
        ``(object,)`` luminance of highlights, and share of a reflected surrounding.
    glide
        ``(object, frame, 2)`` where the reflected light lies in the picture, pixels.
    clear
        ``(object,)`` share of what lies behind that is seen through the object.
    bend
        ``(object,)`` pixels by which glass displaces what lies behind.
    relief
        ``(object, frame, 3)`` grain of the surface that bends light, and its place in the field.
    """

    masks: np.ndarray
    reach: np.ndarray
    pose: np.ndarray
    place: np.ndarray
    grain: np.ndarray
    base: np.ndarray
    tint: np.ndarray
    sharpness: np.ndarray
    gloss: np.ndarray
    mirror: np.ndarray
    glide: np.ndarray
    clear: np.ndarray
    bend: np.ndarray
    relief: np.ndarray


# Highlights are where the reflected field is this many standard deviations above its mean.
HIGHLIGHT_ABOVE = 1.2
HIGHLIGHT_STEEPNESS = 6.0
MIRROR_CONTRAST = 0.35
# A multiple of the side of any field, larger than any place.
TURNS = float(1 << 20)


@_compiled
def paint(
    field: np.ndarray,
    objects: Objects,
    frames: np.ndarray,
    flow: np.ndarray,
    labels: np.ndarray,
    line: np.ndarray,
    behind: np.ndarray,
) -> None:
    """Paint all frames of a scene.

    Parameters
    ----------
    field
        ``(row, col)`` float32, both a power of 2.
    objects
        Of the scene.
    frames
        ``(frame, channel, row, col)`` float32, filled with luminance 0 to 1.
    flow
        ``(frame, 2, row, col)`` float32, filled with the motion of the front-most object to the next frame.
    labels
        ``(frame, row, col)`` int32, filled with the number of that object.
    line
        ``(4, col)`` float32 zeros for the work on one row of an object: what it covers, its pattern, and the light that
        it throws back as highlights and as a mirror.
    behind
        ``(channel, row, col)`` float32 for what lies behind glass.
    """
    for frame in range(frames.shape[0]):
        for index in range(len(objects.reach)):
            _paint_one(field, objects, index, frame, frames[frame], flow[frame], labels[frame], line, behind)


@_compiled
def _paint_one(
    field: np.ndarray,
    objects: Objects,
    index: int,
    frame: int,
    picture: np.ndarray,
    flow: np.ndarray,
    labels: np.ndarray,
    line: np.ndarray,
    behind: np.ndarray,
) -> None:
    n_channels, n_rows, n_cols = picture.shape
    pose = objects.pose[index, frame]
    x, y, angle, zoom = pose[0], pose[1], pose[2], pose[3]
    first_row, last_row, first_col, last_col = 0, n_rows, 0, n_cols
    if index > 0:
        reach = objects.reach[index] * zoom + 1
        first_row, last_row = max(0, math.floor(y - reach)), min(n_rows, math.ceil(y + reach) + 1)
        first_col, last_col = max(0, math.floor(x - reach)), min(n_cols, math.ceil(x + reach) + 1)
    c, s = math.cos(angle) / zoom, math.sin(angle) / zoom
    mask = objects.masks[index]
    middle = (mask.shape[0] - 1) / 2
    place_x, place_y = objects.place[index, 0], objects.place[index, 1]
    grain, sharpness = objects.grain[index], objects.sharpness[index]
    textured = False
    for channel in range(n_channels):
        textured = textured or objects.tint[index, channel] != 0
    shiny = objects.gloss[index] > 0 or objects.mirror[index] > 0
    light_x, light_y = objects.glide[index, frame, 0], objects.glide[index, frame, 1]
    if objects.clear[index] > 0:
        _copy(picture, behind)
    cover, pattern, light, reflected = line[0], line[1], line[2], line[3]
    for col in range(n_cols):
        cover[col] = 1
    for row in range(first_row, last_row):
        seen = index == 0
        for col in range(first_col, last_col):
            across, down = col - x, row - y
            u, v = c * across + s * down, c * down - s * across
            if index > 0:
                cover[col] = _masked(mask, u + middle, v + middle)
                if cover[col] <= 0:
                    continue
                seen = True
            if textured:
                pattern[col] = _squashed(sharpness * looked_up(field, place_x + grain * u, place_y + grain * v))
            if shiny:
                around = looked_up(field, grain * (col - light_x), grain * (row - light_y))
                light[col] = max(0.0, _squashed(HIGHLIGHT_STEEPNESS * (around - HIGHLIGHT_ABOVE)))
                reflected[col] = 0.5 + MIRROR_CONTRAST * _squashed(2 * around)
        if seen:
            for channel in range(n_channels):
                _colour_row(field, objects, index, frame, channel, row, first_col, last_col, behind, picture, line)
            _move_row(objects.pose[index], index, frame, row, first_col, last_col, cover, flow, labels)


@_compiled
def _colour_row(
    field: np.ndarray,
    objects: Objects,
    index: int,
    frame: int,
    channel: int,
    row: int,
    first_col: int,
    last_col: int,
    behind: np.ndarray,
    picture: np.ndarray,
    line: np.ndarray,
) -> None:
    """One channel of one row of an object, over what is there."""
    one, zero = np.float32(1), np.float32(0)
    base, tint = np.float32(objects.base[index, channel]), np.float32(objects.tint[index, channel])
    gloss, mirror, clear = (
        np.float32(objects.gloss[index]),
        np.float32(objects.mirror[index]),
        np.float32(objects.clear[index]),
    )
    pose = objects.pose[index, frame]
    x, y, angle, zoom = pose[0], pose[1], pose[2], pose[3]
    c, s, bend = math.cos(angle) / zoom, math.sin(angle) / zoom, objects.bend[index]
    relief = objects.relief[index, frame]
    relief_grain, relief_x, relief_y = relief[0], relief[1], relief[2]
    cover, pattern, light, reflected = line[0], line[1], line[2], line[3]
    here, before = picture[channel, row], behind[channel]
    shiny = gloss > 0 or mirror > 0
    for col in range(first_col, last_col):
        share = cover[col]
        if share <= 0:
            continue
        own = base + tint * pattern[col]
        if shiny:
            own += mirror * (reflected[col] - own)
        if clear > 0:
            across, down = col - x, row - y
            u, v = relief_grain * (c * across + s * down), relief_grain * (c * down - s * across)
            from_x = col + bend * looked_up(field, relief_x + u, relief_y + v)
            from_y = row + bend * looked_up(field, relief_y - v, relief_x + u)
            own += clear * (np.float32(seen_at(before, from_x, from_y)) - own)
        if shiny:
            own += gloss * light[col]
        here[col] += share * (min(one, max(zero, own)) - here[col])


@_compiled
def _move_row(
    pose: np.ndarray,
    index: int,
    frame: int,
    row: int,
    first_col: int,
    last_col: int,
    cover: np.ndarray,
    flow: np.ndarray,
    labels: np.ndarray,
) -> None:
    """Motion to the next frame, and number, where an object covers at least half of a pixel."""
    x, y = pose[frame, 0], pose[frame, 1]
    x_next, y_next = pose[frame + 1, 0], pose[frame + 1, 1]
    turn, growth = pose[frame + 1, 2] - pose[frame, 2], pose[frame + 1, 3] / pose[frame, 3]
    c, s = growth * math.cos(turn), growth * math.sin(turn)
    down = row - y
    for col in range(first_col, last_col):
        if cover[col] >= 0.5:
            across = col - x
            flow[0, row, col] = x_next + c * across - s * down - col
            flow[1, row, col] = y_next + s * across + c * down - row
            labels[row, col] = index


@_compiled
def ripple(field: np.ndarray, frames: np.ndarray, amplitude: float, relief: np.ndarray, still: np.ndarray) -> None:
    """Let all frames be seen through moving water: each pixel shows what lies beside it.

    Parameters
    ----------
    field
        As in `paint`.
    frames
        ``(frame, channel, row, col)`` float32, changed in place.
    amplitude
        Standard deviation of each part of the displacement, pixels.
    relief
        ``(frame, 2, 3)`` for the displacement to the right and down: grain, and place in the field.
    still
        ``(channel, row, col)`` float32 for the frame without water.
    """
    n_frames, n_channels, n_rows, n_cols = frames.shape
    for frame in range(n_frames):
        _copy(frames[frame], still)
        for row in range(n_rows):
            for col in range(n_cols):
                right, down = relief[frame, 0], relief[frame, 1]
                from_x = col + amplitude * looked_up(field, right[1] + right[0] * col, right[2] + right[0] * row)
                from_y = row + amplitude * looked_up(field, down[1] + down[0] * col, down[2] + down[0] * row)
                for channel in range(n_channels):
                    frames[frame, channel, row, col] = seen_at(still[channel], from_x, from_y)


@_compiled
def looked_up(field: np.ndarray, u: float, v: float) -> float:
    """Value of a toroidal field between its pixels; ``u`` counts columns and ``v`` rows."""
    # Many whole turns away both are positive, where cutting off digits is rounding down.
    u, v = u + TURNS, v + TURNS
    left, top = int(u), int(v)
    share_u, share_v = u - left, v - top
    n_rows, n_cols = field.shape
    i, j = np.uint32(top) & np.uint32(n_rows - 1), np.uint32(left) & np.uint32(n_cols - 1)
    i_next, j_next = np.uint32(top + 1) & np.uint32(n_rows - 1), np.uint32(left + 1) & np.uint32(n_cols - 1)
    above = field[i, j] + share_u * (field[i, j_next] - field[i, j])
    below = field[i_next, j] + share_u * (field[i_next, j_next] - field[i_next, j])
    return above + share_v * (below - above)


@_compiled
def seen_at(picture: np.ndarray, x: float, y: float) -> float:
    """Value of a picture between its pixels; beyond its border that of the border."""
    n_rows, n_cols = picture.shape
    x, y = min(max(x, 0.0), n_cols - 1.0), min(max(y, 0.0), n_rows - 1.0)
    j, i = min(int(x), n_cols - 2), min(int(y), n_rows - 2)
    share_x, share_y = x - j, y - i
    above = picture[i, j] + share_x * (picture[i, j + 1] - picture[i, j])
    below = picture[i + 1, j] + share_x * (picture[i + 1, j + 1] - picture[i + 1, j])
    return above + share_y * (below - above)


@_compiled
def _masked(mask: np.ndarray, x: float, y: float) -> float:
    """Cover at a point of a mask, 0 beyond it."""
    side = mask.shape[0]
    if x < 0 or y < 0 or x > side - 1 or y > side - 1:
        return 0.0
    return seen_at(mask, x, y)


@_compiled
def _squashed(value: float) -> float:
    return value / math.sqrt(1 + value * value)


@_compiled
def _copy(source: np.ndarray, target: np.ndarray) -> None:
    for channel in range(source.shape[0]):
        for row in range(source.shape[1]):
            for col in range(source.shape[2]):
                target[channel, row, col] = source[channel, row, col]
