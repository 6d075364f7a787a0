"""The Webcam and the Video tab."""
