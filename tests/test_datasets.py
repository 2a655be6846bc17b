"""The digits and the text are there, whole, and loaded only when asked for."""

import subprocess
import sys

import numpy as np

from ce_lib import datasets


def test_the_digits_are_pictures_of_ink_with_labels():
    images, labels = datasets.digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.float64
    assert (images.min(), images.max()) == (0, 16)
    assert np.array_equal(images, images.round())
    assert labels.shape == (1797,)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_text_is_a_novel_in_27_letters():
    text = datasets.alice()
    assert len(text) == 133_927
    assert sorted(set(text)) == list(" abcdefghijklmnopqrstuvwxyz")
    assert text.startswith("alice was beginning to get very tired of sitting by her sister")
    assert text.endswith("and the happy summer days")
    assert "  " not in text


def test_they_are_not_loaded_with_the_package():
    code = "import sys, ce_lib; print('ce_lib.datasets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
