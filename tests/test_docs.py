"""The documentation: made pages are those of the code, shown outputs those of a run, links lead somewhere."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")])
FIRST_PICTURE_BYTES, MOST_PICTURE_BYTES = 20_000, 400_000

NUMBER = re.compile(r"[-+]?\d+(?:\.(\d+))?(?:e[-+]?\d+)?")
RELATIVE, NOISE = 1e-3, 1e-6


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# what is made ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `make docs` would write; fails when a block ends otherwise than its page says."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, ROOT / "docs" / "make_docs.py", "--into", folder]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_made_pages_and_shown_outputs_are_those_of_the_code(made: Path) -> None:
    pages = sorted(file.relative_to(made) for file in made.rglob("*.md"))
    assert {"README.md", "docs/tutorial-mulan.md", "docs/columns.md"} <= {p.as_posix() for p in pages}
    apart = [
        f"{page}: {difference}"
        for page in pages
        for difference in differences((ROOT / page).read_text("utf-8"), (made / page).read_text("utf-8"))
    ]
    assert apart == [], "run `make docs`, and look at the difference"


def test_pictures_are_made_and_small(made: Path) -> None:
    for file in (made / "docs" / "images").iterdir():
        there = ROOT / "docs" / "images" / file.name
        assert there.stat().st_size < MOST_PICTURE_BYTES, file.name
        if file.suffix == ".svg":
            assert differences(there.read_text("utf-8"), file.read_text("utf-8")) == []
        else:
            assert file.stat().st_size > FIRST_PICTURE_BYTES, file.name


def differences(old: str, new: str) -> list[str]:
    """Lines that differ by more than blanks and rounding, at most three."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) != len(after):
        first = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if not alike(a, b)), len(before))
        return [f"{len(before)} lines, now {len(after)}; from line {first + 1} on"]
    rows = enumerate(zip(before, after, strict=True), 1)
    return [f"line {i}: {a!r}, now {b!r}" for i, (a, b) in rows if not alike(a, b)][:3]


def alike(old: str, new: str) -> bool:
    """Whether two lines are the same but for blanks and the last digit of decimal numbers."""
    if old == new:
        return True
    words = ["".join(NUMBER.sub("#", line).split()) for line in (old, new)]
    pairs = list(zip(NUMBER.finditer(old), NUMBER.finditer(new), strict=False))
    return words[0] == words[1] and all(near(a, b) for a, b in pairs)


def near(old: re.Match[str], new: re.Match[str]) -> bool:
    """Whether two numbers are equal to the last digit shown, or noise, or whole numbers that are the same."""
    a, b = float(old[0]), float(new[0])
    if old[1] is None and new[1] is None and "e" not in old[0] + new[0]:
        return a == b
    last = 1.01 * 10.0 ** -len(old[1] or "") if "e" not in old[0] else 0.0
    return abs(a - b) <= max(last, RELATIVE * abs(a)) or max(abs(a), abs(b)) < NOISE


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("pump head   84.97 m", "pump head 84.98 m", True),
        ("pump head 84.97 m", "pump head 85.17 m", False),
        ("| 52 pipes |", "| 53 pipes |", False),
        ("error 1.9e-09 kg/s", "error 2.8e-14 kg/s", True),
        ("| `snap` |", "| `snip` |", False),
        ("-0.29 %", "-0.28 %", True),
    ],
)
def test_only_rounding_is_forgiven(old: str, new: str, *, same: bool) -> None:
    assert alike(old, new) is same


# links and commands ---------------------------------------------------------------------------------------

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as the sites that show Markdown make them."""
    plain = (re.sub(r"[`*]", "", heading).lower() for heading in HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in plain}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_index() -> None:
    listed = set(LINK.findall((ROOT / "docs" / "index.md").read_text("utf-8")))
    assert {page.name for page in ROOT.glob("docs/*.md")} - {"index.md"} <= listed


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_targets_that_pages_name_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    named = set(re.findall(r"`make ([a-z]+)`", text)) | set(re.findall(r"^ *make ([a-z]+)\b", text, re.MULTILINE))
    assert named <= targets


def test_the_demo_shown_in_the_tutorial_is_that_of_the_makefile() -> None:
    shown = re.search(r"`(gisheat run [^`]+)`", (ROOT / "docs" / "tutorial-mulan.md").read_text("utf-8"))
    assert shown
    assert shown[1] in (ROOT / "Makefile").read_text("utf-8")


def test_pages_name_options_that_exist() -> None:
    page = (ROOT / "docs" / "options.md").read_text("utf-8")
    known = set(re.findall(r"`(--[a-z0-9-]+)`", page))
    known |= {f"--no-{name}" for name in re.findall(r"`--([a-z0-9-]+)` \|  \|  \| (?:yes|no) \|", page)}
    known |= {"--output", "--into", "--fix", "--help", "--version"}
    unknown = {
        f"{name(page)}: {option}"
        for page in PAGES
        for line in page.read_text("utf-8").splitlines()
        if "gisheat" in line and "pip install" not in line and not line.startswith("qgis_process")
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", line)
        if option not in known
    }
    assert unknown == set()


# findings -------------------------------------------------------------------------------------------------


def text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def rules_in_code() -> set[str]:
    """Rules that the code gives to a parameter or loop variable called `rule`."""
    trees = [ast.parse(file.read_text("utf-8")) for file in (ROOT / "gisheat").rglob("*.py")]
    own = [takers_of_rules(tree) for tree in trees]
    everywhere = {"Finding": 0} | {function: place for takers in own for function, place in takers.items()}
    found = set()
    for tree, takers in zip(trees, own, strict=True):
        known = everywhere | takers  # a module's own function wins over a namesake
        found |= {rule for node in ast.walk(tree) for rule in rules_at(node, known)}
    return found


def takers_of_rules(tree: ast.AST) -> dict[str, int]:
    """Functions with a parameter `rule`, and its position."""
    found = {node.name: [a.arg for a in node.args.args] for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {function: names.index("rule") for function, names in found.items() if "rule" in names}


def rules_at(node: ast.AST, place: dict[str, int]) -> Iterator[str]:
    """Rules that one call or loop names."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in place:
        position = place[node.func.id]
        values = [*node.args[position : position + 1], *(k.value for k in node.keywords if k.arg == "rule")]
        yield from filter(None, map(text_of, values))
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Tuple):
        names = [item.id if isinstance(item, ast.Name) else "" for item in node.target.elts]
        if "rule" in names and isinstance(node.iter, ast.Tuple | ast.List):
            rows = [row.elts[names.index("rule")] for row in node.iter.elts if isinstance(row, ast.Tuple)]
            yield from filter(None, map(text_of, rows))


def rules_in_page() -> list[tuple[str, str]]:
    """Rule and severity of each row of the page."""
    page = (ROOT / "docs" / "findings.md").read_text("utf-8")
    return re.findall(r"^\| `([a-z-]+)` \| ([a-z, ]+) \|", page, re.MULTILINE)


def test_every_rule_is_explained_once_and_no_other() -> None:
    explained = [rule for rule, _ in rules_in_page()]
    assert sorted(explained) == sorted(rules_in_code())
    assert len(explained) > 30


def test_every_rule_has_words_in_both_languages_and_its_severities() -> None:
    """gisheat/data/findings.csv says in QGIS what docs/findings.md says at length."""
    with (ROOT / "gisheat" / "data" / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["rule"]: row["severity"].split("|") for row in rows} == {
        rule: sorted(said.split(", "), key=["error", "info", "warning"].index) for rule, said in rules_in_page()
    }
    assert len({row["rule"] for row in rows}) == len(rows)
    for row in rows:
        assert all(row[f"{kind}_en"].isascii() and row[f"{kind}_en"][0].isupper() for kind in ("title", "help")), row
        assert all(re.search("[\u4e00-\u9fff]", row[f"{kind}_zh"]) for kind in ("title", "help")), row
        assert len(row["title_en"]) <= 40, row  # it stands at a point on the map
        assert len(row["title_zh"]) <= 16, row
        assert row["help_en"].endswith("."), row
        assert row["help_zh"].endswith("。"), row


def test_severities_are_those_of_the_code() -> None:
    """Where rule and severity stand side by side in the code, the page says the same."""
    in_code: dict[str, set[str]] = {}
    for file in (ROOT / "gisheat").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            values = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
            texts = [text_of(value) for value in values]
            for rule, severity in pairwise(texts):
                if rule and severity in {"error", "warning", "info"}:
                    in_code.setdefault(rule, set()).add(severity)
    wrong = {
        rule: (said, in_code[rule])
        for rule, said in rules_in_page()
        if rule in in_code and set(said.split(", ")) != in_code[rule]
    }
    assert wrong == {}
