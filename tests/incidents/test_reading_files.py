"""Files are read to their last byte, or refused with what is wrong and what to do."""

import gzip
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError, LayoutError, UnreadableFileError
from incidents.layouts import ROLES
from incidents.rows import SourceRows, read_rows
from incidents.source import Layout, TimeColumns

LAYOUT = Layout(
    TimeColumns(("Day", "Clock"), "%Y-%m-%d %H:%M"), offense="What", longitude="Lon", latitude="Lat"
)
HEADER = "Day,Clock,What,Lon,Lat,Name"
ROW = "2015-07-04,20:15,ROBBERY,-76.6,39.3,J. Doe"


def write(folder: Path, *lines: str, name: str = "a.csv", encoding: str = "utf-8", end: str = "\n") -> Path:
    path = folder / name
    content = ("\n".join(lines) + end).encode(encoding)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def read(path: Path, layout: Layout = LAYOUT) -> pl.DataFrame:
    return read_rows(path, {"usual": layout}).frame


def refusal(path: Path, layout: Layout = LAYOUT) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read(path, layout)
    return str(caught.value)


def mismatch(path: Path, **layouts: Layout) -> str:
    with pytest.raises(LayoutError) as caught:
        read_rows(path, layouts or {"usual": LAYOUT})
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "packed-without-saying-so"])
def test_a_row_by_role_plain_or_packed(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, HEADER, ROW, "2015-07-05,,  THEFT ,,,", name=name)
    if name.startswith("packed"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    rows = read_rows(path, {"usual": LAYOUT})
    assert rows.layout_name == "usual"
    usual = dict.fromkeys(ROLES) | {"source_file": name, "has_extra_cells": False}
    assert rows.frame.to_dicts() == [
        usual
        | {"occurred": "2015-07-04 20:15", "offense": "ROBBERY", "longitude": "-76.6", "latitude": "39.3"}
        | {"source_row": 1},
        usual | {"occurred": "2015-07-05", "offense": "THEFT", "source_row": 2},
    ]


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (("\ufeff" + HEADER, ROW, ROW), "\n"),
        ((HEADER + "\r", ROW + "\r", ROW + "\r"), "\n"),
        ((HEADER, ROW, ROW), ""),
        ((HEADER, ROW, ROW, "", "", ""), "\n"),
        ((HEADER, ROW, '2015-07-04,20:15,"ROBBERY",-76.6,"39.3","Doe, ""J."""'), "\n"),
        (('"Day","Clock",What , Lon,Lat,Name', ROW, ROW), "\n"),
        ((HEADER, ROW, ROW[:-6] + '"two\nlines"'), "\n"),
        ((HEADER, ROW, ROW[:-6] + '"two\nlines"'), ""),
        (('\ufeff"Day","Clock","What","Lon","Lat","Name, of victim"', ROW, ROW), "\n"),
        ((HEADER + ",Name,,", ROW + ",,,", ROW + ",a,b,c"), "\n"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_ways_to_write_the_same_two_rows(tmp_path: Path, lines: tuple[str, ...], end: str, name: str) -> None:
    frame = read(write(tmp_path, *lines, name=name, end=end))
    assert frame["offense"].to_list() == ["ROBBERY"] * 2
    assert frame["latitude"].to_list() == ["39.3"] * 2
    assert not frame["has_extra_cells"].any()


def test_packed_members_one_after_another_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{ROW}\n".encode()) + gzip.compress(f"{ROW}\n".encode()))
    assert read(path).height == 2


def test_other_encodings_and_delimiters_as_the_layout_says(tmp_path: Path) -> None:
    lines = [line.replace(",", ";").replace("ROBBERY", "VOL À L'ÉTALAGE") for line in (HEADER, ROW)]
    for encoding in ("cp1252", "utf-8", "utf-16", "utf-8-sig"):
        path = write(tmp_path, *lines, encoding=encoding)
        frame = read(path, replace(LAYOUT, delimiter=";", encoding=encoding))
        assert frame["offense"].to_list() == ["VOL À L'ÉTALAGE"]


def test_marks_of_missing_values_are_null(tmp_path: Path) -> None:
    path = write(
        tmp_path, HEADER, ROW.replace("-76.6", "NA"), ROW.replace("-76.6", "N/A"), ROW.replace("-76.6", "0")
    )
    frame = read(path, replace(LAYOUT, missing_values=("NA", "0")))
    assert frame["longitude"].to_list() == [None, "N/A", None]


def test_cells_beyond_the_header_are_noticed(tmp_path: Path) -> None:
    frame = read(write(tmp_path, HEADER, ROW, "2015-07-04,20:15,ROBBERY, ARMED,-76.6,39.3,J. Doe", ROW[:20]))
    assert frame["has_extra_cells"].to_list() == [False, True, False]


def test_a_stray_quote_is_a_letter_where_quotes_protect_nothing(tmp_path: Path) -> None:
    frame = read(write(tmp_path, HEADER, ROW.replace("ROBBERY", 'BAR "7"'), ROW))
    assert frame["offense"].to_list() == ['BAR "7"', "ROBBERY"]


@given(
    st.lists(st.tuples(*[st.text(st.sampled_from("ab \",;\n'é"), max_size=6)] * 3), min_size=1, max_size=20)
)
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("written") / "a.csv.gz"
    frame = pl.DataFrame(
        {
            "Day": "2015-07-04", "Clock": "20:15", "What": [cell[0] for cell in cells],
            "Lon": [cell[1] for cell in cells], "Lat": [cell[2] for cell in cells],
        }
    )  # fmt: skip
    path.write_bytes(gzip.compress(frame.write_csv(quote_style="always").encode()))
    found = read(path)
    for role, place in (("offense", 0), ("longitude", 1), ("latitude", 2)):
        assert found[role].to_list() == [cell[place].strip() or None for cell in cells]


def test_columns_that_are_not_mapped_are_never_read(tmp_path: Path) -> None:
    frame = read(write(tmp_path, HEADER, ROW))
    assert not any("Doe" in str(cell) for cell in frame.row(0))


# What cannot be read.


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.csv") == (
        f"Expected a readable file {tmp_path / 'a.csv'}. Received: No such file or directory. "
        "Correct its path or its permissions."
    )


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\r\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert refusal(path) == f"Expected incidents in {path}. Received: an empty file. Fetch it again."


@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_header_and_nothing_else(tmp_path: Path, name: str, end: str) -> None:
    path = write(tmp_path, HEADER, name=name, end=end)
    assert refusal(path) == f"Expected incidents in {path}. Received: a header and no rows. Fetch it again."


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 5000])
def test_a_packed_file_that_is_cut_short(tmp_path: Path, cut: int) -> None:
    path = write(
        tmp_path,
        HEADER,
        *(ROW.replace("J. Doe", str(row)) for row in range(20_000)),
        name="a.csv.gz",
    )
    path.write_bytes(path.read_bytes()[:-cut])
    message = refusal(path)
    assert message.startswith(f"Expected a whole gzip file {path}. Received: one that is cut short after ")
    assert message.endswith(" bytes of content. Fetch it again.")


def test_a_packed_file_with_one_byte_changed(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, *(f"{ROW}{row}" for row in range(20_000)), name="a.csv.gz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert refusal(path).startswith(f"Expected a whole gzip file {path}. Received: damaged data (")


def test_a_plain_file_that_is_cut_short(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, ROW, ROW[:27], end="")
    assert refusal(path) == (
        f"Expected 6 cells in every row of {path}. Received: a file that is cut short in its last line "
        f"('{ROW[:27]}'). Fetch it again."
    )


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_bytes_of_another_encoding(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, HEADER, ROW, ROW.replace("J. Doe", "J. Döe"), encoding="cp1252", name=name)
    assert refusal(path) == (
        f"Expected utf-8 text in {path}. Received: byte 0xf6 at offset {len(HEADER) + 2 * len(ROW)} (line 3). "
        "Set encoding of this layout in the city's YAML, for example encoding: cp1252."
    )


def test_utf_16_without_saying_so(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, ROW, encoding="utf-16")
    assert refusal(path) == (
        f"Expected utf-8 text in {path}. Received: UTF-16. Set encoding: utf-16 in the layout."
    )


def test_quotes_that_do_not_close(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, ROW.replace("ROBBERY", '"ROBBERY'), ROW.replace("ROBBERY", '"A, B"'))
    message = refusal(path)
    assert message.startswith(f"Expected quotes that close in every row of {path}. Received: ")
    assert message.endswith("Correct the row, or fetch the file again.")


def test_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", f"{HEADER}\n{ROW}\n")
    assert refusal(tmp_path / "a.zip").endswith("Received: a zip archive. Unpack it first.")


def test_an_encoding_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Received: 'utf-9'"):
        read(write(tmp_path, HEADER, ROW), replace(LAYOUT, encoding="utf-9"))


# Files of another layout.


def test_missing_columns_name_the_nearest_present_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "Day,Clock,WHAT,Longitude,Lat", "2015-07-04,20:15,ROBBERY,-76.6,39.3")
    assert mismatch(path) == (
        f"Expected the columns of layout 'usual' in {path}. Received: a file without 'What' (nearest: 'WHAT'), "
        "'Lon' (nearest: 'Longitude'); it has 'Day', 'Clock', 'WHAT', 'Longitude', 'Lat'. "
        "Correct the column names of the layout, or add a layout to the city's YAML."
    )


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_delimiter_is_named(tmp_path: Path, delimiter: str, name: str) -> None:
    path = write(tmp_path, HEADER.replace(",", delimiter), ROW.replace(",", delimiter))
    assert mismatch(path) == (
        f"Expected columns parted by commas in {path}. Received: {name}. Set delimiter: {delimiter!r} in the layout."
    )


def test_a_message_stays_readable_whatever_the_file_is(tmp_path: Path) -> None:
    path = write(tmp_path, ",".join("x" * 200 for _ in range(200)), "1")
    message = mismatch(path)
    assert len(message) < 4000
    assert "and 160 more" in message


def test_a_column_that_stands_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "Day,Clock,What,Lon,Lat,What", ROW)
    assert mismatch(path) == f"Expected one column 'What' in {path}. Received: 2. Rename all but one."


def test_the_first_layout_that_fits_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, ROW)
    layouts = {
        "named": replace(LAYOUT, weapon="Gun"),
        "persons": replace(LAYOUT, address="Name"),
        "usual": LAYOUT,
    }
    assert read_rows(path, layouts).layout_name == "persons"


def test_a_format_that_no_layout_has(tmp_path: Path) -> None:
    path = write_json(tmp_path, "geojson", [{"What": "ROBBERY"}])
    assert mismatch(path) == (
        f"Expected one of the layouts usual (csv) in {path}. Received: a geojson file. "
        "Add a layout of this format to the city's YAML."
    )


# GeoJSON and ArcGIS JSON.

JSON_LAYOUT = Layout(
    TimeColumns(("When",), "epoch_ms"),
    offense="What",
    longitude="geometry.x",
    latitude="geometry.y",
    district="Beat",
)


def write_json(folder: Path, kind: str, features: list[dict[str, object]], more: str = "") -> Path:
    def point(place: int) -> dict[str, object]:
        return (
            {"coordinates": [-76.5 - place, 39.25]} if kind == "geojson" else {"x": -76.5 - place, "y": 39.25}
        )

    name = {"geojson": "properties", "arcgis_json": "attributes"}[kind]
    written = [{"geometry": point(place), name: fields} for place, fields in enumerate(features)]
    path = folder / f"{kind}.json"
    path.write_text(json.dumps({"crs": {"properties": {}}, "fields": [], "features": written}) + more)
    return path


def read_json(path: Path, kind: str) -> SourceRows:
    return read_rows(path, {"usual": replace(JSON_LAYOUT, format=kind)})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["geojson", "arcgis_json"])
def test_fields_of_any_type_become_text_and_points_can_be_mapped(tmp_path: Path, kind: str) -> None:
    first = {"When": 1485000000000, "What": "ROBBERY", "Beat": 9, "Name": "J. Doe"}
    path = write_json(tmp_path, kind, [first, {"When": None, "What": "ARSON", "Beat": "09"}])
    frame = read_json(path, kind).frame
    assert frame["occurred"].to_list() == ["1485000000000", None]
    assert frame["district"].to_list() == ["9", "09"]
    assert frame["longitude"].to_list() == ["-76.5", "-77.5"]
    assert frame["latitude"].to_list() == ["39.25"] * 2
    assert not any("Doe" in str(cell) for cell in frame.row(0))


def test_packed_json(tmp_path: Path) -> None:
    path = write_json(tmp_path, "geojson", [{"When": 1, "What": "A", "Beat": 1}])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read_json(path, "geojson").frame["offense"].to_list() == ["A"]


def test_a_feature_without_a_point_has_no_coordinates(tmp_path: Path) -> None:
    path = write_json(tmp_path, "geojson", [{"When": 1, "What": "A", "Beat": 1}] * 2)
    document = json.loads(path.read_text())
    document["features"][1]["geometry"] = None
    path.write_text(json.dumps(document))
    assert read_json(path, "geojson").frame["longitude"].to_list() == ["-76.5", None]


def test_missing_fields_name_the_nearest(tmp_path: Path) -> None:
    path = write_json(tmp_path, "arcgis_json", [{"When": 1, "Wat": "A", "Beat": 1}])
    with pytest.raises(LayoutError, match=r"a file without 'What' \(nearest: 'Wat'"):
        read_json(path, "arcgis_json")


@pytest.mark.parametrize("cut", [1, 30, 3000])
def test_json_that_is_cut_short(tmp_path: Path, cut: int) -> None:
    path = write_json(tmp_path, "geojson", [{"When": 1, "What": "A", "Beat": 1}] * 200)
    path.write_text(path.read_text()[:-cut])
    with pytest.raises(UnreadableFileError, match=r"Expected complete JSON in .* Fetch it again"):
        read_json(path, "geojson")


def test_json_without_features(tmp_path: Path) -> None:
    path = write_json(tmp_path, "geojson", [])
    with pytest.raises(UnreadableFileError, match=r"Received: none\. Fetch it again\."):
        read_json(path, "geojson")
