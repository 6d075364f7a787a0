"""A model has one name and one colour, wherever it stands."""

from fer_models.looks import KNOWN, LOOKS, looks, title


def test_people_read_names_of_people():
    names = ["pattlite-ferplus", "ddamfn-ferplus", "hfc-resnet18-ferplus", "hfc-mobilenetv2-ferplus"]
    assert [look.title for look in looks(names).values()] == [
        "PAtt-Lite",
        "DDAMFN",
        "ResNet18 + HFC",
        "MobileNetV2 + HFC",
    ]


def test_a_model_keeps_its_look_whoever_stands_beside_it():
    for name in ("ddamfn-rafdb", "hfc-resnet18-jaffe"):
        assert looks([name])[name].color == looks(["a", "pattlite-x", name])[name].color


def test_two_of_one_architecture_are_told_apart_by_their_data():
    told = {name: look.title for name, look in looks(["pattlite-ferplus", "pattlite-rafdb", "ddamfn-x"]).items()}
    assert told == {
        "pattlite-ferplus": "PAtt-Lite (ferplus)",
        "pattlite-rafdb": "PAtt-Lite (rafdb)",
        "ddamfn-x": "DDAMFN",
    }


def test_an_unknown_folder_keeps_its_name_and_gets_a_colour_of_its_own():
    found = looks(["mine", "yours", "pattlite-x"])
    assert title("mine") == "mine" and title("pattliter") == "pattliter"
    assert len({look.number for look in found.values()}) == 3


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_can_be_seen_on_the_light_and_on_the_dark_page():
    assert len({look.color for look in LOOKS}) == len({look.dash for look in LOOKS}) == len(LOOKS)
    for look in (*KNOWN.values(), *LOOKS):
        assert contrast(look.color, "#ffffff") >= 4.5 and contrast(look.dark, "#1c2533") >= 4.5
