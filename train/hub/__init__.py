"""A trained network -> its folder, card and Hub repo."""
