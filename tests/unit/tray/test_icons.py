"""The pictures: their bytes, their two forms, and that states can be told apart."""

from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from tray.icons import GRID, PICTURES, SIZES_PX, argb, rgba, svg
from tray.model import Icon


@pytest.mark.parametrize("size_px", SIZES_PX)
@pytest.mark.parametrize("icon", Icon)
def test_pixels_are_argb_with_a_clear_corner_and_a_drawn_middle(icon: Icon, size_px: int) -> None:
    pixels = argb(icon, size_px)
    alphas = pixels[0::4]
    assert len(pixels) == size_px * size_px * 4
    assert alphas[0] == 0 and max(alphas) == 255
    assert 0.02 < sum(alphas) / (255 * len(alphas)) < 0.6


def test_colour_stands_behind_alpha_in_network_byte_order() -> None:
    middle_of_first_bar = (11 * GRID + 3) * 4 - 4  # bar at x = 3: pixel column 2
    assert argb(Icon.CONNECTED, GRID)[middle_of_first_bar:][:4] == bytes([255, 0xFF, 0x9F, 0x5A])
    assert rgba(Icon.CONNECTED, GRID)[middle_of_first_bar:][:4] == bytes([0xFF, 0x9F, 0x5A, 255])


def test_every_state_differs_in_shape_and_not_only_in_colour() -> None:
    shapes = {tuple(alpha > 127 for alpha in argb(icon, 22)[0::4]) for icon in Icon}
    assert len(shapes) == len(Icon)


@pytest.mark.parametrize("icon", Icon)
def test_svg_has_the_same_strokes_inside_its_box(icon: Icon) -> None:
    root = ElementTree.fromstring(svg(icon))
    lines = root.findall(".//{http://www.w3.org/2000/svg}line")
    assert len(lines) == len(PICTURES[icon])
    for line in lines:
        half = float(line.attrib["stroke-width"]) / 2
        for name in ("x1", "y1", "x2", "y2"):
            assert half <= float(line.attrib[name]) <= GRID - half


PANELS = {
    "light": (0xF5, 0xF2, 0xEC),
    "white": (255, 255, 255),
    "dark": (0x10, 0x12, 0x15),
    "grey": (0x2B, 0x2B, 0x2B),
}


def luminance(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative luminance (WCAG 2.2) of colours whose last axis is 0 to 255."""
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


def seen_on(icon: Icon, size_px: int, panel: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Which pixels stand out from the panel by 3:1 (WCAG 2.2, 1.4.11), all colour aside."""
    pixels = np.frombuffer(rgba(icon, size_px), np.uint8).reshape(-1, 4).astype(float)
    alpha, ground = pixels[:, 3:] / 255, np.asarray(panel, dtype=float)
    shown, below = luminance(pixels[:, :3] * alpha + ground * (1 - alpha)), luminance(ground)
    return np.asarray((np.maximum(shown, below) + 0.05) / (np.minimum(shown, below) + 0.05) >= 3.0)


@pytest.mark.parametrize("size_px", [16, 22, 64])
@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS.keys())
def test_every_state_is_seen_and_told_apart_without_colour_on_light_and_dark(
    panel: tuple[int, int, int], size_px: int
) -> None:
    shapes = {icon: seen_on(icon, size_px, panel) for icon in Icon}
    for icon, shape in shapes.items():
        assert shape.sum() > 0.03 * size_px**2, icon
    for one in Icon:
        for other in Icon:
            if one < other:
                assert (shapes[one] != shapes[other]).sum() > 0.02 * size_px**2, (one, other)
