"""Data sets by name: the sample, full files in a folder, Keras's loader, and what is refused."""

import gzip
import os
import struct
from dataclasses import replace
from pathlib import Path

import keras
import make_sample
import numpy as np
import pytest
from PIL import Image

from gan_model import data
from gan_model.data import reading, sources

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
# The same names for every test: what a row holds depends on the row alone.
TRAIN = np.arange(7 * 6 * 5, dtype=np.uint8).reshape(7, 6, 5), np.arange(7, dtype=np.uint8)
TEST = TRAIN[0][:3] + 1, TRAIN[1][:3] + 1


@pytest.fixture(autouse=True)
def nothing_outside(monkeypatch, tmp_path):
    """No file of this machine's, no download and no cache outside the test's own folder."""
    nowhere = {
        name: replace(one, folder=tmp_path / "system" / name)
        for name, one in sources.FULL_SETS.items()
    }
    monkeypatch.setattr(sources, "FULL_SETS", nowhere)
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path / "cache"))
    for name in nowhere:
        monkeypatch.setattr(getattr(keras.datasets, name), "load_data", no_download)


def no_download():
    raise OSError("[Errno -2] Name or service not known")


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def write_mnist_form(folder, end=".gz", train=TRAIN, test=TEST):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(reading.IDX_FILES, (*train, *test), strict=True):
        content = idx(array)
        (folder / (name + end)).write_bytes(gzip.compress(content) if end == ".gz" else content)
    return folder


def write_cifar(folder, count=4):
    folder.mkdir(parents=True)
    records = np.random.default_rng(0).integers(0, 256, (6, count, 3073), dtype=np.uint8)
    records[:, :, 0] %= 10
    for name, batch in zip(reading.CIFAR10_FILES, records, strict=True):
        (folder / name).write_bytes(batch.tobytes())
    return records


def same(found, expected):
    """Whether images and labels are the expected ones, as uint8."""
    return len(found) == len(expected) and all(
        got.dtype == np.uint8 and np.array_equal(got, wanted)
        for got, wanted in zip(found, expected, strict=True)
    )


# The sample.


def test_the_sample_holds_as_many_of_each_class():
    (train_images, train_labels), (test_images, test_labels) = data.load()
    assert train_images.shape == (10_000, 28, 28) and train_images.dtype == np.uint8
    assert test_images.shape == (2_000, 28, 28) and test_images.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(train_labels), [1000] * 10)
    np.testing.assert_array_equal(np.bincount(test_labels), [200] * 10)
    assert train_labels.dtype == test_labels.dtype == np.uint8


def test_the_sample_is_small():
    assert reading.SAMPLE.stat().st_size <= 6_000_000
    assert "Copyright (c) 2017 Zalando SE" in reading.SAMPLE.with_suffix(".LICENSE").read_text()


def test_one_wrong_bit_of_the_sample_is_noticed(monkeypatch, tmp_path):
    content = bytearray(reading.SAMPLE.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "sample.npz"
    damaged.write_bytes(content)
    monkeypatch.setattr(reading, "SAMPLE", damaged)
    with pytest.raises(ValueError, match=r"sample\.npz is damaged.*checksum.*Install gan-model"):
        data.load("sample")


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's dataset-fashion-mnist")
def test_the_script_makes_the_sample_again(tmp_path):
    for name in ("once.npz", "twice.npz"):
        make_sample.main(DEBIAN, tmp_path / name)
    assert (tmp_path / "once.npz").read_bytes() == (tmp_path / "twice.npz").read_bytes()
    with np.load(tmp_path / "once.npz") as made, np.load(reading.SAMPLE) as kept:
        assert sorted(made) == sorted(kept)
        for key in kept:
            np.testing.assert_array_equal(made[key], kept[key])
    full, _ = data.load("fashion_mnist", folder=DEBIAN)
    first = [np.flatnonzero(full[1] == label)[0] for label in range(10)]
    kept, _ = data.load()
    for label, place in enumerate(first):
        np.testing.assert_array_equal(kept[0][kept[1] == label][0], full[0][place])


# MNIST's form.


def test_a_folder_with_the_name_of_a_data_set_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data.load("sample")
    assert not capsys.readouterr().err
    (tmp_path / "sample").mkdir()
    assert data.load("sample")[0][0].shape == (10_000, 28, 28)
    assert capsys.readouterr().err == "sample is the data set. Your folder is ./sample.\n"


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_four_files_in_a_folder(name, end, tmp_path):
    folder = write_mnist_form(tmp_path / "files", end)
    write_mnist_form(sources.FULL_SETS[name].folder)  # which comes before Keras
    unnamed = data.load(folder)
    for found in (data.load(name, folder=str(folder)), data.load(name), unnamed):
        assert same(found[0], TRAIN) and same(found[1], TEST)
    assert unnamed.class_names is None
    for path in list(folder.iterdir()):  # another spelling
        path.rename(folder / path.name.replace("-idx", ".idx"))
    assert same(data.load(name, folder=folder)[0], TRAIN)


def test_keras_own_archive(tmp_path):
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), (*TRAIN, *TEST), strict=True))
    np.savez(tmp_path / "mnist.npz", **arrays)
    train, test = data.load("mnist", folder=tmp_path)
    assert same(train, TRAIN)
    assert same(test, TEST)
    content = (tmp_path / "mnist.npz").read_bytes()
    np.save(tmp_path / "array.npy", np.zeros(3))
    for damaged in (
        content[:-40],
        content.replace(TRAIN[0].tobytes(), TRAIN[0].tobytes()[::-1]),
        b"",
        (tmp_path / "array.npy").read_bytes(),
    ):
        (tmp_path / "mnist.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"mnist\.npz is damaged"):
            data.load("mnist", folder=tmp_path)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
def test_an_idx_file_gives_back_what_was_written(shape, tmp_path):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (tmp_path / "file").write_bytes(idx(array))
    np.testing.assert_array_equal(reading.read_idx(tmp_path / "file"), array)


WHOLE = idx(TRAIN[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-1], "announces 210 bytes of shape .7, 6, 5. and it holds 209"),
        (WHOLE + b"0", "announces 210 bytes .* and it holds 211"),
        (WHOLE[:9], "does not begin like an idx file"),
        (b"", "does not begin like an idx file"),
        (b"\0\0\x0d" + WHOLE[3:], "does not begin like an idx file"),
        (b"<html>404 not found</html>", "does not begin like an idx file"),
        (gzip.compress(WHOLE)[:-9], "Compressed file ended"),
        (gzip.compress(WHOLE)[:20] + b"??" + gzip.compress(WHOLE)[22:], ""),
        (idx(TRAIN[0][:6]), r"images of shape \(6, 6, 5\) with labels of shape \(7,\)"),
    ],
)
def test_a_damaged_file_is_named(content, message, tmp_path):
    folder = write_mnist_form(tmp_path / "files", end="")
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"train-images-idx3-ubyte is damaged.*{message}"
    ) as error:
        data.load("mnist", folder=folder)
    assert "\n" not in str(error.value)


def test_a_file_without_permission_is_named_and_not_called_damaged(tmp_path, monkeypatch):
    folder = write_mnist_form(tmp_path / "files", end="")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match=r"ubyte cannot be read: Permission denied\.$"):
        data.load("mnist", folder=folder)


def test_missing_files_are_named(tmp_path):
    folder = write_mnist_form(tmp_path / "files", test=(TEST[0][:0], TEST[1][:0]))
    with pytest.raises(ValueError, match=r"t10k-images-idx3.*images of shape \(0, 6, 5\) with"):
        data.load("mnist", folder=folder)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    for name, where in [("mnist", {"folder": folder}), (folder, {})]:
        with pytest.raises(ValueError, match=r"files lacks t10k-labels-idx1-ubyte: put all 4"):
            data.load(name, **where)
    with pytest.raises(ValueError, match=r"does not contain 'mnist'; expected mnist\.npz or trai"):
        data.load("mnist", folder=tmp_path)


# CIFAR-10.


@pytest.mark.parametrize("within", ["", "cifar-10-batches-bin"])
def test_the_binary_form_of_cifar10(within, tmp_path):
    records = write_cifar(tmp_path / "files" / within)
    (train_images, train_labels), (test_images, test_labels) = data.load(
        "cifar10", folder=tmp_path / "files"
    )
    assert train_images.shape == (20, 32, 32, 3) and test_images.shape == (4, 32, 32, 3)
    np.testing.assert_array_equal(train_labels, records[:5, :, 0].ravel())
    np.testing.assert_array_equal(test_labels, records[5, :, 0])
    # Image 2 of the second batch, row 3, column 4: its place in the red, green, blue planes.
    place = 1 + 3 * 32 + 4
    expected = records[1, 2, [place, place + 1024, place + 2048]]
    np.testing.assert_array_equal(train_images[6, 3, 4], expected)


def test_damaged_cifar10_files_are_named(tmp_path):
    write_cifar(tmp_path / "files")
    batch = tmp_path / "files" / "data_batch_3.bin"
    whole = batch.read_bytes()
    for content, message in [
        (whole[:-1], "12291 bytes are not a multiple of the record size 3073"),
        (b"", "0 bytes are not a multiple of the record size"),
        (b"\x0b" + whole[1:], "labels go up to 11"),
    ]:
        batch.write_bytes(content)
        with pytest.raises(ValueError, match=rf"data_batch_3\.bin is damaged.*{message}"):
            data.load("cifar10", folder=tmp_path / "files")
    batch.unlink()
    with pytest.raises(ValueError, match=r"lacks data_batch_3\.bin"):
        data.load("cifar10", folder=tmp_path / "files")
    (tmp_path / "data_batch_1").write_bytes(b"\x80\x04.")  # a pickle, which is not opened
    with pytest.raises(ValueError, match=r"expected data_batch_1\.bin .*the binary version"):
        data.load("cifar10", folder=tmp_path)


# Keras.


def test_keras_is_asked_last_and_its_labels_are_flattened(monkeypatch):
    images, labels = np.zeros((4, 32, 32, 3), np.uint8), np.arange(4, dtype=np.uint8)
    given = (images, labels[:, None]), (images[:2], labels[:2, None])
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: given)
    train, test = data.load("cifar10")
    assert same(train, (images, labels))
    assert same(test, (images[:2], labels[:2]))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("fashion_mnist", "install the Debian package dataset-fashion-mnist, or put"),
        ("mnist", r"put mnist\.npz or train-images-idx3-ubyte, "),
        ("cifar10", r"put data_batch_1\.bin to"),
    ],
)
def test_without_files_and_network_one_sentence_says_what_to_do(name, remedy):
    with pytest.raises(ValueError, match=remedy) as error:
        data.load(name)
    text = str(error.value)
    assert f"system/{name} and Keras could not download it ([Errno -2] Name or service" in text
    assert f"type data.load('{name}', folder=...)" in text
    assert "\n" not in text and error.value.__suppress_context__


def test_a_silent_network_is_given_up(monkeypatch):
    """Against a server that takes the connection and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:

        def ask():
            with socket.create_connection(server.getsockname()) as connection:
                connection.recv(1)

        monkeypatch.setattr(reading, "_TIMEOUT", 0.1)
        monkeypatch.setattr(keras.datasets.mnist, "load_data", ask)
        with pytest.raises(ValueError, match="timed out"):
            data.load("mnist")
    assert socket.getdefaulttimeout() is None


# What else is refused.


@pytest.mark.parametrize(
    ("name", "guess"),
    [("fashon_mnist", "fashion_mnist"), ("Fashion-MNIST", "fashion_mnist"), ("cifar", "cifar10")],
)
def test_a_near_match_is_offered(name, guess):
    expected = rf"^Unknown data '{name}'\. Did you mean '{guess}'\? Known: sample, .*; or give the"
    with pytest.raises(ValueError, match=expected):
        data.load(name)


def test_what_is_neither_a_name_nor_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown data '.*/absent'\. Known: sample, fashion_mn"):
        data.load(tmp_path / "absent")
    (tmp_path / "file.zip").write_bytes(b"")
    with pytest.raises(ValueError, match=r"file\.zip' is a file\. .*the path of a folder"):
        data.load(tmp_path / "file.zip")
    for name in ("sample", tmp_path):
        with pytest.raises(ValueError, match="`folder` is for the full data sets: fashion_mnist"):
            data.load(name, folder=tmp_path)


@pytest.mark.parametrize(
    "wish", [{"image_size": 32}, {"channels": 3}, {"pad": True}, {"ground": "black"}]
)
def test_named_data_has_its_own_shape(wish, tmp_path):
    folder = write_mnist_form(tmp_path / "files")
    for name in ("sample", "mnist", folder):  # for "mnist" before anything is downloaded
        with pytest.raises(ValueError, match=r"for folders of images; .* has its own"):
            data.load(name, **wish)


def test_any_other_folder_is_one_of_images_and_is_listed_once(tmp_path, monkeypatch):
    for number, name in enumerate("ba"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (9, 9), (number, 100, 200)).save(tmp_path / name / "0.png")
    listed, walk = [], os.walk
    monkeypatch.setattr(os, "walk", lambda top, **how: listed.append(top) or walk(top, **how))
    for times in (1, 2):  # the second time from the cache
        loaded = data.load(str(tmp_path), image_size=8)
        assert loaded.class_names == ["a", "b"]
        assert [Path(top) for top in listed].count(tmp_path) == times
    (train_images, train_labels), (test_images, test_labels) = loaded
    assert train_images.shape == test_images.shape == (1, 8, 8, 3)
    assert sorted([*train_labels, *test_labels]) == [0, 1]
    assert train_images[0, 0, 0].tolist() == [1 - train_labels[0], 100, 200]
    assert data.load("sample").class_names == data.class_names("sample")
