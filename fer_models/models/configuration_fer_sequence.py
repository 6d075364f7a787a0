"""Configuration of the sequence head: a GRU over the features that a frozen checkpoint gives of a face's pictures."""

from transformers import PreTrainedConfig


class FERSequenceConfig(PreTrainedConfig):
    """
    Args:
        feature_size: numbers per picture.
        hidden_size: of the GRU.
        dropout: of the features and of the pooled state, in training.
        features_of: the checkpoint that the features come from; another one's mean nothing to this head.
        features_sha256: of its weights.
        softmax_temperature: the logits are divided by it before the softmax.
        reject_threshold: below this probability a sequence shows none of the classes; `None` answers always.
    """

    model_type = "fer_sequence"

    def __init__(
        self,
        feature_size: int = 256,
        hidden_size: int = 64,
        dropout: float = 0.3,
        features_of: str | None = None,
        features_sha256: str | None = None,
        softmax_temperature: float = 1.0,
        reject_threshold: float | None = None,
        **kwargs,
    ):
        if feature_size < 1 or hidden_size < 1:
            raise ValueError(f"feature_size and hidden_size must be 1 or more, not {feature_size} and {hidden_size}")
        self.feature_size = feature_size
        self.hidden_size = hidden_size
        self.dropout = dropout
        self.features_of = features_of
        self.features_sha256 = features_sha256
        self.softmax_temperature = softmax_temperature
        self.reject_threshold = reject_threshold
        super().__init__(**kwargs)


__all__ = ["FERSequenceConfig"]
