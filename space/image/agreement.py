"""How often the models were right on validation pictures when so many of them agreed."""

from collections import Counter
from collections.abc import Sequence

from fer_models.analyzer import Prediction
from fer_models.results.agreement import Agreement

DATA_WORDS = {"ferplus": "FER+"}


def right_by_count(agreement: Agreement | None, models: Sequence[str]) -> dict[int, float]:
    """How many of these models agree -> the share of right answers that was measured then; nothing where it was
    measured for other models."""
    if agreement is None or {one.name for one in agreement.checkpoints} != set(models):
        return {}
    return {int(count): one.right.value for count, one in agreement.by_count.items()}


def agreement_words(answers: Sequence[Prediction], agreement: Agreement | None) -> str:
    """The same for the answers about a face, in a sentence; empty where it was not measured."""
    right = right_by_count(agreement, [answer.model for answer in answers])
    if not right or agreement is None:
        return ""
    count = max(Counter(answer.expression for answer in answers).values())
    if count not in right:
        return ""
    who = f"all {count} models" if count == len(answers) else f"{count} of {len(answers)} models"
    data = DATA_WORDS.get(agreement.data.name, agreement.data.name)
    return f"When {who} agree, they are right in {100 * right[count]:.0f} of 100 ({data} validation pictures)."


__all__ = ["agreement_words", "right_by_count"]
