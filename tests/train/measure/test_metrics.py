import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from train.measure import metrics

# Three classes: 2 of 2, 1 of 2 and 0 of 1 right.
LABELS = np.array([0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 1, 0, 1])
CONFUSION = np.array([[2, 0, 0], [1, 1, 0], [0, 1, 0]])


def test_confusion_matrix_has_labels_in_rows_and_predictions_in_columns():
    np.testing.assert_array_equal(metrics.confusion_matrix(LABELS, PREDICTIONS, 3), CONFUSION)


def test_accuracy_and_mean_class_accuracy_are_the_values_by_hand():
    assert metrics.accuracy(CONFUSION) == pytest.approx(3 / 5)
    assert metrics.mean_class_accuracy(CONFUSION) == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_macro_f1_is_the_value_by_hand():
    assert metrics.macro_f1(CONFUSION) == pytest.approx((4 / 5 + 1 / 2 + 0) / 3)


def test_a_class_without_a_picture_has_no_recall_and_does_not_count():
    confusion = np.array([[2, 1, 0], [0, 0, 0], [0, 0, 4]])
    np.testing.assert_array_equal(metrics.per_class_recall(confusion), [2 / 3, np.nan, 1])
    assert metrics.mean_class_accuracy(confusion) == pytest.approx((2 / 3 + 1) / 2)
    assert metrics.macro_f1(confusion) == pytest.approx((4 / 5 + 1) / 2)


def test_metrics_agree_with_scikit_learn_on_random_answers():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 7, (2, 500))
    confusion = metrics.confusion_matrix(labels, predictions, 7)
    assert metrics.macro_f1(confusion) == pytest.approx(f1_score(labels, predictions, average="macro"))
    assert metrics.mean_class_accuracy(confusion) == pytest.approx(recall_score(labels, predictions, average="macro"))


def test_probabilities_divide_the_logits_by_the_temperature():
    logits = np.log([[1.0, 3.0], [9.0, 1.0]])
    np.testing.assert_allclose(metrics.probabilities(logits), [[0.25, 0.75], [0.9, 0.1]])
    np.testing.assert_allclose(metrics.probabilities(logits, temperature=2.0)[1], [0.75, 0.25])


def test_expected_calibration_error_is_the_value_by_hand():
    # Bin 12 of 15 (0.733 to 0.8): mean confidence 0.76, 1 of 2 right. Bin 14 (0.867 to 0.933): 0.9, both right.
    confidence, correct = np.array([0.75, 0.77, 0.9, 0.9]), np.array([True, False, True, True])
    expected = 0.5 * abs(0.76 - 0.5) + 0.5 * abs(0.9 - 1.0)
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx(expected)


def test_a_confidence_on_a_bin_edge_belongs_to_the_bin_below_it():
    counts, *_ = metrics.calibration_curve(np.array([0.5, 0.51, 1.0]), np.ones(3), bins=2)
    np.testing.assert_array_equal(counts, [1, 2])


def test_coverage_curve_answers_the_surest_first():
    confidence, correct = np.array([0.6, 0.9, 0.7, 0.8]), np.array([False, True, False, True])
    thresholds, coverage, accuracy = metrics.coverage_curve(confidence, correct)
    np.testing.assert_allclose(thresholds, [0.9, 0.8, 0.7, 0.6])
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(accuracy, [1, 1, 2 / 3, 1 / 2])


def test_coverage_curve_answers_equal_confidences_together():
    thresholds, coverage, accuracy = metrics.coverage_curve(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    np.testing.assert_allclose(thresholds, [0.9, 0.5])
    np.testing.assert_allclose(coverage, [1 / 3, 1])
    np.testing.assert_allclose(accuracy, [1, 2 / 3])


def test_bootstrap_interval_of_an_accuracy_is_that_of_the_binomial():
    labels = np.zeros(1000, dtype=int)
    predictions = (np.arange(1000) >= 800).astype(int)  # 80 % right; standard error sqrt(0.8 * 0.2 / 1000) = 0.01265
    low, high = metrics.confusion_interval(metrics.accuracy, labels, predictions, classes=2, seed=0)
    assert low == pytest.approx(0.8 - 1.96 * 0.01265, abs=0.003)
    assert high == pytest.approx(0.8 + 1.96 * 0.01265, abs=0.003)


def test_bootstrap_is_the_same_for_the_same_seed_and_another_for_another():
    rows = np.random.default_rng(1).normal(size=(50, 2))
    np.testing.assert_array_equal(metrics.resampled_sums(rows, seed=3), metrics.resampled_sums(rows, seed=3))
    assert not np.array_equal(metrics.resampled_sums(rows, seed=3), metrics.resampled_sums(rows, seed=4))


def test_bootstrap_draws_as_many_pictures_as_there_are():
    np.testing.assert_array_equal(metrics.resampled_sums(np.ones((7, 1)), resamples=250), np.full((250, 1), 7.0))


def test_mcnemar_is_the_known_value():
    # 8 pictures only the first got right, 2 only the second: 2 * sum of C(10, k) for k <= 2, over 2^10 = 112 / 1024.
    first = np.array([True] * 8 + [False] * 2 + [True] * 10)
    second = np.array([False] * 8 + [True] * 2 + [True] * 10)
    test = metrics.paired_test(first, second)
    assert (test["only_first"], test["only_second"]) == (8, 2)
    assert test["p_value"] == pytest.approx(112 / 1024)
    assert test["difference"]["value"] == pytest.approx(6 / 20)
    assert test["difference"]["interval"][0] < 6 / 20 < test["difference"]["interval"][1]


def test_two_equal_models_do_not_differ():
    correct = np.array([True, False, True])
    test = metrics.paired_test(correct, correct)
    assert test["p_value"] == 1
    assert test["difference"]["value"] == 0
    low, high = test["difference"]["interval"]
    assert low < 0 < high == -low  # three pictures say little


def test_a_perfect_score_has_wilsons_interval_and_not_a_point():
    labels = np.repeat([0, 1], [30, 10])
    # Wilson 1927 for n of n: n / (n + z ** 2), z = 1.95996, whose square is 3.8415
    assert metrics.confusion_interval(metrics.accuracy, labels, labels, 2, seed=0) == pytest.approx(
        (40 / 43.8415, 1), abs=1e-4
    )
    wrong = 1 - labels
    assert metrics.confusion_interval(metrics.accuracy, labels, wrong, 2, seed=0) == pytest.approx(
        (0, 3.8415 / 43.8415), abs=1e-4
    )
    low, high = metrics.confusion_interval(metrics.mean_class_accuracy, labels, labels, 2, seed=0)
    gaps = 3.8415 / 33.8415, 3.8415 / 13.8415  # of each class from 1
    assert (low, high) == (pytest.approx(1 - np.hypot(*gaps) / 2, abs=1e-4), 1.0)
    assert metrics.confusion_interval(metrics.macro_f1, labels, labels, 2, seed=0)[0] < 0.9


def test_a_class_that_is_never_right_and_one_that_always_is_give_no_point_either():
    labels = np.repeat([0, 1], 10)
    low, high = metrics.confusion_interval(metrics.mean_class_accuracy, labels, np.zeros(20, int), 2, seed=0)
    assert low < 0.4 and high > 0.6


def test_the_calibration_error_of_a_perfect_score_may_be_as_large_as_the_accuracy_is_unsure():
    low, high = metrics.calibration_interval(np.ones(40), np.ones(40, bool), seed=0)
    assert (low, high) == (0.0, pytest.approx(3.8415 / 43.8415, abs=1e-4))


def test_two_models_that_never_differ_on_few_pictures_may_differ_on_others():
    same = metrics.paired_test(np.ones(40), np.ones(40))
    assert same["difference"]["value"] == 0
    bound = 3.8415 / 43.8415
    assert same["difference"]["interval"] == pytest.approx((-bound, bound), abs=1e-4)
    low, high = metrics.paired_test(np.ones(40), np.zeros(40))["difference"]["interval"]
    assert high == 1 and 0.8 < low < 0.9


def test_balancing_weights_let_every_class_that_has_a_picture_count_the_same():
    labels = np.array([0, 0, 0, 2, 2, 3])
    weights = metrics.balancing_weights(labels)
    assert [weights[labels == label].sum() for label in (0, 2, 3)] == pytest.approx([2, 2, 2])


def test_a_weight_of_two_counts_like_the_picture_twice():
    confidence, correct = np.array([0.9, 0.7, 0.6, 0.3]), np.array([True, False, True, False])
    weights = np.array([1, 2, 1, 3])
    twice = np.repeat(np.arange(4), weights)
    error = metrics.expected_calibration_error(confidence, correct, weights=weights)
    assert error == pytest.approx(metrics.expected_calibration_error(confidence[twice], correct[twice]))
    weighted = metrics.coverage_curve(confidence, correct, weights)
    for own, repeated in zip(weighted, metrics.coverage_curve(confidence[twice], correct[twice]), strict=True):
        np.testing.assert_allclose(own, repeated)
