"""Source that stays readable and does nothing that a stranger's file could abuse."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_FILE_LINES = 500
MOST_FUNCTION_LINES = 40
NOT_OURS = {"build", "dist"}
# Split, so that this file does not find itself.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")))


def sources(*, packages_only: bool = False) -> list[Path]:
    """Python files of the project, relative to its root."""
    rooms = [
        path
        for path in sorted(ROOT.iterdir())
        if path.is_dir()
        and not path.name.startswith(".")
        and path.name not in NOT_OURS
        and (not packages_only or (path / "__init__.py").is_file())
    ]
    return [file.relative_to(ROOT) for room in rooms for file in sorted(room.rglob("*.py"))]


def test_all_rooms_are_looked_at() -> None:
    rooms = {file.parts[0] for file in sources()}
    assert {"incidents", "rasterize", "cnn", "verify", "alerts", "exports", "tocsin", "tests"} <= rooms
    assert "tests" not in {file.parts[0] for file in sources(packages_only=True)}


def test_no_file_is_too_long() -> None:
    lengths = {str(file): len((ROOT / file).read_text().splitlines()) for file in sources()}
    assert {file: lines for file, lines in lengths.items() if lines > MOST_FILE_LINES} == {}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of statements: without the signature and the docstring, which are long because they explain."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{file}:{function.lineno} {function.name}": body_lines(function)
        for file in sources()
        for function in functions(ast.parse((ROOT / file).read_text()))
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_FUNCTION_LINES} == {}


def test_lines_of_a_function_are_counted_as_said() -> None:
    source = 'def f(\n    a: int,\n) -> int:\n    """Say.\n\n    More.\n    """\n    b = a\n\n    return b\n'
    assert [body_lines(function) for function in functions(ast.parse(source))] == [3]


def test_nothing_is_left_to_be_done() -> None:
    left = [
        f"{file}:{number} {line.strip()}"
        for file in sources()
        for number, line in enumerate((ROOT / file).read_text().splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert left == []


def unsafe_calls(tree: ast.AST) -> Iterator[str]:
    """Calls that run code from data, or a shell."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in {"eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}:
            yield f"{node.lineno} {name}"
        if re.fullmatch(r"(c?pickle|dill|joblib|marshal|shelve)\..+|.*\.(read_pickle|load_model)", name):
            yield f"{node.lineno} {name}"
        yield from (
            f"{node.lineno} {keyword.arg}"
            for keyword in node.keywords
            if keyword.arg in {"allow_pickle", "shell", "unsafe_load"}
            and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        )


def test_packages_run_no_code_from_data() -> None:
    found = [
        f"{file}:{call}"
        for file in sources(packages_only=True)
        for call in unsafe_calls(ast.parse((ROOT / file).read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "pickle.load(f)",
        "yaml.load(f)",
        "np.load(f, allow_pickle=True)",
        "subprocess.run('ls', shell=True)",
        "eval('1')",
        "keras.models.load_model(p)",
        "keras.saving.load_model(p)",
        "joblib.load(f)",
    ],
)
def test_the_check_itself(source: str) -> None:
    assert len(list(unsafe_calls(ast.parse(source)))) == 1


def test_what_is_safe_passes() -> None:
    assert (
        list(unsafe_calls(ast.parse("yaml.safe_load(f); np.load(f, allow_pickle=False); re.compile('a')")))
        == []
    )
