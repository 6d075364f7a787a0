"""What result files call by code names, in words of people: data sets, splits, ways in which pictures are spoilt."""

from fer_models.results.result import Pictures

SETS = {
    "ferplus": "FER+",
    "fer2013": "FER2013",
    "fer2013plus": "FER2013 and FER+",
    "rafdb": "RAF-DB",
    "ckplus": "CK+",
    "jaffe": "JAFFE",
    "affectnet": "AffectNet",
}
SPLITS = {
    "Training": "training pictures",
    "PublicTest": "validation pictures",
    "PrivateTest": "test pictures",
    "train": "training pictures",
    "validation": "validation pictures",
    "test": "test pictures",
}
SPOILT = {
    "eyes covered": "eyes covered",
    "mouth covered": "mouth covered",
    "square anywhere": "a square somewhere on the picture",
    "rotation": "turned",
    "blur": "blurred",
    "low light": "in the dark",
    "jpeg": "strong compression",
}


def set_words(name: str) -> str:
    """ "ferplus" -> "FER+"."""
    return SETS.get(name, name)


def pictures_words(data: Pictures) -> str:
    """ "FER+ validation pictures", and whether they are a subset or a sample."""
    subset = f", {data.subset.name}" if data.subset else ""
    sample = f", a sample of {data.limit:,}" if data.limit else ""
    return f"{set_words(data.name)} {SPLITS.get(data.split, data.split)}{subset}{sample}"


def spoilt_words(kind: str) -> str:
    """ "jpeg" -> "strong compression"."""
    return SPOILT.get(kind, kind)


__all__ = ["pictures_words", "set_words", "spoilt_words"]
