"""Which extra of the package brings what is missing."""

from collections.abc import Generator
from contextlib import contextmanager

# extra of pyproject.toml -> the modules that it brings
EXTRAS = {
    "torch": (
        *("torch", "torchvision", "transformers", "huggingface_hub", "safetensors", "timm"),
        *("facenet_pytorch", "matplotlib", "tqdm"),
    ),
    "onnx": ("onnxruntime",),
    "export": ("onnx", "onnxscript"),
    "video": ("av",),
    "parquet": ("pyarrow",),
    "addresses": ("fsspec",),
    "ray": ("ray",),
    "space": ("gradio", "pydantic"),
}


class MissingExtraError(ImportError):
    """Something was asked for that needs packages which are not installed; the message is how to get them."""


def extra_of(error: ImportError) -> str | None:
    """The extra that brings what could not be imported, if one does."""
    missing = (error.name or "").partition(".")[0]
    return next((extra for extra, modules in EXTRAS.items() if missing in modules), None)


@contextmanager
def needed_for(what: str) -> Generator[None]:
    """What is imported inside, `what` cannot do without.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        yield
    except MissingExtraError:
        raise
    except ImportError as error:
        extra = extra_of(error)
        if extra is None:
            raise
        raise MissingExtraError(
            f"{what} needs {error.name}, which is not installed: pip install 'fer-models[{extra}]'", name=error.name
        ) from error


__all__ = ["EXTRAS", "MissingExtraError", "extra_of", "needed_for"]
