"""`gan-model` and `python -m gan_model`: what they show, take and refuse.

Hardly a test needs TensorFlow in its process, so most take a moment.
"""

import ntpath
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from processes import PATIENCE, REPOSITORY, environment, gan_model

from gan_model import commands
from gan_model.arguments import PATH, POSITIVES, PRESET, place_of
from gan_model.commands.places import check_run_dir
from gan_model.commands.program import Program
from gan_model.commands.screen import plain_errors


def finish(line, **variables):
    return subprocess.run(
        line, capture_output=True, text=True, env=environment() | variables, timeout=PATIENCE
    )


def help_of(*words):
    """What `gan-model ... --help` prints in a terminal of 80 columns."""
    program = Program(["gan-model", *words])
    shown = CliRunner().invoke(
        commands.group,
        [*words, "--help"],
        prog_name="gan-model",
        obj=program,
        terminal_width=80,
    )
    assert shown.exit_code == 0, shown.output
    return shown.output


# Faults of the machine.


def test_a_full_disk_in_the_words_of_tensorflow_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended, plain_errors("train.py"):
        # What a summary writer raises; its class is that of an exhausted memory.
        raise RuntimeError("{{node __wrapped__Flush}} /runs/a; No space left on device [Op:Flush]")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "train.py: /runs/a; No space left on device\n"
    with pytest.raises(RuntimeError), plain_errors("train.py"):
        raise RuntimeError("OOM when allocating a tensor")


def test_too_little_memory_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended, plain_errors("gan-model sample"):
        raise MemoryError
    assert ended.value.code == 1 and capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it takes Linux")
@pytest.mark.parametrize(
    ("words", "streams", "status"),
    [
        ("train --bogus", "2>&-", 2),
        ("train --bogus", "<&- >&- 2>&-", 2),
        ("train --bogus", "2>/dev/full", 2),
        ("train --help", ">&-", 0),
        ("train --help", ">/dev/full", 1),
    ],
)
def test_a_stream_that_takes_nothing_changes_no_exit_status(words, streams, status):
    line = shlex.join([*gan_model(*words.split())])
    ended = finish(["sh", "-c", f"{line} {streams}"])
    assert (ended.returncode, ended.stdout) == (status, "")
    assert "Traceback" not in ended.stderr


def test_a_closed_stream_is_opened_before_a_file_gets_its_number(tmp_path):
    code = """if True:
        import sys
        from gan_model.commands import group, main
        group.main = lambda **_: print(open(sys.argv[1], "w").fileno() > 2, file=sys.stdout)
        from gan_model.commands.screen import quiet
        main()
        with quiet():
            pass
    """
    line = shlex.join([sys.executable, "-c", code, str(tmp_path / "file")])
    ended = finish(["sh", "-c", f"{line} <&- 2>&-"])
    assert (ended.returncode, ended.stdout) == (0, "True\n")


def test_a_name_that_is_no_utf_8_is_printed_with_escapes():
    """Also where the terminal takes UTF-8 only."""
    line = "from gan_model.commands.screen import show_any_name as s; s(); print('caf\\udce9.png')"
    ended = finish([sys.executable, "-c", line], PYTHONIOENCODING="utf-8:strict")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "caf\\udce9.png\n"


def test_control_characters_of_an_error_are_escaped(capsys):
    with pytest.raises(SystemExit), plain_errors("train.py"):
        raise ValueError("\x1b]0;title\x07größe.png: \u202egnp\nof several lines")
    assert capsys.readouterr().err == (
        "train.py: \\x1b]0;title\\x07größe.png: \\u202egnp of several lines\n"
    )


def test_a_run_is_not_begun_where_tensorflow_cannot_write(tmp_path):
    with pytest.raises(click.UsageError, match="the name is no UTF-8; choose another folder"):
        check_run_dir(tmp_path / "caf\udce9" / "run", "sample")
    check_run_dir(tmp_path / "café" / "run", "sample")


def test_a_name_that_begins_with_a_tilde_is_a_name_if_there_is_no_such_user(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place_of("~nobody.of.this.name") == str(tmp_path / "~nobody.of.this.name")
    assert place_of("~/images") == str(Path.home().resolve() / "images")


# Help.


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_help_fits_the_screen_and_its_line_can_be_typed(name):
    lines = help_of(name).splitlines()
    assert len(lines) <= 100 and max(map(len, lines)) <= 80
    (typed,) = (line for line in lines if line.startswith("    ") and f" {name} " in line)
    words = shlex.split(typed)
    assert words[-len(words) :][words.index(name)] == name
    given = words[words.index(name) + 1 :]
    commands.named(name).make_context(name, list(given))  # refuses what it does not know


def test_help_lists_all_commands_and_what_they_do():
    text = help_of()
    assert len(text.splitlines()) <= 24
    for name in commands.COMMANDS:
        (line,) = (line for line in text.splitlines() if line.split()[:1] == [name])
        assert line.endswith(".") and not line.endswith("...")
        assert len(line.split()) > 2


def test_a_page_is_no_folder(tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(click.UsageError, match="is a folder; --out is the name of a file"):
        commands.named("page").callback(
            run="fashion", out=tmp_path / "page.html", title=None, overwrite=False
        )


def test_help_and_refusals_import_no_tensorflow():
    code = """if True:
        import contextlib, sys
        from gan_model import commands
        for words in ([], *([name] for name in commands.COMMANDS)):
            for last in ("--help", "--bogus"):
                sys.argv = ["gan-model", *words, last]
                with contextlib.suppress(SystemExit):
                    commands.main()
        heavy = {"tensorflow", "keras", "numpy", "keras_tuner", "matplotlib"} & set(sys.modules)
        print("imported:", sorted(heavy))
    """
    ended = finish([sys.executable, "-c", code])
    assert ended.stdout.endswith("imported: []\n"), ended
    refused = ended.stderr.splitlines()
    assert len(refused) == 1 + len(commands.COMMANDS)
    assert all("No such option '--bogus'" in line for line in refused), refused


# What is typed.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("smaple", "gan-model: Unknown command 'smaple'. Did you mean 'sample'? Known: train, "),
        ("--bogus", "gan-model: No such option '--bogus'"),
        ("train --sed 1", "gan-model train: No such option '--sed'"),
        ("train --epochs", "gan-model train: Option '--epochs' requires an argument"),
        (
            "train --epochs 0",
            "gan-model train: Invalid value for '--epochs': 0 is not in",
        ),
        ("train --epochs 2 --minutes 1", "gan-model train: --epochs and --minutes both end a run"),
        ("train --workers 2 --devices 2", "gan-model train: each worker has one device"),
        ("train more", "gan-model train: Got unexpected extra argument (more)"),
        ("train --preset dcgna", "gan-model train: Invalid value for '--preset': 'dcgna' is not"),
        ("train --minutes inf", "gan-model train: Invalid value for '--minutes': 'inf' is not a f"),
        ("train --generator-learning-rate nan", "gan-model train: Invalid value for '--generator-"),
        ("train --seed x", "gan-model train: Invalid value for '--seed': 'x'"),
        ("train --channels 2", "gan-model train: Invalid value for '--channels': '2' is not one"),
        ("train --image-size 0", "gan-model train: Invalid value for '--image-size': '0'"),
        ("train --image-size 1x2x3", "gan-model train: Invalid value for '--image-size': '1x2x3'"),
        ("sample", "gan-model sample: say where the GAN is: the folder of a run, or --from FILE"),
        ("sample run --from gan.keras", "gan-model sample: say where the GAN is"),
        (
            "sample run --out foo.jpg",
            "gan-model sample: --out ends in .npz, .png or .gif; received",
        ),
        ("sample run --out gone/more.png", "gan-model sample: there is no folder gone for --out "),
        ("sweep --learning-rates nan", "gan-model sweep: Invalid value for '--learning-rates': 'n"),
        ("sample --truncation nan", "gan-model sample: Invalid value for '--truncation': 'nan' is"),
        ("evaluate", "gan-model evaluate: Missing argument 'WHAT'"),
        ("evaluate x --weights first", "gan-model evaluate: Invalid value for '--weights': "),
        ("evaluate x --json gone/f.json", "gan-model evaluate: there is no folder gone for --json"),
        ("evaluate x --json .", "gan-model evaluate: . is a folder; --json is the name of a file"),
        ("evaluate x --features a.npz", "gan-model evaluate: Invalid value for '--features': "),
        ("export fashion", "gan-model export: Missing option '--format'"),
        ("train --pad=1", "gan-model train: Option '--pad' does not take a value"),
        ("train --image-size 16x", "gan-model train: Invalid value for '--image-size': '16x' is "),
        (
            "train --data x --image-size 50",
            "gan-model train: `presets.modern` makes images whose height and width are multiples "
            "of 4 from 16 to 256. The nearest to 50x50 is --image-size 48x48",
        ),
        ("train --data-dir /tmp", "gan-model train: --data-dir is for fashion_mnist, mnist"),
        ("evaluate fashion --data sample --data-dir .", "gan-model evaluate: --data-dir is for fa"),
        ("invert fashion --image a.png --out ./a.png", "gan-model invert: --out a.png is one of"),
        ("sweep --batch-sizes", "gan-model sweep: Invalid value for '--batch-sizes': "),
        ("sweep --batch-sizes 8,0", "gan-model sweep: Invalid value for '--batch-sizes': 0 is not"),
        ("sample --seed 4294967296", "gan-model sample: Invalid value for '--seed': 4294967296 is"),
        ("train --data=", "gan-model train: Invalid value for '--data': The path is empty"),
        ("export --format onnx --out=", "gan-model export: Invalid value for '--out': The path is"),
        ("board nowhere", "gan-model board: There is no folder nowhere. To train a GAN, which"),
    ],
)
def test_a_mistake_is_one_line(words, message, capsys):
    words = words.split()
    with pytest.raises(SystemExit) as ended:
        commands.group.main(words, prog_name="gan-model", obj=Program(["gan-model", *words]))
    assert ended.value.code == 2
    output, errors = capsys.readouterr()
    assert output == "" and errors.startswith(message) and errors.count("\n") == 1


def test_a_misspelled_choice_is_told_the_nearest():
    with pytest.raises(click.BadParameter, match=r"Did you mean 'dcgan'\?$"):
        PRESET.convert("dcgna", None, None)
    with pytest.raises(click.BadParameter, match=r"'modern_conditional'\.$"):
        PRESET.convert("xyz", None, None)


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ("--codings-sizes 4 8 --seed 1", (4, 8)),
        ("--codings-sizes 4,8 --seed 1", (4, 8)),
        ("--codings-sizes=4,8", (4, 8)),
        ("--codings-sizes 1 2 3 --seed 1 --codings-sizes 4", (4,)),
        ("--seed 1", (16, 32, 64, 128, 256)),
    ],
)
def test_several_values(words, sizes):
    context = commands.named("sweep").make_context("sweep", words.split())
    assert context.params["codings_sizes"] == sizes
    assert POSITIVES.convert("4", None, None) == (4,)


def test_a_tilde_is_the_home_folder_in_the_value_of_an_option():
    assert PATH.convert("~/x", None, None) == str(Path.home() / "x")


def test_errors_pass_through_when_asked_for(monkeypatch):
    monkeypatch.setenv("TRACEBACK", "1")
    with pytest.raises(ValueError, match="There is no folder nowhere"):
        commands.group.main(["board", "nowhere"], obj=Program(["gan-model", "board", "nowhere"]))


def test_the_tab_key_offers_commands_options_and_names():
    for typed, offered in (
        ("gan-model s", {"plain,sample", "plain,sweep"}),
        ("gan-model train --ep", {"plain,--epochs"}),
        ("gan-model train --preset mo", {"plain,modern", "plain,modern_conditional"}),
        ("gan-model sample ru", {"file,ru"}),
    ):
        asked = {"_GAN_MODEL_COMPLETE": "bash_complete", "COMP_WORDS": typed}
        asked["COMP_CWORD"] = str(len(typed.split()) - 1)
        assert set(finish(gan_model(), **asked).stdout.split()) == offered


# What a person is told to type.


def test_the_installed_command_is_named_as_it_is_typed(tmp_path, monkeypatch):
    script = tmp_path / "bin" / "gan-model"
    script.parent.mkdir()
    script.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    program = Program([script, "train", "--run-dir", "a run"])
    assert program.name == "gan-model"
    assert program.line("sample", Path("a run")) == "gan-model sample 'a run'"
    assert program.again() == "gan-model train --run-dir 'a run'"
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert program.line("sample", 1) == "bin/gan-model sample 1"


def test_lines_to_type_on_windows(monkeypatch):
    """The working folder is on another drive, and pip made a `gan-model.exe`, not a script."""
    monkeypatch.setattr(os, "path", ntpath)
    monkeypatch.setattr(ntpath, "abspath", lambda path: ntpath.join("D:\\my pictures", path))
    monkeypatch.setattr(sys, "executable", r"C:\gan env\Scripts\python.exe")
    script = r"C:\gan env\Scripts\gan-model"  # as pip's launcher leaves it in `sys.argv`
    installed = Program([script, "train", "--workers", "2"])
    monkeypatch.setattr(shutil, "which", lambda name: f"{script}.EXE")
    assert installed.again() == "gan-model train --workers 2"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert script in installed.again()
    module = Program([r"C:\gan env\gan_model\__main__.py"])
    assert sys.executable in module.line("sample", "a run")
    monkeypatch.setattr(os, "name", "nt")
    assert installed.line("sample", "a run").endswith(' sample "a run"')
    monkeypatch.undo()


def test_the_module_is_named_as_it_is_typed():
    program = Program([REPOSITORY / "gan_model" / "__main__.py", "train"])
    python = os.path.relpath(sys.executable)
    assert program.name == "python -m gan_model"
    assert program.line("sample", "run") == f"{python} -m gan_model sample run"
    assert program.again() == f"{python} -m gan_model train"


@pytest.mark.parametrize("started_as", ["gan-model", "gan_model/__main__.py"])
def test_another_process_of_the_program_starts(started_as):
    ended = finish(Program([started_as]).started(["train", "--help"]))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Usage: python -m gan_model train")


# The package, whose parts come when they are used.


@pytest.mark.slow
def test_the_parts_come_when_they_are_used():
    """And with the model, all that `keras.models.load_model` needs for its files.

    No part needs the packages that a command leaves out, which Keras imports if they are
    installed; who uses them has them after it.
    """
    code = """if True:
        import sys
        import gan_model
        assert set(gan_model.__all__) < set(dir(gan_model))
        assert not {"tensorflow", "keras"} & set(sys.modules)
        assert not hasattr(gan_model, "no_such_part")
        from gan_model.commands.screen import quiet
        with quiet():
            from gan_model import GAN, data
            assert gan_model.GAN is GAN and gan_model.data is data
            assert GAN.__module__ == "gan_model.model.gan" and gan_model.storage.locks
            from keras.saving import get_custom_objects as known
            loadable = {name for name in known() if "gan_model" in name}
            for name in gan_model.__all__:
                getattr(gan_model, name)
            more = {name for name in known() if "gan_model" in name} - loadable
            assert len(loadable) > 20 and not more, f"import gan_model.model knows no {more}"
            import keras_tuner
        left_out = {"sklearn", "scipy.stats", "matplotlib.pyplot"}
        assert not left_out & set(sys.modules), left_out & set(sys.modules)
        from importlib.util import find_spec
        assert find_spec("matplotlib.pyplot") and find_spec("sklearn.cluster")
        print("came")
    """
    ended = finish([sys.executable, "-c", code])
    assert (ended.returncode, ended.stdout) == (0, "came\n"), ended
