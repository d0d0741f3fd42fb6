"""Model files: every cell's starting file reads back to the cell, and every key does what it says."""

import re

import pytest
import sympy as sp

from rnnsym.cells import catalogue, elman, gru, linear
from rnnsym.cli import main
from rnnsym.questions import QUESTIONS, question
from rnnsym.result import LimitReached, RnnsymError, ShapeError, SpecError
from rnnsym.spec import BYTES, load, model_file, read_model, system_file
from rnnsym.systems import LinearSystem
from tests.cells.test_own import same
from tests.test_cli import only

CELLS = catalogue()
TEXT = """
[model]
name = "mine"
equations = ["h_t = tanh(W @ h + U @ x + b)"]
state = "h"
input = "x"
output = "C @ h"
assumptions = ["w > 0"]
[sizes]
n = 2
m = 1
[parameters]
W = [["w", 0.5], [0, "w/2"]]
b = 0
[notation]
w = '\\omega'
"""


@pytest.mark.parametrize("name", CELLS)
def test_the_starting_file_of_a_cell_reads_back_to_it(name):
    assert read_model(model_file(name)).cell == CELLS[name]()


@pytest.mark.parametrize("name", CELLS)
def test_the_equations_of_the_starting_file_are_the_cell(name):
    text = model_file(name).replace(f'cell = "{name}"\n', "")
    text = re.sub(r"^# (equations|state|input|output = .*its own|\]|  \")", r"\1", text, flags=re.M)
    text = re.sub(r"^# (\[shapes\].*(\n# .*)*)", lambda s: s[1].replace("\n# ", "\n"), text, flags=re.M)
    found, made = read_model(text).cell, CELLS[name]()
    assert [s for s, _ in found.all_equations] == [s for s, _ in made.all_equations]
    assert all(same(e, f) for (_, e), (_, f) in zip(found.all_equations, made.all_equations, strict=True))
    assert set(found._parameter_symbols()) == set(made._parameter_symbols())


@pytest.mark.parametrize("name", ["gru", "leaky", "ssm"])
def test_the_commented_lines_of_the_starting_file_are_right(name):
    text = model_file(name)
    text = re.sub(r"^# (output|assumptions|\[sizes\]|\[options\]|\[notation\])", r"\1", text, flags=re.M)
    text = re.sub(r"^# (n|m|p|phi|reset|update|structure|W_\w+|A) = (?!\[\")", r"\1 = ", text, flags=re.M)
    text = (
        text.replace("\nW_h = [[0.5", "\n# W_h = [[0.5")
        .replace("\nW_hz = [[", "\n# W_hz = [[")
        .replace("\nA = [[", "\n# A = [[")
    )
    assert read_model(text).cell.is_explicit


def test_a_file_with_everything():
    found = read_model(TEXT)
    w = sp.Symbol("w", real=True)
    assert found.cell.name == "mine" and found.cell.given == (w > 0)
    assert dict(found.cell.binding)[found.cell.symbol("W")] == sp.ImmutableMatrix([[w, sp.Rational(1, 2)], [0, w / 2]])
    assert dict(found.cell.binding)[found.cell.symbol("b")] == sp.zeros(2, 1)
    assert found.names == {"w": r"\omega"}


def test_options_and_scalars():
    found = read_model('[model]\ncell = "gru"\n[options]\nreset = "after"\nupdate = "replace"').cell
    assert found == gru(reset="after", update="replace")
    found = read_model('[model]\ncell = "leaky"\noutput = "C @ h"\n[parameters]\na = 0.1').cell
    assert "a" not in [s.name for s in found.parameters] and not found.is_explicit and "9*h/10" in str(found)
    assert read_model('[model]\ncell = "linear"\n').cell == linear()
    assert read_model('[model]\ncell = "elman"\n[options]\nphi = "relu"').cell == elman("relu")


def test_equations_as_a_table_and_as_one_text():
    tail = '\nstate = ["h"]\ninput = "x"\n'
    line = "tanh(W_h @ h + W_x @ x + b)"
    for text in (f'equations = {{h_t = "{line}"}}', f'equations = """\nh_t = {line}  # the map\n"""'):
        assert read_model(f"[model]\n{text}{tail}").cell.equations == elman().equations


BAD = {
    "not a TOML file": "[model\n",
    "has a section \\[model\\]": "",
    "unknown section \\[modle\\]; did you mean 'model'": "[modle]\n",
    "unknown key model.cel; did you mean 'cell'": '[model]\ncel = "gru"',
    "needs one of cell": "[model]\n",
    "unknown cell 'gruu'; did you mean 'gru'": '[model]\ncell = "gruu"',
    "model.cell must be text": "[model]\ncell = 3",
    "has no parameter 'W_q'; did you mean 'W_": '[model]\ncell = "elman"\n[parameters]\nW_q = 1',
    "sizes.n must be a whole number >= 1, got 5/2": '[model]\ncell = "elman"\n[sizes]\nn = 2.5',
    "sizes.n must be a whole number >= 1, got True": '[model]\ncell = "elman"\n[sizes]\nn = true',
    "has no size 'q'": '[model]\ncell = "elman"\n[sizes]\nq = 2',
    "W_h is 2 x 2, hidden size is 3": '[model]\ncell = "elman"\n[sizes]\nn = 3\n[parameters]\nW_h = [[1, 0], [0, 1]]',
    "the number inf is refused": '[model]\ncell = "elman"\n[parameters]\nb = inf',
    "the number nan is refused": '[model]\ncell = "elman"\n[parameters]\nb = nan',
    "decimal exponent .* is over the limit": '[model]\ncell = "elman"\n[parameters]\nb = 1e99999999',
    "Exceeds the limit": '[model]\ncell = "elman"\n[parameters]\nb = ' + "9" * 5000,
    "exponent 387420489 is over the limit": '[model]\ncell = "elman"\n[parameters]\nb = "9**9**9"',
    "parameters.b: symbol name '__import__' must match": '[model]\ncell = "elman"\n[parameters]\nb = "__import__(\'os\')"',
    "rows of lengths 1, 2": '[model]\ncell = "elman"\n[parameters]\nW_h = [[1, 2], [3]]',
    "parameters.b must be a number": '[model]\ncell = "elman"\n[parameters]\nb = true',
    "parameters.b must be a number, a formula": '[model]\ncell = "elman"\n[parameters]\nb = 1979-05-27',
    "unknown key options.reset": '[model]\ncell = "elman"\n[options]\nreset = "after"',
    "reset must be one of 'before', 'after'; got 'never'": '[model]\ncell = "gru"\n[options]\nreset = "never"',
    "model.state is missing": '[model]\nequations = ["h = W @ h"]',
    "goes with equations": '[model]\ncell = "gru"\nstate = "h"',
    "unknown name 'w'": '[model]\ncell = "elman"\nassumptions = ["w > 0"]',
    "w < 0 cannot hold together with w > 0": '[model]\ncell = "elman"\nassumptions = ["w > 0", "w < 0"]\n[parameters]\nW_h = "w"',
    "notation.q: elman has no such name": '[model]\ncell = "elman"\n[notation]\nq = "x"',
    "name of its own h; rename yours": '[model]\ncell = "elman"\n[parameters]\nW_h = "h"',
    "not a TOML file: ": '[model]\ncell = ' + "[" * 3000 + "]" * 3000,
    "system.A is missing": "[system]\nB = 1",
    "unknown key system.E; known: A, B": "[system]\nA = 1\nB = 1\nE = 1",
    "a file has one of the two": '[model]\ncell = "gru"\n[system]\nA = 1\nB = 1',
    "system.A must be a number, a formula": "[system]\nA = true\nB = 1",
    "A is 1 x 2; the matrix of a recurrence must be square": "[system]\nA = [[1, 2]]\nB = 1",
    "B has 3 rows, A has 2": "[system]\nA = [[1, 2], [3, 4]]\nB = [1, 2, 3]",
    "the rows of A have .1, 2. entries": "[system]\nA = [[1], [3, 4]]\nB = [1, 2]",
    "unknown readout 'now'": '[system]\nA = 1\nB = 1\nreadout = "now"',
    "unknown time 'fast'": '[system]\nA = 1\nB = 1\ntime = "fast"',
    "continuous time has no sampling time": '[system]\nA = 1\nB = 1\ntime = "continuous"\nstep = 0.1',
    "system.readout goes with discrete time": '[system]\nA = 1\nB = 1\ntime = "continuous"\nreadout = "current"',
    "dt must be > 0": "[system]\nA = 1\nB = 1\nstep = 0",
    "'q' is not in this system": "[system]\nA = 1\nB = 1\n[parameters]\nq = 1",
    "system.A: symbol name '__import__' must match": '[system]\nA = "__import__(\'os\')"\nB = 1',
    "a < 0 cannot hold together with a > 0": '[system]\nA = "a"\nB = 1\nassumptions = ["a > 0", "a < 0"]',
    "notation.q: linear system with 1 state has no such name": '[system]\nA = "a"\nB = 1\n[notation]\nq = "x"',
    "left side name": '[model]\nequations = ["\\\\input = h"]\nstate = "h"',
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_a_bad_file_says_what_is_wrong(message, tmp_path, capsys):
    with pytest.raises(RnnsymError, match=message):
        read_model(BAD[message])
    (tmp_path / "m.toml").write_text(BAD[message])
    assert main(["derive", "equations", str(tmp_path / "m.toml")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and "m.toml: " in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.toml"]


def test_a_text_of_commands_does_not_run(tmp_path):
    mark = tmp_path / "ran"
    for text in (f"__import__('pathlib').Path('{mark}').touch()", f"exec(open('{mark}','w'))"):
        for part in (f'[parameters]\nW_h = "{text}"', f'[parameters]\nW_h = [["{text}"]]'):
            with pytest.raises(SpecError):
                read_model(f'[model]\ncell = "elman"\n{part}')
        with pytest.raises(SpecError):
            read_model(f'[model]\nequations = ["h = {text}"]\nstate = "h"')
    assert not mark.exists()


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(SpecError, match="no ordinary file"):
        load("/dev/zero")
    (tmp_path / "big.toml").write_bytes(b"#" * (BYTES + 1))
    with pytest.raises(SpecError, match=f"limit {BYTES}"):
        load(tmp_path / "big.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="UTF-8"):
        load(tmp_path / "latin.toml")


def test_too_many_symbols_is_a_limit():
    with pytest.raises(LimitReached, match="system.A has 2600 entries; limit 2500"):
        read_model(f"[system]\nA = {[[0] * 2600]}\nB = 1")
    with pytest.raises(LimitReached, match="symbols; limit 200"):
        read_model('[model]\ncell = "lstm"\n[sizes]\nn = 12')
    with pytest.raises(LimitReached, match="101 equations; limit 100"):
        read_model("[model]\nstate = 'h'\nequations = [" + ",".join(f"'a{k} = b{k}'" for k in range(101)) + "]")


# Linear systems


SYSTEM = """
[system]
A = [["a", 1], [0, 0.5]]
B = [0, 1]
C = [1, 0]
assumptions = ["abs(a) < 1"]
[notation]
a = '\\alpha'
"""


def test_a_linear_system_is_read():
    a = sp.Symbol("a", real=True)
    found = read_model(SYSTEM)
    assert found.model == LinearSystem([[a, 1], [0, 0.5]], [0, 1], [1, 0], given=abs(a) < 1)
    assert found.names == {"a": r"\alpha"}
    with pytest.raises(SpecError, match="describes a linear system, not a cell"):
        _ = found.cell


def test_the_starting_file_of_a_system_and_its_commented_lines_are_right():
    assert read_model(system_file()).model.n == 2
    text = re.sub(r"^# (D|readout|step|assumptions|\[|a =)", r"\1", system_file(), flags=re.M)
    found = read_model(text).model
    assert found.readout == "previous" and str(found.time.step) == "dt" and not found.parameters
    continuous = re.sub(r"^# (time)", r"\1", system_file(), flags=re.M)
    assert not read_model(continuous).model.time.is_discrete


def test_values_of_a_system_are_put_in():
    found = read_model(SYSTEM + '[parameters]\na = "b/2"').model
    assert [s.name for s in found.parameters] == ["b"]
    with pytest.raises(RnnsymError, match="contradicts a hypothesis"):
        read_model(SYSTEM + "[parameters]\na = 2")


@pytest.mark.parametrize(
    "question", ["equations", "transfer-function", "poles", "controllability", "stability", "snr", "impulse-response"]
)
def test_linear_questions_are_answered_for_a_system(question, tmp_path, capsys):
    (tmp_path / "s.toml").write_text(SYSTEM)
    assert main(["derive", question, str(tmp_path / "s.toml"), "--quiet", "--set", "a=1/4", "--latex"]) == 0
    assert capsys.readouterr().out.startswith("\\begin{equation}")


def test_questions_of_cells_do_not_apply_to_a_system(tmp_path, capsys):
    (tmp_path / "s.toml").write_text(SYSTEM)
    assert main(["derive", "jacobian", str(tmp_path / "s.toml")]) == 2
    assert "jacobian does not apply to linear system with 2 states" in capsys.readouterr().err
    assert all(q.applies(read_model(SYSTEM).model) is None or q.name not in ("poles", "gains") for q in QUESTIONS)


def test_cells_shows_linear_systems(capsys):
    assert main(["cells", "system", "--toml"]) == 0
    assert capsys.readouterr().out == system_file()
    assert main(["cells", "system"]) == 0
    assert "y_t = C @ h_t + D @ x" in capsys.readouterr().out
    assert main(["cells"]) == 0
    assert "system (a linear system" in capsys.readouterr().out


# The command line


def test_cells_name_shows_a_file_and_toml_prints_it(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["cells", "gru"]) == 0
    assert 'cell = "gru"' in capsys.readouterr().out
    assert main(["cells", "gru", "--toml", "-o", "gru.toml"]) == 0
    assert load("gru.toml").cell == gru()
    assert main(["cells", "--toml"]) == 2
    assert "--toml needs the NAME" in capsys.readouterr().err


def test_the_latex_of_a_file_is_checked(capsys, tmp_path):
    (tmp_path / "m.toml").write_text("[model]\ncell = 'elman'\n[notation]\nW_h = '\\input{x}'")
    assert main(["derive", "equations", str(tmp_path / "m.toml"), "--latex"]) == 2
    assert "known math commands only" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["derive", "jacobian"], ["verify", "--trials", "4"], ["report", "-o", "r.md", "--trials", "4"]]
)
def test_a_model_file_serves_every_command(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    only(monkeypatch, question("equations"), question("jacobian"))
    (tmp_path / "m.toml").write_text(TEXT)
    position = 2 if command[0] == "derive" else 1
    arguments = [*command[:position], "m.toml", *command[position:], "--quiet"]
    assert main(arguments) == 0
    if command[0] == "report":
        assert r"\omega" in (tmp_path / "r.md").read_text()


def test_the_notation_of_the_file_is_on_the_page(capsys, tmp_path):
    (tmp_path / "m.toml").write_text(TEXT)
    assert main(["derive", "jacobian", str(tmp_path / "m.toml"), "--wrt", "state", "--latex"]) == 0
    assert r"\omega" in capsys.readouterr().out


def test_the_general_form_of_an_own_cell_is_reported():
    from rnnsym.questions import general

    found = read_model(TEXT).cell
    assert general(found) is not None and not general(found).is_explicit
    with pytest.raises(ShapeError):
        read_model(TEXT.replace("b = 0", "b = [1, 2, 3]"))
