"""The pictures: their bytes, their two forms, and that states can be told apart."""

from xml.etree import ElementTree

import pytest

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
    assert argb(Icon.CONNECTED, GRID)[middle_of_first_bar:][:4] == bytes([255, 0x27, 0xB8, 0xA4])
    assert rgba(Icon.CONNECTED, GRID)[middle_of_first_bar:][:4] == bytes([0x27, 0xB8, 0xA4, 255])


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
