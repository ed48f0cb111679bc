"""The id of an incident is the same each time that its row is delivered."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.identity import HASH_KEYS, hash_rows, name_incidents
from incidents.layouts import ROLES

MASK = 2**64 - 1


def frame(rows: list[dict[str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [{role: row.get(role) for role in ROLES} for row in rows], schema=dict.fromkeys(ROLES, pl.String)
    )


def siphash_2_4(key: bytes, message: bytes) -> int:
    """Aumasson and Bernstein (2012), https://doi.org/10.1007/978-3-642-34931-7_28."""
    k0, k1 = (int.from_bytes(key[start : start + 8], "little") for start in (0, 8))
    state = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]

    def rounds(count: int) -> None:
        def rotate(value: int, bits: int) -> int:
            return ((value << bits) | (value >> (64 - bits))) & MASK

        v0, v1, v2, v3 = state
        for _ in range(count):
            v0, v2 = (v0 + v1) & MASK, (v2 + v3) & MASK
            v1, v3 = rotate(v1, 13) ^ v0, rotate(v3, 16) ^ v2
            v0, v2 = (rotate(v0, 32) + v3) & MASK, (v2 + v1) & MASK
            v3, v1 = rotate(v3, 21) ^ v0, rotate(v1, 17) ^ v2
            v2 = rotate(v2, 32)
        state[:] = v0, v1, v2, v3

    padded = message + b"\0" * (7 - len(message) % 8) + bytes([len(message) & 255])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        state[3] ^= word
        rounds(2)
        state[0] ^= word
    state[2] ^= 0xFF
    rounds(4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def mixed(value: int) -> int:
    """The finalizer of SplitMix64, which pandas applies to every hash."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


def test_the_reference_hash_gives_the_published_vector() -> None:
    assert siphash_2_4(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5


@given(st.dictionaries(st.sampled_from(ROLES), st.text(st.characters(codec="utf-8"))))
def test_the_hash_is_siphash_of_all_roles_on_any_library_version(row: dict[str, str | None]) -> None:
    message = "\x1f".join(row.get(role) or "" for role in ROLES).encode()
    expected = "".join(f"{mixed(siphash_2_4(key.encode(), message)):016x}" for key in HASH_KEYS)
    assert hash_rows(frame([row])).to_list() == [expected]


def test_ids_of_known_rows_never_change() -> None:
    rows = frame([{"occurred": "07/04/2015 20:15:00", "offense": "HOMICIDE"}] * 2 + [{"source_id": "A7"}])
    assert name_incidents(rows, city="town").to_list() == [
        "town:b2461aed3a7041507b6df50496872203-0",
        "town:b2461aed3a7041507b6df50496872203-1",
        "town:A7",
    ]


@pytest.mark.parametrize("role", ROLES[1:])
def test_every_mapped_column_counts(role: str) -> None:
    row = dict.fromkeys(ROLES[1:], "A")
    assert hash_rows(frame([row, row | {role: "B"}, row | {role: None}])).n_unique() == 3


def test_texts_do_not_run_into_each_other() -> None:
    assert hash_rows(frame([{"offense": "AB"}, {"offense": "A", "detail": "B"}])).n_unique() == 2


@given(st.lists(st.sampled_from("AABC"), min_size=1), st.randoms(use_true_random=False))
def test_equal_rows_stay_apart_and_a_shuffled_second_delivery_has_the_same_ids(
    texts: list[str], random
) -> None:  # type: ignore[no-untyped-def]
    first = name_incidents(frame([{"offense": text} for text in texts]), city="town")
    again = random.sample(texts, len(texts))
    second = name_incidents(frame([{"offense": text} for text in again]), city="town")
    assert first.n_unique() == len(texts)
    assert set(first) == set(second)
    ordinals = Counter(name.rpartition("-")[2] for name in first)
    assert ordinals["0"] == len(set(texts))


def test_a_source_id_is_kept_with_the_city_before_it() -> None:
    rows = frame([{"source_id": "17", "offense": "A"}, {"source_id": "17", "offense": "B"}])
    assert name_incidents(rows, city="town").to_list() == ["town:17", "town:17"]
