"""What evaluation, calibration and ablation share."""
