"""Where do two models differ? python examples/compare.py MODEL MODEL FOLDER [--cropped]"""

import argparse
from collections import Counter

from fer_models.analyzer import Analyzer
from fer_models.listing import find_pictures
from fer_models.pictures import answer_pictures

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("models", nargs=2, metavar="MODEL", help="name or checkpoint folder")
parser.add_argument("folder")
parser.add_argument("--cropped", action="store_true", help="each picture is one face, cut out already")
options = parser.parse_args()

analyzer = Analyzer(options.models)
answered = [  # (picture, number of the face, first model's answer, second model's answer)
    (picture.path, number, *answers.values())
    for picture in answer_pictures(analyzer, find_pictures([options.folder]), options.cropped)
    for number, answers in enumerate(picture.predictions, start=1)
]
if not answered:
    raise SystemExit("no face in these pictures; pass --cropped if each is a face that is cut out")

pairs = Counter((one.expression, other.expression) for _, _, one, other in answered)
agreed = sum(count for (one, other), count in pairs.items() if one == other)
both_sure = [(one, other) for _, _, one, other in answered if one.sure and other.sure]
agreed_when_sure = sum(one.expression == other.expression for one, other in both_sure)
first, second = analyzer.checkpoints
print(f"{len(answered)} faces; {first} and {second} agree on {agreed} ({agreed / len(answered):.0%})")
print(f"both are sure of {len(both_sure)}, and agree on {agreed_when_sure} of these")
for (one, other), count in pairs.most_common():
    if one != other:
        print(f"{count:6}  {first}: {one}, {second}: {other}")

print("most at odds:")
apart = [
    (abs(one.probabilities[one.expression] - other.probabilities.get(one.expression, 0)), path, number, one, other)
    for path, number, one, other in answered
    if one.expression != other.expression
]
for distance, path, number, one, other in sorted(apart, key=lambda item: -item[0])[:10]:
    print(f"  {distance:.2f}  {path}, face {number}: {one.expression} or {other.expression}")
