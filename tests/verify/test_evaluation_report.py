"""An evaluation ties bootstrap, gate and report together, and a report is whole or not there."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify import report
from verify.bootstrap import Metric
from verify.comparison import diebold_mariano
from verify.evaluation import number_weeks
from verify.logistic import sigmoid
from verify.page import render_html
from verify.probability_scores import log_losses
from verify.report import evaluate_forecasts, write_report
from verify.tables import tabulate_tests

FILES = [
    "report.html",
    "months.png",
    "precision_recall.png",
    "reliability.png",
    "report.json",
    "report.md",
    "roc.png",
]


def evaluate(seed=1, weeks=30, replicates=100):
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.5, 1.0, weeks * 84)
    labels = rng.random(truth.size) < sigmoid(truth)
    forecasts = {
        "constant": np.full(truth.size, labels.mean()),
        "noisy": sigmoid(truth + rng.normal(0, 0.8, truth.size)),
        "net": sigmoid(truth),
    }
    times = np.datetime64("2015-01-05T00:00", "m") + np.arange(truth.size) * np.timedelta64(120, "m")
    return evaluate_forecasts(
        "net",
        forecasts,
        labels,
        times,
        question="A shooting in the next 2 hours?",
        rng=np.random.default_rng(7),
        replicates=replicates,
    )


def test_weeks_begin_on_monday():
    times = np.array(
        ["2015-12-27T23:59", "2015-12-28T00:00", "2016-01-03T23:59", "2016-01-04"], dtype="datetime64[m]"
    )
    weeks = number_weeks(times)
    assert (weeks - weeks[0]).tolist() == [0, 1, 1, 2]
    assert number_weeks(np.array(["1970-01-01"], dtype="datetime64[s]")).tolist() == [0]


def test_json_has_every_number_that_others_read():
    found = evaluate().to_json()
    assert found["verdict"].startswith("beats the best baseline (noisy) by ")
    assert found["n"] == 30 * 84
    assert list(found["models"]) == ["net", "constant", "noisy"]
    for scores in found["models"].values():
        assert list(scores) == ["auc", "ap", "brier_skill", "log_score", "calibration_slope"]
        assert all(list(estimate) == ["value", "lo", "hi"] for estimate in scores.values())
    difference = found["difference_to_best_baseline"]
    assert list(difference) == ["baseline", "log_score", "brier_skill", "auc"]
    assert difference["log_score"]["hi"] < 0.0 < difference["brier_skill"]["lo"]
    own, other = (found["models"][name]["log_score"]["value"] for name in ("net", "noisy"))
    assert difference["log_score"]["value"] == pytest.approx(own - other)


def test_undefined_numbers_become_null():
    found = json.loads(json.dumps(evaluate().to_json(), allow_nan=False))
    assert found["models"]["constant"]["calibration_slope"] == {"value": None, "lo": None, "hi": None}


def test_the_same_seed_gives_the_same_report():
    assert evaluate().to_json() == evaluate().to_json()


def test_the_report_is_complete_and_opens_with_the_verdict(tmp_path):
    evaluation = evaluate().with_notes("Data as known on 2015-08-01.")
    folder = write_report(evaluation, tmp_path / "new" / "run")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["run"]
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"net {evaluation.verdict.text}"
    assert "seed 7" in text
    assert "30 whole ISO weeks" in text
    assert "- Data as known on 2015-08-01." in text
    assert "| constant | 0.5000 [0.5000, 0.5000] |" in text
    saved = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {key: saved[key] for key in evaluation.to_json()} == evaluation.to_json()
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in FILES if name.endswith("png"))


def test_a_verdict_without_skill_stands_first_as_it_is():
    evaluation = evaluate()
    weak = evaluate_forecasts(
        "constant",
        evaluation.forecasts,
        evaluation.labels,
        evaluation.times,
        question="?",
        rng=np.random.default_rng(0),
        replicates=20,
    )
    assert report.render_markdown(weak).splitlines()[0].startswith("no skill shown: ")


def test_an_interrupted_report_leaves_the_old_one(tmp_path, monkeypatch):
    folder = write_report(evaluate(), tmp_path / "run")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(evaluation):
        raise OSError("No space left on device")

    monkeypatch.setattr(report, "render_markdown", fail)
    with pytest.raises(OSError, match="No space left"):
        write_report(evaluate(seed=2), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_few_weeks_are_told():
    assert "Only 3 weeks: the intervals are probably too narrow." in evaluate(weeks=3, replicates=10).notes


def test_errors_name_the_remedy():
    sound = evaluate(replicates=1)

    def again(labels=sound.labels, times=sound.times, name="net"):
        return evaluate_forecasts(
            name, sound.forecasts, labels, times, question="?", rng=np.random.default_rng(0), replicates=1
        )

    with pytest.raises(NoPositivesError, match=r"^Expected both events and non-events to score a forecast\."):
        again(labels=np.zeros(sound.n))
    with pytest.raises(
        DataError, match=r"^Expected times as datetime64 in UTC without NaT\. Received: int64\."
    ):
        again(times=np.arange(sound.n))
    with pytest.raises(ConfigError, match=r"^Expected scores of other and of at least one baseline\."):
        again(name="other")


class Assets(HTMLParser):
    """What a page would load, and the tags that it leaves open."""

    def __init__(self):
        super().__init__()
        self.loaded, self.open, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.loaded += [value for name, value in attrs if name in {"src", "href"}]
        if tag in {"script", "link", "iframe"}:
            self.loaded.append(tag)
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read_page(page):
    reader = Assets()
    reader.feed(page)
    reader.close()
    return reader


def test_the_page_loads_nothing_from_elsewhere_and_says_the_same_as_the_json(tmp_path):
    evaluation = evaluate()
    page = (write_report(evaluation, tmp_path / "run") / "report.html").read_text(encoding="utf-8")
    reader = read_page(page)
    assert reader.open == []
    assert len(reader.loaded) == 4
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in reader.loaded)
    assert "url(" not in page
    assert "@import" not in page
    assert reader.text.index(f"net: {evaluation.verdict.text}") < reader.text.index("Scores")
    assert str(evaluation.scores["noisy"][Metric.BRIER_SKILL]) in reader.text
    assert set(evaluation.notes) <= set(reader.text)


def test_words_of_others_cannot_break_the_page():
    sound = evaluate(replicates=1)
    forecasts = {"<b>net": sound.forecasts["net"], "a & b": sound.forecasts["noisy"]}
    odd = evaluate_forecasts(
        "<b>net",
        forecasts,
        sound.labels,
        sound.times,
        question="<script>?",
        rng=np.random.default_rng(0),
        replicates=5,
    )
    reader = read_page(render_html(odd, {}, versions="1 < 2"))
    assert reader.loaded == []
    assert "<script>?" in reader.text
    assert "a & b" in reader.text


def test_tests_against_baselines_are_weekly_and_adjusted():
    evaluation = evaluate(replicates=1)
    table = tabulate_tests(evaluation)
    assert [row[0] for row in table.rows] == ["constant", "noisy"]
    weekly = {
        name: log_losses(f, evaluation.labels).reshape(30, 84).mean(axis=1)
        for name, f in evaluation.forecasts.items()
    }
    expected = diebold_mariano(weekly["net"], weekly["noisy"])
    assert table.rows[1][1:4] == (
        f"{expected.difference:+.4f}",
        f"{expected.statistic:.2f}",
        "< 0.0001",
    )
    assert expected.p_value < 1e-4
