"""Train a model on a GPU box that has NumPy and Keras and nothing else of ours installed.

The tensor file holds the events, the target, the blocks of time and the training settings, so no config and
no geographic library is needed there:

    tocsin rasterize configs/baltimore.yaml --store stores/baltimore --out baltimore.npz     # here
    KERAS_BACKEND=jax PYTHONPATH=. python scripts/train_gpu.py baltimore.npz --out runs/gpu  # there
    tocsin evaluate configs/baltimore.yaml --model runs/gpu --store stores/baltimore ...     # here again

On a GPU the network computes in mixed precision.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Read the tensor, train as it says, write the run folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tensors", type=Path, help="file that `tocsin rasterize` wrote")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write")
    parser.add_argument("--epochs", type=int, help="most epochs, instead of the tensor's setting")
    options = parser.parse_args()

    from dataclasses import replace

    import keras

    from cnn.bundle import save_bundle
    from cnn.settings import Learning
    from cnn.training import train_model
    from rasterize.tensors import EventTensor

    tensor = EventTensor.load(options.tensors)
    learning = Learning.from_json(tensor.about["learning"])
    training = learning.training
    if options.epochs:
        training = replace(training, epochs=options.epochs)
    model = train_model(
        tensor,
        learning.target,
        learning.periods,
        training,
        progress=lambda epoch, most, losses: print(f"epoch {epoch}/{most}", dict(losses), flush=True),
    )
    versions = {"keras": keras.__version__, "backend": keras.backend.backend()}
    manifest = {"versions": versions, "command": " ".join(sys.argv)}
    print(save_bundle(model, options.out, manifest=manifest, texts={}))


if __name__ == "__main__":
    main()
