"""Files and folders that are whole whenever their writer dies, and whoever else writes them."""

import contextlib
import multiprocessing
import os
import signal
import stat
import threading
import time

import pytest

from gan_model.storage import atomic
from gan_model.storage.atomic import atomic_folder, atomic_write

COUNT = 200  # writes of each of two writers
SPAWN = multiprocessing.get_context("spawn")


def content_of(writer, number):
    return f"{writer} {number}\n" * 2000


def write_often(path, writer, errors):
    for number in range(COUNT):
        try:
            with atomic_write(path) as new, open(new, "w") as file:
                file.write(content_of(writer, number))
            assert_whole(path)
        except BaseException as error:
            errors.append(repr(error))


def assert_whole(path):
    first, *others = path.read_text().splitlines()
    assert set(others) == {first} and len(others) == 1999


def write_in_another_process(path, connection):
    errors = []
    connection.send("ready")
    os.fsync = lambda descriptor: None
    write_often(path, "process", errors)
    connection.send(errors)


def test_two_writers_of_one_file_never_fail_and_it_is_always_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    path, errors = tmp_path / "file.txt", []
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=write_in_another_process, args=(path, there))
    process.start()
    here.recv()
    write_often(path, "this process", errors)
    assert errors + here.recv() == []
    process.join()
    assert_whole(path)
    assert os.listdir(tmp_path) == ["file.txt"]


def test_two_writers_of_one_folder_never_fail(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    path, errors = tmp_path / "folder", []

    def write_folders(writer):
        for number in range(COUNT // 4):
            try:
                with atomic_folder(path) as new:
                    new.mkdir()
                    for name in ("a", "b"):
                        (new / name).write_text(f"{writer} {number}")
            except BaseException as error:
                errors.append(error)

    other = threading.Thread(target=write_folders, args=("thread",))
    other.start()
    write_folders("this thread")
    other.join()
    assert not errors
    assert (path / "a").read_text() == (path / "b").read_text()
    assert os.listdir(tmp_path) == ["folder"]


def test_a_writer_that_is_done_brings_nothing_back_while_another_one_replaces_its_folder(
    tmp_path, monkeypatch
):
    path, replace = tmp_path / "folder", os.replace
    path.mkdir()
    (path / "old").touch()

    def replace_and_begin_another_exchange(source, target):
        replace(source, target)
        if target == path:
            replace(path, tmp_path / "of the other writer")

    monkeypatch.setattr(os, "replace", replace_and_begin_another_exchange)
    with atomic_folder(path) as new:
        new.mkdir()
        (new / "new").touch()
    assert not path.exists()
    assert os.listdir(tmp_path / "of the other writer") == ["new"]


def in_the_middle(path, make=atomic_write):
    """The paths that exist beside `path` while it is written, and the one to write to."""
    with contextlib.suppress(KeyError), make(path) as new:
        beside = [file for file in path.parent.rglob("*") if file != path]
        raise KeyError
    return {*beside, new}


@pytest.mark.parametrize("make", [atomic_write, atomic_folder])
def test_a_planted_link_is_not_followed(tmp_path, make):
    """Every name that one write uses is a link when the next one begins."""
    shared, elsewhere = tmp_path / "shared", tmp_path / "elsewhere"
    shared.mkdir()
    elsewhere.mkdir()
    (elsewhere / "file").write_text("of somebody else")
    path = shared / "file.txt"
    names = in_the_middle(path, make)
    assert not names & in_the_middle(path, make)  # nobody can know the next ones
    for number, name in enumerate(sorted(names)):
        if name.parent == shared:
            name.symlink_to(elsewhere / ("file" if number % 2 else ""))
    (shared / ".part-file.txt").symlink_to(elsewhere / "file")  # the name that it once was
    with make(path) as new:
        assert stat.S_IMODE(new.parent.stat().st_mode) == 0o700  # nobody else places one there
        new.mkdir() if make is atomic_folder else new.write_text("mine")
    assert path.exists() and not path.is_symlink()
    assert [file.read_text() for file in elsewhere.iterdir()] == ["of somebody else"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_mode_is_that_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        with atomic_write(tmp_path / "file") as new:
            new.write_text("")
        with atomic_folder(tmp_path / "folder") as new:
            new.mkdir()
        modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "folder")]
    finally:
        os.umask(before)
    assert modes == [0o666 & ~mask, 0o777 & ~mask]


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt(), KeyError()])
@pytest.mark.parametrize("make", [atomic_write, atomic_folder])
def test_an_error_leaves_what_there_was_and_nothing_else(tmp_path, error, make):
    path = tmp_path / "it"
    with make(path) as new:
        new.mkdir() if make is atomic_folder else new.write_text("old")
    before = path.stat().st_ino
    with pytest.raises(type(error)), make(path) as new:
        new.mkdir() if make is atomic_folder else new.write_text("new")
        raise error
    assert path.stat().st_ino == before and list(tmp_path.iterdir()) == [path]


def calls_of(monkeypatch, *names):
    """Has the calls of functions of `os` noted in a list: (name, path)."""
    calls = []

    def noting(name, function):
        def call(first, *others):
            path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else first
            calls.append((name, str(path)))
            return function(first, *others)

        return call

    for name in names:
        monkeypatch.setattr(os, name, noting(name, getattr(os, name)))
    return calls


def test_the_content_is_on_the_disk_before_the_name_and_then_the_name_too(tmp_path, monkeypatch):
    calls = calls_of(monkeypatch, "fsync", "replace")
    with atomic_write(tmp_path / "file") as new:
        new.write_text("content")
    assert calls == [("fsync", str(new)), ("replace", str(new)), ("fsync", str(tmp_path))]


def test_of_a_folder_too(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    path.mkdir()
    calls = calls_of(monkeypatch, "fsync", "replace")
    with atomic_folder(path) as new:
        (new / "inner").mkdir(parents=True)
        (new / "inner" / "file").write_text("content")
    flushed = {("fsync", str(file)) for file in (new, new / "inner", new / "inner" / "file")}
    assert set(calls[:3]) == flushed
    assert calls[3:] == [("replace", str(path)), ("replace", str(new)), ("fsync", str(tmp_path))]


def test_the_old_folder_is_kept_until_the_new_name_is_on_the_disk(tmp_path, monkeypatch):
    path, flush, kept = tmp_path / "folder", os.fsync, []
    path.mkdir()

    def flush_and_look(descriptor):
        flush(descriptor)
        if os.path.samestat(os.fstat(descriptor), os.stat(tmp_path)):
            kept.append(len([*tmp_path.rglob("old-folder")]))

    monkeypatch.setattr(os, "fsync", flush_and_look)
    with atomic_folder(path) as new:
        new.mkdir()
    assert kept == [1] and os.listdir(tmp_path) == ["folder"]


# Killed writers.


def write_and_be_killed(make, path, moment):
    """Kills this process when it has begun to write, or in the middle of the exchange."""

    def die(*arguments):
        os.kill(os.getpid(), signal.SIGKILL)

    if moment == "between":
        replace = os.replace
        os.replace = lambda one, other: die() if "new-" in str(one) else replace(one, other)
    with make(path) as new:
        new.mkdir() if make is atomic_folder else new.write_text("half")
        if moment == "writing":
            die()


def killed(make, path, moment="writing"):
    process = SPAWN.Process(target=write_and_be_killed, args=(make, path, moment))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_what_a_killed_writer_left_is_removed_by_the_next_and_only_that(tmp_path, monkeypatch):
    path = tmp_path / "file"
    killed(atomic_write, path)
    killed(atomic_folder, tmp_path / "a-file")
    dead, other = sorted(tmp_path.iterdir(), key=lambda left: left.name.endswith("a-file"))
    mine = tmp_path / ".part-of my own"
    mine.touch()
    now = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: now)
    with atomic_write(path) as alive:  # as old as the dead one, but locked
        alive.write_text("slow")
        with atomic_write(path) as new:
            new.write_text("fast")
        assert not dead.exists() and other.exists() and mine.exists()
    assert path.read_text() == "slow"
    assert set(tmp_path.iterdir()) == {path, other, mine}
    atomic.remove_unfinished(tmp_path)
    assert set(tmp_path.iterdir()) == {path}


@pytest.mark.parametrize("writers", [1, 2])
def test_a_folder_whose_writer_was_killed_in_the_exchange_comes_back(
    tmp_path, monkeypatch, writers
):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    killed(atomic_folder, path, "between")
    assert not path.exists()
    now, replace = time.time() + 60, os.replace
    monkeypatch.setattr(time, "time", lambda: now)

    def replace_after_others(source, target):
        for _ in range(writers):
            replace(source, target)

    monkeypatch.setattr(os, "replace", replace_after_others)
    with contextlib.suppress(KeyError), atomic_folder(path):
        raise KeyError
    assert (path / "old").exists() and list(tmp_path.iterdir()) == [path]
