"""Pictures are written whole, the same figure to the same bytes."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from exports.figures import save_figure
from incidents.errors import ConfigError


@pytest.fixture
def figure() -> Figure:
    figure = Figure(figsize=(4, 3))
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure


@pytest.mark.parametrize(
    ("name", "magic"), [("map.png", b"\x89PNG"), ("map.PDF", b"%PDF"), ("map.svg", b"<?xml")]
)
def test_formats_follow_the_suffix(figure: Figure, tmp_path: Path, name: str, magic: bytes) -> None:
    path = tmp_path / "briefing" / name
    size = save_figure(figure, path)
    assert path.read_bytes().startswith(magic)
    assert size == path.stat().st_size
    assert [file.name for file in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("name", ["map.png", "map.pdf"])
def test_the_same_figure_gives_the_same_bytes(figure: Figure, tmp_path: Path, name: str) -> None:
    for folder in ("first", "second"):
        save_figure(figure, tmp_path / folder / name)
    assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_size_of_a_picture(figure: Figure, tmp_path: Path) -> None:
    from matplotlib.image import imread

    save_figure(figure, tmp_path / "map.png", dpi=50)
    assert imread(tmp_path / "map.png").shape[:2] == (150, 200)


def test_another_suffix_is_refused(figure: Figure, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        save_figure(figure, tmp_path / "map.bmp")
    assert str(error.value) == (
        "Expected a picture ending in .png, .pdf, .svg. Received: map.bmp. Change the name under --out."
    )
    assert list(tmp_path.iterdir()) == []
