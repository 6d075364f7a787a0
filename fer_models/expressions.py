"""The canonical expression names, and the label order of every data set and checkpoint family."""

# Canonical names, in FER+'s column order.
EXPRESSIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")

# Label i of a data set is the i-th name. The order is the owners' own; never sort it.
LABEL_ORDERS = {
    "ferplus": EXPRESSIONS,
    "fer2013": ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
    "rafdb": ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"),  # files count from 1
    "ckplus": ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"),  # files: 0 is neutral
    "jaffe": ("neutral", "happiness", "sadness", "surprise", "anger", "disgust", "fear"),
    "fer2013plus": ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
    "ddamfn": ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"),
}

_ALIASES = {
    "angry": "anger",
    "an": "anger",
    "disgusted": "disgust",
    "di": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "fe": "fear",
    "happy": "happiness",
    "ha": "happiness",
    "joy": "happiness",
    "sad": "sadness",
    "sa": "sadness",
    "surprised": "surprise",
    "su": "surprise",
    "ne": "neutral",
    "neutrality": "neutral",
    "contemptuous": "contempt",
}


class ExpressionError(ValueError):
    """A word that names no expression; the message lists those that do."""


def canonical_expression(name: str) -> str:
    """The canonical name for a data set's own word ("Angry", "SA", "happy").

    Raises:
        ExpressionError: the word is not known; the message lists the names that are.
    """
    word = name.strip().lower()
    word = _ALIASES.get(word, word)
    if word not in EXPRESSIONS:
        raise ExpressionError(f"unknown expression {name!r}; known names: {', '.join(EXPRESSIONS)}")
    return word


def label_order(labels: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The class names that a config means: the key of a label order, or the words themselves in label order.

    Raises:
        ValueError: an unknown key or word, or a word that occurs twice.
    """
    if isinstance(labels, str):
        if labels not in LABEL_ORDERS:
            raise ValueError(f"unknown label order {labels!r}; known: {', '.join(LABEL_ORDERS)}, or a list of names")
        return LABEL_ORDERS[labels]
    names = tuple(canonical_expression(str(word)) for word in labels)
    if len(set(names)) != len(names):
        raise ValueError(f"expected each expression once, found {', '.join(names)}")
    return names


def label_maps(names: tuple[str, ...] | list[str]) -> tuple[dict[int, str], dict[str, int]]:
    """`id2label` and `label2id` for class names in label order."""
    return dict(enumerate(names)), {name: index for index, name in enumerate(names)}


__all__ = ["EXPRESSIONS", "LABEL_ORDERS", "ExpressionError", "canonical_expression", "label_maps", "label_order"]
