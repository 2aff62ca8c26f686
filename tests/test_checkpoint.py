"""One state <-> one file: whole or not there, and never taken for what it is not."""

import contextlib
import io
import json
import resource
import zipfile
from pathlib import Path

import keras
import ml_dtypes
import numpy as np
import pytest
from test_callbacks import state
from test_resume import same

from gan_model import GAN, callbacks, presets
from gan_model.callbacks.checkpoints import by_epoch, saved
from gan_model.storage import checkpoint

ARRAYS = {"0000/weight": np.arange(3, dtype=np.float32), "0001/step": np.array(7)}
IMAGES = np.zeros((8, 4, 4), np.uint8)
ABOUT = {"epoch": 1, "history": [{"generator_loss": 0.1}]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "epoch-00001.npz"


def tiny_gan(codings_size=3, optimizer=None):
    gan = presets.dense((4, 4), codings_size=codings_size)
    if optimizer:
        gan.compile(gan.loss, optimizer(), optimizer())
    return gan


@contextlib.contextmanager
def no_room_beyond(size):
    """No file of this process grows past `size` bytes meanwhile, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Written whole.


def test_what_is_read_is_what_was_written(path):
    checkpoint.write(path, ARRAYS, ABOUT)
    arrays, about = checkpoint.read(path)
    assert list(arrays) == list(ARRAYS) and same(list(arrays.values()), list(ARRAYS.values()))
    assert about == ABOUT


def test_bfloat16_keeps_every_bit(path):
    """All 65,536 values, infinities and not-a-numbers included, and a single number."""
    every = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    arrays = {**ARRAYS, "0002/weight": every.reshape(2, -1), "0003/rate": every[17]}
    checkpoint.write(path, arrays, ABOUT)
    found, about = checkpoint.read(path)
    assert list(found) == list(arrays) and about == ABOUT
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_numbers_of_numpy_are_kept_beside_the_arrays(path):
    checkpoint.write(path, ARRAYS, {"epoch": np.int64(1), "rate": np.float32(0.5)})
    assert checkpoint.read(path)[1] == {"epoch": 1, "rate": 0.5}


def test_numpy_alone_opens_it(path):
    checkpoint.write(path, ARRAYS, ABOUT)
    with np.load(path) as file:
        assert np.array_equal(file["0000/weight"], ARRAYS["0000/weight"])


@pytest.mark.parametrize("room", [0, 1, 1000, 70_000])
def test_where_there_is_no_room_the_old_file_stays_whole(path, room):
    checkpoint.write(path, ARRAYS, ABOUT)
    before = path.read_bytes()
    with (
        no_room_beyond(room),
        pytest.raises(OSError, match=r"could not be written \(.*\)") as error,
    ):
        checkpoint.write(path, {"0000/weight": np.zeros(100_000)}, {**ABOUT, "epoch": 2})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_into_a_folder_that_is_not_there_it_says_so(tmp_path):
    with pytest.raises(OSError, match="could not be written") as error:
        checkpoint.write(tmp_path / "gone" / "epoch-00001.npz", ARRAYS, ABOUT)
    assert "\n" not in str(error.value)


# Read, or refused.


@pytest.mark.slow
def test_no_flipped_byte_passes_for_the_truth(path):
    """Every byte in one way, and those that tell where the members are in four."""
    checkpoint.write(path, ARRAYS, ABOUT)
    whole, flips = path.read_bytes(), (0x01, 0x20, 0x80, 0xFF)
    with zipfile.ZipFile(path) as archive:
        members = [(one.header_offset, one.file_size) for one in archive.infolist()]
    inside = set()  # the arrays themselves: one checksum is as good for all ways
    for offset, size in members:
        start = whole.index(b"\x93NUMPY", offset)
        inside |= set(range(start, start + size))
    tried = [(place, flip) for place in range(len(whole)) for flip in flips if place not in inside]
    tried += [(place, flips[place % 4]) for place in sorted(inside)]
    reported = 0
    for place, flip in tried:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        try:  # a date inside the zip, say, may change: then what is read is still the truth
            arrays, about = checkpoint.read(path)
        except checkpoint.DamagedCheckpoint:
            reported += 1
        else:
            assert same(list(arrays.values()), list(ARRAYS.values())) and about == ABOUT, place
    assert reported > len(tried) / 2


def test_a_file_cut_anywhere_is_damaged(path):
    checkpoint.write(path, ARRAYS, ABOUT)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(checkpoint.DamagedCheckpoint, match="is no readable checkpoint"):
            checkpoint.read(path)


def test_another_epoch_or_history_is_damage_too(path):
    checkpoint.write(path, ARRAYS, ABOUT)
    with np.load(path) as file:
        about = json.loads(file["about"].tobytes()) | {"epoch": 2}
    np.savez(path, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **ARRAYS)
    with pytest.raises(checkpoint.DamagedCheckpoint, match="checksum"):
        checkpoint.read(path)


def test_a_changed_number_is_damage_even_where_the_zip_is_sound(path):
    checkpoint.write(path, ARRAYS, ABOUT)
    with np.load(path) as file:
        about = file["about"]
    np.savez(path, about=about, **{**ARRAYS, "0001/step": np.array(8)})
    with pytest.raises(checkpoint.DamagedCheckpoint, match="does not match its checksum"):
        checkpoint.read(path)


def as_file(save, *arguments, **arrays):
    file = io.BytesIO()
    save(file, *arguments, **arrays)
    return file.getvalue()


def zipped(file, **members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def bytes_of(text):
    return np.frombuffer(text.encode(), np.uint8)


NO_CHECKPOINTS = {
    "empty": b"",
    "text": b"a text\n",
    "a bare array": as_file(np.save, np.arange(3)),
    "a pickle": as_file(np.save, np.array([{}], object)),
    "zip of a text": as_file(zipped, hello="world"),
    "zip with a text about": as_file(zipped, about="{}"),
    "arrays without about": as_file(np.savez, weight=np.arange(3)),
    "about is no JSON": as_file(np.savez, about=bytes_of("{")),
    "about is a list": as_file(np.savez, about=bytes_of("[1]")),
    "about is null": as_file(np.savez, about=bytes_of("null")),
    "about lacks the digest": as_file(np.savez, about=bytes_of('{"epoch": 1}')),
    "a text beside about": as_file(
        zipped, **{"about.npy": as_file(np.save, bytes_of('{"sha256": ""}')), "notes": "a text"}
    ),
}


@pytest.mark.parametrize("content", NO_CHECKPOINTS.values(), ids=NO_CHECKPOINTS)
def test_what_is_no_checkpoint_is_called_damaged(path, content):
    path.write_bytes(content)
    with pytest.raises(checkpoint.DamagedCheckpoint, match=str(path)):
        checkpoint.read(path)


def test_a_folder_or_nothing_in_its_place_is_called_damaged(path):
    with pytest.raises(checkpoint.DamagedCheckpoint):
        checkpoint.read(path)
    path.mkdir()
    with pytest.raises(checkpoint.DamagedCheckpoint):
        checkpoint.read(path)


def as_version_0_1(path):
    """A checkpoint as gan-model 0.1 wrote it: without the number of its format."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays.pop("about").tobytes())
    about = {name: about[name] for name in ("epoch", "seed", "history") if name in about}
    about["sha256"] = checkpoint._digest(arrays, about)
    np.savez(path, about=bytes_of(json.dumps(about)), **arrays)


def test_the_checkpoint_of_another_version_is_refused_not_called_damaged(path):
    checkpoint.write(path, ARRAYS, ABOUT)
    as_version_0_1(path)
    with pytest.raises(ValueError, match=r"another version of gan-model \(format 1;") as error:
        checkpoint.read(path)
    assert not isinstance(error.value, checkpoint.DamagedCheckpoint)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("error", [PermissionError(13, "denied"), MemoryError()], ids=repr)
def test_what_the_machine_cannot_read_now_is_not_called_damaged(path, error, monkeypatch):
    checkpoint.write(path, ARRAYS, ABOUT)

    def fail(_):
        raise error

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(type(error)):
        checkpoint.read(path)


# From model to model.


@pytest.mark.parametrize("optimizer", [None, keras.optimizers.Nadam])
def test_a_fresh_model_becomes_the_one_that_was_written(path, optimizer):
    """Nadam has a variable without a name, which Keras numbers by process."""
    keras.utils.set_random_seed(1)
    gan, fresh = tiny_gan(optimizer=optimizer), tiny_gan(optimizer=optimizer)
    gan.step.assign(5)
    assert not same(state(gan), state(fresh))
    checkpoint.write(path, checkpoint.collect(gan), ABOUT)
    checkpoint.restore(fresh, checkpoint.read(path)[0], path)
    assert same(state(gan), state(fresh))


def test_an_adapted_normalization_computes_with_what_was_restored(path):
    def adapted_to(values):
        layers = keras.layers
        normalization = layers.Normalization(axis=None)
        normalization.adapt(np.array([values], np.float32))
        score = [keras.Input((4, 4)), normalization, layers.Flatten(), layers.Dense(1)]
        gan = GAN(tiny_gan().generator, keras.Sequential(score))
        gan.compile()
        return gan

    gan, fresh = adapted_to([1.0, 2.0, 6.0]), adapted_to([0.0, 1.0, 2.0])
    checkpoint.restore(fresh, checkpoint.collect(gan), path)
    images = np.ones((2, 4, 4), np.float32)
    assert np.array_equal(gan.discriminator(images), fresh.discriminator(images))


def test_the_state_holds_optimizers_counters_and_the_random_state_of_layers():
    gan = presets.dcgan((16, 16, 1), codings_size=4)
    names = " ".join(checkpoint.collect(gan))
    for variable in ("step", "images_seen", "seed_generator_state", "moving_mean", "velocity"):
        assert variable in names
    assert names.count("learning_rate") == names.count("iteration") == 2


OTHERS = {
    "architecture": lambda: tiny_gan(codings_size=4),
    "more variables": lambda: tiny_gan(optimizer=keras.optimizers.Adam),
    "fewer variables": lambda: tiny_gan(optimizer=keras.optimizers.SGD),
    # As many variables, of the same shapes, that mean something else.
    "optimizer alike": lambda: tiny_gan(optimizer=keras.optimizers.Adagrad),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_the_checkpoint_of_another_model_is_refused_and_changes_nothing(path, other):
    gan = tiny_gan()
    before = state(gan)
    with pytest.raises(ValueError, match="is a checkpoint of another model") as error:
        checkpoint.restore(gan, checkpoint.collect(other()), path)
    assert same(state(gan), before)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


# The callback: the newest good one.


def written(directory, *, epochs, keep=3, first=0):
    """A model after `epochs` ends of an epoch, the first of number `first`; step is the epoch."""
    gan, callback = tiny_gan(), callbacks.Checkpoints(directory, keep=keep)
    callback.set_model(gan)
    callback.on_train_begin()
    for epoch in range(first, first + epochs):
        gan.step.assign(epoch + 1)
        callback.on_epoch_end(epoch, {"generator_loss": epoch / 10})
    return gan


def flip_a_byte_in_the_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("keep", [1, 2, 9])
def test_the_newest_are_kept(tmp_path, keep):
    written(tmp_path, epochs=4, keep=keep)
    names = [f"epoch-{epoch:05d}.npz" for epoch in range(1, 5)][-keep:]
    assert [path.name for path in saved(tmp_path)] == names


def test_the_newest_are_kept_when_their_numbers_get_another_digit(tmp_path):
    written(tmp_path, epochs=4, keep=2, first=99_997)
    assert [path.stem for path in saved(tmp_path)] == ["epoch-100000", "epoch-100001"]
    assert callbacks.Checkpoints(tmp_path).restore(tiny_gan()) == 100_001
    pictures = [tmp_path / f"epoch-{epoch}.png" for epoch in ("100000", "00001", "99999", "copy")]
    assert by_epoch(pictures) == [pictures[1], pictures[2], pictures[0]]


def test_none_kept_is_refused(tmp_path):
    with pytest.raises(ValueError, match="keep=0"):
        callbacks.Checkpoints(tmp_path, keep=0)


def test_the_newest_is_restored_in_silence(tmp_path, capsys):
    written(tmp_path, epochs=3)
    fresh = tiny_gan()
    assert callbacks.Checkpoints(tmp_path).restore(fresh) == 3
    assert int(fresh.step) == 3
    assert capsys.readouterr() == ("", "")


def test_of_a_damaged_newest_one_line_is_said_and_the_one_before_is_used(tmp_path, capsys):
    written(tmp_path, epochs=3)
    flip_a_byte_in_the_middle(tmp_path / "epoch-00003.npz")
    fresh = tiny_gan()
    assert callbacks.Checkpoints(tmp_path).restore(fresh) == 2
    assert int(fresh.step) == 2
    output = capsys.readouterr()
    assert "epoch-00003.npz" in output.err and output.err.count("\n") == 1
    assert output.out == ""


def test_where_all_are_damaged_it_is_refused_and_changes_nothing(tmp_path):
    for path in saved(written(tmp_path, epochs=2) and tmp_path):
        flip_a_byte_in_the_middle(path)
    fresh = tiny_gan()
    before = state(fresh)
    with pytest.raises(ValueError, match=r"None of the 2 checkpoints .* can be read"):
        callbacks.Checkpoints(tmp_path).restore(fresh)
    assert same(state(fresh), before)


def test_a_folder_of_another_version_is_refused_and_changes_nothing(tmp_path):
    """Not taken for damage, which would go back to the one before it."""
    written(tmp_path, epochs=2)
    as_version_0_1(saved(tmp_path)[-1])
    fresh = tiny_gan()
    before = state(fresh)
    with pytest.raises(ValueError, match="another version of gan-model"):
        fresh.fit(IMAGES, batch_size=8, callbacks=[callbacks.Checkpoints(tmp_path)], verbose=0)
    assert same(state(fresh), before)


def test_a_checkpoint_that_is_replaced_meanwhile_leads_to_the_new_one(
    tmp_path, monkeypatch, capsys
):
    """By a process that trains in the folder and keeps one."""
    written(tmp_path, epochs=1)
    read = checkpoint.read

    def read_late(path):
        if path.name == "epoch-00001.npz":
            path.rename(path.with_stem("epoch-00002"))
        return read(path)

    monkeypatch.setattr(checkpoint, "read", read_late)
    assert callbacks.Checkpoints(tmp_path).rewind(tiny_gan()) == 1
    assert not capsys.readouterr().err


def test_without_checkpoints_nothing_is_restored(tmp_path):
    assert callbacks.Checkpoints(tmp_path / "none yet").restore(tiny_gan()) is None


def test_what_a_kill_left_half_written_is_not_used_and_removed(tmp_path):
    written(tmp_path, epochs=2)
    half = tmp_path / ".part-epoch-00003.npz"
    half.write_bytes(b"half")
    callback = callbacks.Checkpoints(tmp_path)
    assert callback.restore(tiny_gan()) == 2
    callback.on_train_begin()
    assert not half.exists() and len(saved(tmp_path)) == 2


def test_a_full_disk_ends_the_training_and_leaves_what_there_was(tmp_path):
    gan = written(tmp_path, epochs=2)
    callback = callbacks.Checkpoints(tmp_path)
    callback.set_model(gan)
    with no_room_beyond(1000), pytest.raises(OSError, match="what was there before is whole"):
        callback.on_epoch_end(2, {})
    assert callbacks.Checkpoints(tmp_path).restore(tiny_gan()) == 2
