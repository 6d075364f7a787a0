"""What happens in training."""
