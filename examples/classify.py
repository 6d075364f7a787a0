"""Classify faces with transformers' own pipeline: python examples/classify.py [PHOTO …]"""

import sys

from transformers import pipeline

import fer_models  # noqa: F401  (registers the architectures)
from fer_models.detector import FaceDetector
from fer_models.faces import crop_face, read_photo
from fer_models.hub import checkpoint_folder

# The folder brings its code for whoever has not installed ours; without the `False` transformers asks which to run.
folder = str(checkpoint_folder("pattlite-ferplus"))
classify = pipeline("image-classification", folder, top_k=3, trust_remote_code=False)
detector = FaceDetector()

for path in sys.argv[1:] or ["examples/portrait.jpg"]:
    photo = read_photo(path)
    for face in detector.detect(photo):
        # The pipeline knows neither the temperature nor the threshold of the checkpoint: its scores are uncalibrated,
        # and it is always sure. `fer_models.analyzer.Analyzer` applies both.
        answers = classify(crop_face(photo, face))
        print(path, *(f"{answer['label']} {answer['score']:.3f}" for answer in answers), sep="\t")
