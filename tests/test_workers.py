"""Searches that several processes share, as real ones: who did what, who dies, who joins."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from forked import Forked
from processes import PATIENCE, environment, images_in, one_cache, wait_for
from test_sweep_command import outcomes, results, search

from gan_model.commands.local_workers import free_ports
from gan_model.storage.locks import locked

pytestmark = pytest.mark.slow

ALONE = ("--trials", 3, "--confirm", 0)
AGAIN = ("--trials", 3, "--confirm", 1, "--top", 1)
TRIALS = [f"trial-00{number}" for number in range(3)]


@pytest.fixture(scope="module", autouse=True)
def cache_in_temporary_folder(tmp_path_factory):
    with one_cache(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return images_in(tmp_path_factory.mktemp("data") / "images", count=200)


@pytest.fixture(scope="module")
def alone(images, tmp_path_factory):
    """The folder of a search in one process."""
    folder = tmp_path_factory.mktemp("alone") / "search"
    # Like the workers no fork, in which TensorFlow has its threads already.
    variables = environment() | {"TF_NUM_INTRAOP_THREADS": "1"}
    subprocess.run(search(images, folder, *ALONE), env=variables, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def confirmed(alone, images, tmp_path_factory):
    """The folder of the same search, whose best trial and recipe were trained again."""
    folder = shutil.copytree(alone, tmp_path_factory.mktemp("confirmed") / "search")
    ended(Process(search(images, folder, *AGAIN)))
    return folder


class Process(Forked):
    """A command with one thread for each operation, so that all sums have the same order.

    The workers that it starts are no forks but processes as a person has them.
    """

    def __init__(self, line, **variables):
        threads = {"TF_NUM_INTRAOP_THREADS": "1"}
        super().__init__(line, env=environment() | threads | variables)

    def children(self):
        """Ids of the processes that it has started."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as file:
                return [int(one) for one in file.read().split()]
        except FileNotFoundError:
            return []


@pytest.fixture
def begun():
    """Starts commands; none of them is left at the end."""
    processes = []

    def start(line, **variables):
        processes.append(begin(line, **variables))
        return processes[-1]

    yield start
    for process in processes:
        for pid in [*process.children(), process.pid]:
            if process.poll() is None:
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def begin(line, **variables):
    return Process(line, **variables)


def ended(process, status=0):
    """What a process said that ended in this way, and without a word of complaint."""
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (status, "")
    return output


def wait(due, process):
    wait_for(due, process)


def trained_by(folder, name):
    """The processes that have trained a trial; TensorBoard's files have their ids."""
    files = sorted((folder / "tensorboard" / name).glob("events.out.tfevents.*"))
    return [int(path.name.split(".")[-3]) for path in files]


def in_the_middle(folder, names=TRIALS, among=None):
    """A process and its trial that has a checkpoint and no outcome; None where there is none."""
    for name in names:
        begun = any((folder / "trials" / name).glob("checkpoints/*.npz"))
        if begun and not (folder / "trials" / name / "outcome.json").exists():
            pids = trained_by(folder, name)
            if pids and (among is None or pids[-1] in among):
                return pids[-1], name
    return None


def wait_for_the_middle(folder, process, among=None):
    """As `in_the_middle`, as soon as there is one; a moment later there may be none."""
    found = []
    wait(lambda: found.append(in_the_middle(folder, among=among)) or found[-1], process)
    return found[-1]


def gone(pid):
    """Whether a process has ended, or is what is left of one that nobody has asked about."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_two_workers_train_what_one_process_does_and_what_a_killed_third_leaves(
    alone, images, tmp_path, begun
):
    """The third comes from another shell, and is the first to have a trial, as a fork."""
    folder = tmp_path / "search"
    chief = begun(search(images, folder, *ALONE, "--workers", 2))
    wait((folder / "chief.json").exists, chief)
    wait(lambda: len(chief.children()) == 2, chief)
    workers = chief.children()
    joined = begun(search(images, folder, *ALONE, "--workers", 2, "--worker", 3))
    _, killed = wait_for_the_middle(folder, joined, among=[joined.pid])
    joined.send_signal(signal.SIGKILL)
    output = ended(chief)
    assert "worker-3 is dead" in output
    assert all(map(gone, workers)) and not (folder / "chief.json").exists()
    by = {name: trained_by(folder, name) for name in TRIALS}
    assert by[killed].pop(0) == joined.pid
    assert all(len(pids) == 1 for pids in by.values())
    assert {pids[0] for pids in by.values()} == set(workers)
    for name in set(TRIALS) - {killed}:
        assert output.count(f"  {name}  codings ") == 1
    assert results(folder) == results(alone)


@pytest.mark.soak
def test_two_workers_train_what_one_process_does(alone, images, tmp_path, begun):
    """Each trial once, by one of them."""
    folder = tmp_path / "search"
    chief = begun(search(images, folder, *ALONE, "--workers", 2))
    ended_with_workers(chief, folder, TRIALS)
    assert results(folder) == results(alone)


@pytest.mark.soak
def test_two_workers_train_the_new_seeds_too(confirmed, images, tmp_path, begun):
    """Each once, as each trial, by one of them."""
    folder = tmp_path / "search"
    chief = begun(search(images, folder, *AGAIN, "--workers", 2))
    repeated = [path.name for path in (confirmed / "confirmation").iterdir()]
    assert len(repeated) == 2  # the best trial and the recipe
    ended_with_workers(chief, folder, [*TRIALS, *repeated])
    assert results(folder) == results(confirmed)


def ended_with_workers(chief, folder, names):
    """Its two workers have ended too, trained each of `names` once, and it told each trial once."""
    wait(lambda: len(chief.children()) == 2, chief)
    workers = chief.children()
    output = ended(chief)
    assert all(map(gone, workers))
    by = [trained_by(folder, name) for name in names]
    assert all(len(pids) == 1 for pids in by)
    assert {pids[0] for pids in by} == set(workers)
    for name in TRIALS:
        assert output.count(f"  {name}  codings ") == 1
    assert not (folder / "chief.json").exists()


@pytest.mark.soak
def test_a_killed_worker_gives_its_trial_to_the_other(alone, images, tmp_path, begun):
    folder = tmp_path / "search"
    chief = begun(search(images, folder, *ALONE, "--workers", 2))
    killed, name = wait_for_the_middle(folder, chief)
    os.kill(killed, signal.SIGKILL)
    output = ended(chief)
    assert " is dead" in output
    assert results(folder) == results(alone)
    first, *others = trained_by(folder, name)
    assert first == killed and len(others) == 1 and others[0] != killed


@pytest.mark.soak
def test_a_worker_that_found_no_trial_gets_that_of_one_that_is_killed(
    alone, images, tmp_path, begun
):
    folder = tmp_path / "search"
    chief = begun(search(images, folder, *ALONE, "--workers", 2))
    wait(lambda: len(chief.children()) == 2, chief)
    workers = chief.children()

    def last():
        idle = list((folder / "workers").glob("*/idle"))
        return len(outcomes(folder)) == 2 and idle and in_the_middle(folder)

    wait(last, chief)
    killed, name = in_the_middle(folder)
    os.kill(killed, signal.SIGKILL)
    assert " is dead" in ended(chief)
    assert trained_by(folder, name) == [killed, *(pid for pid in workers if pid != killed)]
    assert results(folder) == results(alone)


@pytest.mark.soak
def test_a_search_goes_on_after_its_chief_was_killed_and_after_ctrl_c(
    alone, images, tmp_path, begun
):
    folder = tmp_path / "search"
    line = search(images, folder, *ALONE, "--workers", 2)
    for sent, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        chief = begun(line)
        over = len(outcomes(folder)) if folder.exists() else 0
        wait(lambda chief=chief: in_the_middle(folder, among=chief.children()), chief)
        workers = chief.children()
        assert len(workers) == 2 and over < len(TRIALS)
        chief.send_signal(sent)
        # Not `communicate`: workers that were left would keep its pipes open.
        assert chief.wait(timeout=PATIENCE) == status
        deadline = time.monotonic() + PATIENCE
        while not all(map(gone, workers)):
            assert time.monotonic() < deadline, "workers go on without their chief"
            time.sleep(0.1)
        if status == 130:
            _, errors = chief.communicate()
            assert " sweep: stopped. Finished trials and epochs are kept; to go on: " in errors
            assert errors.count("\n") == 2
    ended(begun(line))
    assert results(folder) == results(alone)


@pytest.mark.soak
def test_second_shells_join_and_the_trial_of_one_that_is_killed_comes_back(
    alone, images, tmp_path, begun
):
    folder = tmp_path / "search"
    chief = begun(search(images, folder, *ALONE, "--workers", 1))
    wait((folder / "chief.json").exists, chief)
    joined, staying = (
        begun(search(images, folder, *ALONE, "--workers", 2, "--worker", number))
        for number in (2, 3)
    )
    _, name = wait_for_the_middle(folder, joined, among=[joined.pid])
    joined.send_signal(signal.SIGKILL)
    assert "worker-2 is dead" in ended(chief)
    assert ended(staying) == ""
    assert results(folder) == results(alone)
    assert len(trained_by(folder, name)) == 2 and trained_by(folder, name)[0] == joined.pid


def test_a_worker_with_a_number_that_is_taken_or_other_settings_is_refused(
    alone, images, tmp_path, begun
):
    """The chief and its first worker are held here, so that they do not end before."""
    folder = shutil.copytree(alone, tmp_path / "search")
    address = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(*free_ports(1))}
    (folder / "chief.json").write_text(json.dumps(address))
    with locked(folder / "chief"), locked(folder / "workers" / "worker-1"):
        for options, message in (
            (("--worker", 1), "Another process is worker-1 of the search in "),
            (("--worker", 2, "--epochs", 1), "epochs was 2, now 1"),
        ):
            other = begun(search(images, folder, *ALONE, *options))
            output, errors = other.communicate(timeout=PATIENCE)
            assert (other.returncode, output) == (2, "") and message in errors
            assert errors.count("\n") == 1


@pytest.mark.soak
def test_hyperband_ends_with_two_workers(images, tmp_path, begun):
    """Three trials of one epoch, the best of them for two more, and two of three epochs."""
    folder = tmp_path / "search"
    options = ("--tuner", "hyperband", "--trials", 6, "--workers", 2)
    ended(begun(search(images, folder, *ALONE, *options)))
    shared = list(outcomes(folder).values())
    assert sorted(one["epochs"] for one in shared) == [1, 1, 1, 3, 3, 3]
    short = [one for one in shared if one["epochs"] == 1]
    continued = [one["seed"] for one in shared if one["epochs"] == 3]
    assert [one["seed"] for one in short if one["seed"] in continued] == [
        min(short, key=lambda one: one["score"])["seed"]
    ]


@pytest.mark.soak
def test_workers_find_the_chief_through_the_variables_of_keras_tuner(
    confirmed, images, tmp_path, begun
):
    """They train the new seeds too, however many their own command names."""
    folder = tmp_path / "search"
    address = {"ORACLE_IP": "127.0.0.1", "ORACLE_PORT": str(*free_ports(1))}
    chief, worker = (
        begun(
            search(images, folder, *seeds),
            **{f"KERASTUNER_{k}": v for k, v in (address | {"TUNER_ID": name}).items()},
        )
        for name, seeds in (("chief", AGAIN), ("tuner-a", ALONE))
    )
    ended(chief)
    assert ended(worker) in ("", f"Waiting for the chief of the search in {folder}.\n")
    assert results(folder) == results(confirmed)
    repeated = [path.name for path in (folder / "confirmation").iterdir()]
    names = [*TRIALS, *repeated]
    assert len(names) == 5
    assert [trained_by(folder, name) for name in names] == [[worker.pid]] * len(names)


@pytest.mark.parametrize("given", ["IP", "IP PORT"])
def test_half_of_the_variables_of_keras_tuner_are_refused(images, tmp_path, begun, given):
    values = {"IP": "127.0.0.1", "PORT": str(*free_ports(1))}
    variables = {f"KERASTUNER_ORACLE_{name}": values[name] for name in given.split()}
    process = begun(search(images, tmp_path / "search", *ALONE), **variables)
    _, errors = process.communicate(timeout=PATIENCE)
    assert errors.count("\n") == 1 and "KERASTUNER_" in errors
