"""The label orders: the data sets' owners defined them, so they are written out again here."""

import pytest

from fer_models.expressions import EXPRESSIONS, LABEL_ORDERS, canonical_expression, label_maps


@pytest.mark.parametrize(
    "data_set, names",
    [
        ("ferplus", "neutral happiness surprise sadness anger disgust fear contempt"),
        ("fer2013", "anger disgust fear happiness sadness surprise neutral"),
        ("rafdb", "surprise fear disgust happiness sadness anger neutral"),
        ("ckplus", "anger contempt disgust fear happiness sadness surprise"),
        ("ddamfn", "neutral happiness sadness surprise fear disgust anger contempt"),
    ],
)
def test_each_data_set_keeps_its_owners_label_order(data_set, names):
    assert LABEL_ORDERS[data_set] == tuple(names.split())


@pytest.mark.parametrize("data_set", LABEL_ORDERS)
def test_every_label_is_a_canonical_name_and_occurs_once(data_set):
    names = LABEL_ORDERS[data_set]
    assert set(names) <= set(EXPRESSIONS) and len(set(names)) == len(names)


@pytest.mark.parametrize(
    "word, name", [("Angry", "anger"), ("HA", "happiness"), (" sad ", "sadness"), ("contempt", "contempt")]
)
def test_words_of_the_data_sets_become_canonical_names(word, name):
    assert canonical_expression(word) == name


def test_an_unknown_word_is_named_beside_the_known_ones():
    with pytest.raises(ValueError, match=r"'bored'.*neutral"):
        canonical_expression("bored")


def test_label_maps_are_each_others_inverse():
    id2label, label2id = label_maps(LABEL_ORDERS["rafdb"])
    assert id2label[0] == "surprise" and label2id["neutral"] == 6
    assert all(label2id[name] == index for index, name in id2label.items())
