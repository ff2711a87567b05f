"""The documentation is held to the code: links, names, order, examples, and pages made from tables."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import simulator.agents
import simulator.engine
import simulator.market
from simulator.cli.main import app, main
from simulator.engine.opening.prepare import prepare
from simulator.engine.parameters import OpeningTerms, Parameters
from simulator.engine.state import State
from simulator.history.markdown import BEGIN
from simulator.model.table import rows
from simulator.results import measures
from simulator.results.reference import results_page
from simulator.rule import CATALOGUE
from simulator.scenario.declarations import catalogue
from simulator.scenario.explain import find_parameters, judgements_table, reference_page
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import Event, Scenario
from simulator.sweeps.cells import load_sweep
from simulator.sweeps.schema import Sweep

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
)
MODEL = (DOCS / "model" / "model.md").read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def test_reference_of_parameters_is_current() -> None:
    page = (DOCS / "reference" / "parameters.md").read_text(encoding="utf-8")
    told = "make it anew: unwind schema --markdown > docs/reference/parameters.md"
    assert page == reference_page(Scenario), told


def test_list_of_judgements_is_current() -> None:
    page = (DOCS / "model" / "model.md").read_text(encoding="utf-8")
    told = "make it anew: python -m simulator.cli.upkeep judgements --write docs/model/model.md"
    assert f"\n\n{judgements_table(Scenario)}\n\n" in page, told


def test_reference_of_sweeps_is_current() -> None:
    page = (DOCS / "reference" / "sweeps.md").read_text(encoding="utf-8")
    told = "make it anew: unwind schema --sweep --markdown > docs/reference/sweeps.md"
    assert page == reference_page(Sweep, "Parameters of a sweep", "sweep file", " --sweep"), told


def test_guide_of_sweeps_names_every_outcome_and_event() -> None:
    page = (DOCS / "guide" / "sweeps.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| \w* \| ([^|]+) \|", page, re.MULTILINE))
    assert told == {each.key: each.stored_unit for each in measures.outcomes() if each.key != "status"}
    for kept in (*measures.events(), *measures.ratios()):
        assert f"`{kept.key}`" in page


def test_reference_of_results_is_current() -> None:
    page = (DOCS / "reference" / "results.md").read_text(encoding="utf-8")
    told = "make it anew: python -m simulator.cli.upkeep results-page > docs/reference/results.md"
    assert page == results_page(), told


# The model document


def rules_of_agents() -> set[str]:
    for module in pkgutil.iter_modules(simulator.agents.__path__, "simulator.agents."):
        importlib.import_module(module.name)
    agents = (name for name in CATALOGUE if name.startswith("simulator.agents."))
    return {name.rpartition(".")[2] for name in agents}


def defined_names() -> set[str]:
    """Every function that a rule, a phase or an opening-book routine of the code defines."""
    names = set()
    for package in (simulator.agents, simulator.engine, simulator.market):
        for file in Path(package.__path__[0]).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return names


def calls_in_order(function: str) -> list[str]:
    """Names of the functions that a phase of the day calls, in the order of the source."""
    tree = ast.parse((ROOT / "simulator" / "engine" / "day.py").read_text(encoding="utf-8"))
    body = next(
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function
    )
    calls = [
        node for node in ast.walk(body) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    ignored = {"look_at_books", "range", "investor_noise", "bridge_settlement", "shortfall_left"}
    return [call.func.id for call in calls if isinstance(call.func, ast.Name) and call.func.id not in ignored]


def test_every_rule_of_the_agents_is_in_the_model_document() -> None:
    missing = sorted(rule for rule in rules_of_agents() if rule not in MODEL)
    assert missing == []


def test_model_document_names_nothing_that_does_not_exist() -> None:
    named = set(re.findall(r"\b[a-z]+(?:_[a-z]{3,}|_b[np])+\b", MODEL))
    parameters = {name for key, _ in catalogue(Scenario) for name in key.split(".")}
    files = {file.stem for file in Path(simulator.agents.__path__[0]).glob("*.py")}
    tables = {name.rpartition(".")[2] for table in (State, OpeningTerms) for name in rows(table)}
    known = defined_names() | parameters | files | tables | {*Parameters._fields, *State._fields}
    assert len(named) > 100
    assert sorted(named - known) == []


def test_parameters_named_in_the_model_document_exist() -> None:
    sections = set(Scenario.model_fields)
    for key in set(re.findall(r"`((?:\w+\.)+\w+)`", MODEL)):
        if key.split(".")[0] in sections:
            assert find_parameters(Scenario, key), key


@pytest.mark.parametrize("function", ["simulate_day", "post_flows", "play_rounds"])
def test_order_of_the_day_is_that_of_the_code(function: str) -> None:
    table = MODEL[MODEL.index("## 6. The order of the day") : MODEL.index("## 7. ")]
    rounds = table.index("A **round**")
    text = table[rounds:] if function == "play_rounds" else table[:rounds]
    if function == "post_flows":
        text = text[text.index("`post_flows`") : text.index("| 9 |")]
    place = 0
    for phase in calls_in_order(function):
        if (
            function == "play_rounds"
            and place
            and phase in ("value_funds", "settle_calls")
            and "h |" in text[:place]
        ):
            continue  # once more after the last round: told below the table
        found = text.find(f"`{phase}`", place)
        assert found >= 0, f"{phase} is missing or out of order"
        place = found


def test_channels_of_the_model_document_are_those_of_the_schema() -> None:
    told = MODEL[MODEL.index("## 18. Channels") : MODEL.index("## 19. ")]
    channels = set(Scenario.model_fields["channels"].annotation.model_fields)  # type: ignore[union-attr]
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == channels


# The guide


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / "guide" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["scenarios.md", "your-own-scenario.md"])
def test_scenarios_of_the_guide_are_valid(page: str, tmp_path: Path) -> None:
    example = blocks(page, "yaml")[0]
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")
    assert load_scenario(file).scenario.events


def test_market_of_the_guide_is_valid_and_puts_two_trades_in_one_bucket(tmp_path: Path) -> None:
    (example,) = (block for block in blocks("scenarios.md", "yaml") if "SWAP10" in block)
    file = tmp_path / "example.yaml"
    file.write_text("name: example\nextends: preset:us-treasury-2025-04-01\n" + example, encoding="utf-8")
    market = load_scenario(file).scenario.market
    assert {market.bucket_of(market.hedge_of(trade)) for trade in ("UXY", "SWAP10")} == {"UXY"}
    assert len(market.buckets["UXY"].bonds) == 2
    assert market.trades["SWAP10"].fund_packages == 200.0


def test_levers_of_the_guide_are_valid(tmp_path: Path) -> None:
    *_, example = blocks("scenarios.md", "yaml")
    file = tmp_path / "example.yaml"
    file.write_text(
        "name: example\nhorizon: 120d\nextends: preset:us-treasury-2025-04-01\n" + example, encoding="utf-8"
    )
    scenario = load_scenario(file).scenario
    assert [stretch.pace for stretch in scenario.central_bank.outright.schedule] == [20.0, -5.0]
    assert scenario.central_bank.rules.leverage_relief.limit == 1.2
    assert [event.days for event in scenario.events] == [2500.0, 30.0]


def test_sweep_of_the_guide_is_valid(tmp_path: Path) -> None:
    (example,) = blocks("sweeps.md", "yaml")
    folder = tmp_path / "sweeps"
    folder.mkdir()
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    (folder / "example.yaml").write_text(example, encoding="utf-8")
    assert load_sweep(folder / "example.yaml").shape == (3, 5, 2, 2)


def test_events_of_the_guide_are_those_of_the_schema() -> None:
    text = (DOCS / "guide" / "scenarios.md").read_text(encoding="utf-8")
    told = text[text.index("## Events") : text.index("## In the editor")]
    kinds = {kind for model in events() for kind in model}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", told, re.MULTILINE)) == kinds | {"type"}


def events() -> Iterator[tuple[str, ...]]:
    for model in Event.__args__[0].__args__:  # type: ignore[attr-defined]
        yield model.model_fields["type"].annotation.__args__


def test_files_of_the_guide_are_read(tmp_path: Path) -> None:
    tables = dict(
        zip(
            ("my-book", "my-desk", "funds", "dealers", "network"),
            blocks("populations.md", "csv"),
            strict=True,
        )
    )
    for name, table in tables.items():
        (tmp_path / f"{name}.csv").write_text(table, encoding="utf-8")
    book, named, desk, settings = blocks("populations.md", "yaml")
    start = "name: own\ntitle: Own\nextends: preset:us-treasury-2025-04-01\nseed: 1\npaths: 1\nhorizon: 5d\n"
    (tmp_path / "among.yaml").write_text(start + book + named, encoding="utf-8")
    among = load_scenario(tmp_path / "among.yaml")
    assert prepare(among.scenario, among.data_files).named_funds == ("Alder", "Birch", "Cedar", "fund 1")
    (tmp_path / "desk.yaml").write_text(start + desk, encoding="utf-8")
    with_desk = load_scenario(tmp_path / "desk.yaml")
    assert prepare(with_desk.scenario, with_desk.data_files).named_dealers == ("Our desk",)
    market = (ROOT / "scenarios" / "toy.yaml").read_text(encoding="utf-8")
    without = re.sub(r"^(funds|dealers):\n(  .*\n)+", "", market, flags=re.MULTILINE)
    assert "population" not in without
    file = tmp_path / "own.yaml"
    file.write_text(without + settings, encoding="utf-8")
    loaded = load_scenario(file)
    prepared = prepare(loaded.scenario, loaded.data_files)
    assert prepared.funds == ("Alder", "Birch", "Cedar")
    assert prepared.dealers == ("Northern", "Harbour")
    assert prepared.parameters.opening.funds.packages_bn.sum() == 90.0
    assert prepared.parameters.opening.funds.client_share.T.tolist() == [[0.6, 0.4], [1.0, 0.0], [0.0, 1.0]]


def test_python_of_the_guide_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from simulator.ensemble.execution import run_scenario

    loaded = load_scenario(ROOT / "scenarios" / "toy.yaml", ["paths=3"])
    monkeypatch.chdir(tmp_path)
    run_scenario(loaded, Path("outputs/toy"))
    names: dict[str, object] = {}
    for block in blocks("results.md", "python"):
        exec(block, names)
    assert "risk_limit" in capsys.readouterr().out


def test_python_of_the_python_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python.md", "python"):
        exec(block, names)
    assert capsys.readouterr().out.count("Estimate(value=") == 3


def test_commands_of_the_quick_start_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of the page, with a few paths and from a folder that holds nothing."""
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "guide" / "quick-start.md").read_text(encoding="utf-8")
    typed = ["run dash-for-cash-2020", *re.findall(r"^    unwind (.+)$", text, re.MULTILINE)]
    assert len(typed) == 5
    for line in typed:
        few = ["--paths", "18"] if line.startswith("run") else []
        monkeypatch.setattr(sys, "argv", ["unwind", *line.split(), *few])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, line
    assert "for each $100bn" in capsys.readouterr().out
    assert (tmp_path / "outputs" / "dash-for-cash-2020" / "report.html").is_file()


def test_worked_scenario_of_the_guide_gives_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = "your-own-scenario.md"
    (scenario,), (shown,) = blocks(page, "yaml"), blocks(page, "text")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "auction-week.yaml").write_text(scenario, encoding="utf-8")
    typed = re.findall(
        r"^    unwind ((?:run|compare) .+)$", (DOCS / "guide" / page).read_text("utf-8"), re.MULTILINE
    )
    assert len(typed) == 3
    for line in typed:
        quiet = ["--no-report", "--quiet"] if line.startswith("run") else []
        monkeypatch.setattr(sys, "argv", ["unwind", *line.split(), *quiet])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, line
    printed = capsys.readouterr().out.splitlines()
    for sentence in shown.splitlines():
        assert sentence in printed, f"{page} is behind: {printed[:12]}"


def test_honest_page_has_a_place_for_its_tables() -> None:
    assert BEGIN in (DOCS / "model" / "honest-numbers.md").read_text(encoding="utf-8")


def test_decisions_are_listed() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in (DOCS / "decisions").glob("[0-9]*.md"):
        assert f"({page.name})" in listed
        assert re.search(r"^20\d\d-\d\d-\d\d$", page.read_text(encoding="utf-8"), re.MULTILINE), "no date"


def test_every_page_is_reachable() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / target).resolve() for target in targets if "://" not in target]
    assert {name_of(page) for page in PAGES} <= {name_of(page) for page in reached}


def test_evidence_that_is_named_exists() -> None:
    """Tests, modules and commands that the validation pages point to."""
    named = 0
    for page in ("validation.md", "validation-pack.md"):
        text = (DOCS / "model" / page).read_text(encoding="utf-8")
        for file in set(re.findall(r"`((?:tests|simulator)/[\w/]+\.py)`", text)):
            assert (ROOT / file).is_file(), file
            named += 1
        for module in set(re.findall(r"python -m ([\w.]+)", text)):
            assert importlib.util.find_spec(module) is not None, module
            named += 1
    assert named > 30


#: A command in a page: in backticks, or on a line of its own that is set as code.
COMMAND = re.compile(
    r"(?:`|^ {4,}(?:\$ )?|^(?:\$ )?(?:\.venv/bin/)?)unwind ([a-z]+(?:-[a-z]+)*)\b([^`\n]*)", re.MULTILINE
)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_are_shown_exist(page: Path) -> None:
    """Every `unwind` command of a page is one of the program's, with options that it has."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, rest in COMMAND.findall(page.read_text(encoding="utf-8")):
        assert name in commands, f"unwind {name}"
        options = {option for parameter in commands[name].params for option in parameter.opts}
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest.partition("#")[0]):
            assert option in {*options, "--help"}, f"unwind {name}{rest}"


def test_every_command_is_in_the_guide() -> None:
    told = {name for name, _ in COMMAND.findall((DOCS / "guide" / "running.md").read_text(encoding="utf-8"))}
    assert set(get_command(app).commands) <= told  # type: ignore[attr-defined]


def test_commands_are_found_in_pages() -> None:
    text = "see `unwind run x --paths 3`:\n\n    unwind compare a b\n\n$ unwind explain x\nlet us unwind everything\n"
    assert [name for name, _ in COMMAND.findall(text)] == ["run", "compare", "explain"]
