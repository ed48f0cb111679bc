"""Planted groups are found; where there are none, it is said that there are none."""

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

import hotspots.victims
from hotspots.points import Floats, Ints
from hotspots.victims.analysis import Grouping, group_rows
from hotspots.victims.chance import compare_with_chance, draw_one_cloud, shuffle
from hotspots.victims.consensus import find_consensus, withhold_small
from hotspots.victims.partitions import (
    by_size,
    cluster_density,
    find_elbow,
    fit_mixture,
    k_means,
    scan_k_means,
    spread_within,
)
from hotspots.victims.settings import VictimSettings
from hotspots.victims.stability import compare_periods, resample_clusters
from hotspots.victims.variables import Cycle, Numbers, Variable, levels_of
from incidents.errors import ConfigError, DataError

pytestmark = pytest.mark.usefixtures("one_thread")

AREAS = 40
"""Neighborhoods of each planted group."""


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for a busy core would make small tests take minutes."""
    import sklearn.mixture  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def draw_words(rng: np.random.Generator, group: Ints, levels: int, *, purity: float) -> list[str]:
    """Each group has a favourite level."""
    favourite = rng.random(len(group)) < purity
    drawn = np.where(favourite, group % levels, rng.integers(0, levels, len(group)))
    return [f"level {level}" for level in drawn]


def draw_victims(
    rng: np.random.Generator, *, rows: int = 1200, groups: int = 3, planted: bool = True
) -> tuple[Ints, list[Variable]]:
    """Simulated victims whose category, weapon, hour and kind of neighborhood follow their group, or do not.

    Numbers of neighborhoods go together in any case, as census counts do.
    """
    group = rng.integers(0, groups, rows)
    followed = group if planted else np.zeros(rows, dtype=np.int64)
    area = followed * AREAS + rng.integers(0, AREAS if planted else groups * AREAS, rows)
    common = rng.normal(size=groups * AREAS)
    means = 4.0 * np.repeat(np.arange(groups), AREAS) if planted else np.zeros(groups * AREAS)
    numbers = [means + common + rng.normal(size=groups * AREAS) for _ in range(3)]
    hour = (rng.normal(24.0 / groups * followed + 4, 1.5) / 24) % 1.0
    purity = 0.7 if planted else 0.0
    return group, [
        levels_of("category", "incident", draw_words(rng, followed, groups + 1, purity=purity)),
        levels_of("weapon", "incident", draw_words(rng, followed, groups, purity=purity)),
        Cycle("hour of day", "incident", hour),
        *(Numbers(f"census {index}", "place", values, area) for index, values in enumerate(numbers)),
    ]


def years_of(rows: int) -> Ints:
    return np.repeat([2014, 2015], [rows - rows // 4, rows // 4])


@pytest.fixture(scope="module")
def found() -> tuple[Ints, Grouping]:
    rng = np.random.default_rng(5)
    group, variables = draw_victims(rng)
    return group, group_rows(variables, VictimSettings(sample=1200), years=years_of(1200), rng=rng)


def test_planted_groups_are_recovered(found: tuple[Ints, Grouping]) -> None:
    group, grouping = found
    assert adjusted_rand_score(group, grouping.labels) >= 0.9
    assert grouping.clusters == grouping.scan.best == grouping.scan.elbow == 3
    assert grouping.chance.structure


def test_planted_groups_come_out_again(found: tuple[Ints, Grouping]) -> None:
    _, grouping = found
    assert grouping.stability.low > 0.9
    assert grouping.later_year is not None
    assert grouping.later_year > 0.9
    assert grouping.silhouette > 0.4


@pytest.mark.parametrize("groups", [2, 4])
def test_planted_groups_of_other_numbers_are_recovered(groups: int) -> None:
    rng = np.random.default_rng(groups)
    group, variables = draw_victims(rng, rows=900, groups=groups)
    settings = VictimSettings(sample=900, smallest_cluster=50)
    grouping = group_rows(variables, settings, years=years_of(900), rng=rng)
    assert adjusted_rand_score(group, grouping.labels) >= 0.9


def false_structures(draws: int, *, seed: int) -> int:
    rng = np.random.default_rng(seed)
    return sum(
        compare_with_chance(draw_victims(rng, rows=500, planted=False)[1], rng=rng).structure
        for _ in range(draws)
    )


def test_without_groups_no_structure_is_claimed() -> None:
    assert false_structures(8, seed=1) == 0


@pytest.mark.slow
def test_at_most_one_in_twenty_claims_of_structure_is_false() -> None:
    assert false_structures(100, seed=2) <= 5


def test_numbers_that_go_together_are_no_groups() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=400)
    area = rng.integers(0, 400, 800)
    variables = [
        Numbers(f"census {index}", "place", common + 0.3 * rng.normal(size=400), area) for index in range(5)
    ]
    test = compare_with_chance(variables, rng=rng)
    assert test.p_shuffled <= 0.025 < test.p_one_cloud
    assert not test.structure


def test_nulls_keep_what_each_variable_is_by_itself() -> None:
    rng = np.random.default_rng(4)
    _, variables = draw_victims(rng, rows=300)
    variables.append(Numbers("with gaps", "place", np.array([1.0, np.nan, 2.0]), np.arange(300) % 3))
    for drawn in (shuffle(variables, rng), draw_one_cloud(variables, rng)):
        for before, after in zip(variables, drawn, strict=True):
            assert own_values(before) == own_values(after)
            assert before.name == after.name


def own_values(variable: Variable) -> list[float]:
    values = {"codes": getattr(variable, "codes", None), "phase": getattr(variable, "phase", None)}
    chosen = next((each for each in values.values() if each is not None), getattr(variable, "values", None))
    return sorted(np.nan_to_num(np.asarray(chosen, dtype=float), nan=-99.0).tolist())


def test_one_cloud_keeps_correlation_and_shuffling_does_not() -> None:
    rng = np.random.default_rng(6)
    common = rng.normal(size=3000)
    rows = np.arange(3000)
    pair = [
        Numbers(name, "place", np.exp(common + 0.3 * rng.normal(size=3000)), rows) for name in ("one", "two")
    ]

    def rank_correlation(variables: list[Variable]) -> float:
        ranks = [np.argsort(np.argsort(each.values)) for each in variables if isinstance(each, Numbers)]
        return float(np.corrcoef(ranks)[0, 1])

    assert rank_correlation(draw_one_cloud(pair, rng)) == pytest.approx(rank_correlation([*pair]), abs=0.05)
    assert abs(rank_correlation(shuffle(pair, rng))) < 0.1


def test_too_few_draws_can_show_nothing() -> None:
    with pytest.raises(ConfigError, match=r"Expected at least 39 draws. Received: 10."):
        compare_with_chance([levels_of("a", "b", ["x", "y"])], rng=np.random.default_rng(1), draws=10)


def three_clouds(rng: np.random.Generator) -> tuple[Ints, Floats]:
    group = np.repeat([0, 1, 2], [300, 200, 100])
    return group, rng.normal(size=(600, 2)) + 12.0 * np.stack([group, group % 2], axis=1)


def test_every_way_finds_clouds_that_lie_apart() -> None:
    rng = np.random.default_rng(7)
    group, points = three_clouds(rng)
    scan = scan_k_means(points, rng=rng)
    assert scan.best == 3
    assert k_means(points, 3, rng=rng).tolist() == group.tolist()
    mixture = fit_mixture(points, points, rng=rng)
    assert mixture.best == 3
    assert mixture.labels.tolist() == group.tolist()
    density = cluster_density(points, smallest=30)
    assert density.clusters == 3
    assert (density.labels[density.labels >= 0] == group[density.labels >= 0]).all()
    assert density.noise_share < 0.3


def test_what_lies_between_clouds_is_noise() -> None:
    rng = np.random.default_rng(8)
    _, points = three_clouds(rng)
    stray = rng.uniform(-40, 60, (60, 2))
    density = cluster_density(np.vstack([points, stray]), smallest=30)
    assert (density.labels[600:] == -1).mean() > 0.8
    assert density.membership[density.labels == -1].max() == 0
    assert 0 < density.membership[density.labels >= 0].min() <= 1


def test_silhouettes_of_one_plain_cloud_are_low_and_its_mixture_is_one() -> None:
    rng = np.random.default_rng(9)
    points = rng.normal(size=(600, 2))
    assert fit_mixture(points, points, rng=rng).best == 1
    assert np.nanmax(scan_k_means(points, rng=rng).silhouette) < 0.45


def test_spread_and_elbow_by_hand() -> None:
    points = np.array([[0.0], [2.0], [10.0]])
    assert spread_within(points, np.array([0, 0, 1])) == pytest.approx(2 / 3)
    assert find_elbow(np.array([9.0, 8.0, 1.0, 0.9, 0.8])) == 3


def test_labels_are_numbered_by_size() -> None:
    assert by_size(np.array([5, 5, 2, -1, -1, -1])).tolist() == [0, 0, 1, -1, -1, -1]


def test_two_of_three_decide_and_noise_does_not_vote() -> None:
    ways = {
        "one": np.array([0, 0, 0, 1, 1, 1]),
        "two": np.array([7, 7, 9, 9, 9, 9]),
        "three": np.array([1, 1, -1, 0, -1, -1]),
    }
    found = find_consensus(ways)
    assert found.labels.tolist() == [1, 1, -1, 0, 0, 0]
    assert found.undecided_share == pytest.approx(1 / 6)
    assert set(found.agreement) == {"one and two", "one and three", "two and three"}


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        # Small clusters join the rest.
        ({0: 50, 1: 30, 2: 9, -1: 20}, [50, 30, 29]),
        # A rest that is itself too small joins the largest cluster.
        ({0: 50, 1: 30, -1: 4}, [54, 30]),
        ({0: 50, 1: 4}, [54]),
        ({0: 50, 1: 30}, [50, 30]),
        ({0: 6, 1: 7}, [13]),
    ],
)
def test_no_group_is_smaller_than_may_be_shown(sizes: dict[int, int], expected: list[int]) -> None:
    labels = np.concatenate([np.full(count, label) for label, count in sizes.items()])
    safe = withhold_small(labels, smallest=10)
    counts = np.bincount(np.where(safe < 0, 99, safe))
    assert counts[counts > 0].tolist() == expected


def test_clusters_of_one_cloud_do_not_come_out_again_as_those_of_three_do() -> None:
    rng = np.random.default_rng(10)
    _, apart = three_clouds(rng)
    plain = rng.normal(size=(600, 2))
    stable, unstable = (resample_clusters(points, 3, rng=rng, samples=20) for points in (apart, plain))
    assert stable.low > 0.99 > unstable.mean > 0
    assert compare_periods(apart[::2], apart[1::2], 3, rng=rng) == pytest.approx(1.0)
    assert compare_periods(apart[:2], apart, 3, rng=rng) is None


def test_explained_variance_of_the_grouping_is_that_of_principal_components(
    found: tuple[Ints, Grouping],
) -> None:
    _, grouping = found
    shares = PCA().fit(grouping.axes.scores).explained_variance_ratio_
    kept = grouping.axes.explained[: grouping.axes.kept]
    assert kept / kept.sum() == pytest.approx(shares)


def test_the_same_seed_gives_the_same_groups() -> None:
    settings = VictimSettings(sample=300, smallest_cluster=20)
    one, other = (
        group_rows(
            draw_victims(np.random.default_rng(1), rows=300)[1],
            settings,
            years=years_of(300),
            rng=np.random.default_rng(2),
        )
        for _ in range(2)
    )
    assert one.labels.tolist() == other.labels.tolist()
    assert one.chance.p_shuffled == other.chance.p_shuffled


def test_too_few_rows_are_refused() -> None:
    _, variables = draw_victims(np.random.default_rng(1), rows=50)
    with pytest.raises(DataError, match=r"Expected at least 100 rows. Received: 50."):
        group_rows(variables, VictimSettings(), years=years_of(50), rng=np.random.default_rng(1))


def test_nothing_gives_the_cluster_of_a_further_person(found: tuple[Ints, Grouping]) -> None:
    """No public function takes what was found and further rows, and nothing that was found can be asked."""
    import importlib
    import inspect
    import pkgutil

    telling = ("predict", "assign", "classify", "transform", "score_person")
    for module in pkgutil.iter_modules(hotspots.victims.__path__):
        members = vars(importlib.import_module(f"hotspots.victims.{module.name}"))
        for name, member in members.items():
            if callable(member) and not name.startswith("_"):
                assert not name.startswith(telling)
                parameters = inspect.signature(member).parameters if inspect.isfunction(member) else {}
                assert not any(
                    "Grouping" in str(each.annotation) and "rows" in parameters
                    for each in parameters.values()
                )
    _, grouping = found
    for held in vars(grouping).values():
        assert not any(hasattr(held, method) for method in telling)
