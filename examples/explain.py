"""Where did the model look? python examples/explain.py [PHOTO] writes every face's maps beside the photo's name."""

import sys
from pathlib import Path

from fer_models.analyzer import Analyzer
from fer_models.faces import read_photo
from fer_models.visualize import draw_map

path = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/portrait.jpg")
analysis = Analyzer(["pattlite-ferplus"]).analyze(read_photo(path), method="gradcam")
for number, answers in enumerate(analysis.predictions, start=1):
    for answer in answers.values():
        print(f"face {number}: {answer.expression} {answer.probability:.1%}{'' if answer.sure else ', not sure'}")
        for shown in answer.maps:
            file = f"{path.stem}-{number}-{shown.name.replace(' ', '-')}.png"
            draw_map(answer.crop.resize((448, 448)), shown.values, shown.kind, shown.profiles).save(file)
            print(f"  {file}: {shown.meaning}")
