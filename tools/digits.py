"""Write ce_lib/digits.npz, the digits of chapter 8, from the copy that scikit-learn ships.

    .venv-peers/bin/python tools/digits.py        (after `make .venv-peers/installed`)

Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
Learning Repository, doi:10.24432/C50P49, CC BY 4.0; the 1,797 pictures of its test part.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

FILE = Path(__file__).resolve().parents[1] / "ce_lib" / "digits.npz"

if __name__ == "__main__":
    data = load_digits()
    images, labels = data.images.astype(np.uint8), data.target.astype(np.uint8)
    np.savez_compressed(FILE, images=images, labels=labels)
    print(f"{FILE.name}: {len(labels)} pictures, {FILE.stat().st_size} bytes")
