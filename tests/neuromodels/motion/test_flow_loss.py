"""The loss of a sequence: golden numbers, what does not count, and gradients that stay finite."""

import pytest
import torch

from neuromodels.motion.flow_loss import endpoint_error, sequence_loss


def test_golden(motion_golden):
    arrays = motion_golden("sequence_loss.npz")
    predictions, flow = torch.from_numpy(arrays["preds"]), torch.from_numpy(arrays["gt"])
    loss = sequence_loss(list(predictions), flow, gamma=float(arrays["gamma"]))
    assert float(loss) == pytest.approx(1.8138027, abs=1e-6)
    assert float(loss) == pytest.approx(float(arrays["loss"]), abs=1e-6)
    assert float(endpoint_error(predictions[-1], flow)) == pytest.approx(2.8680032, abs=1e-6)


def test_one_prediction_is_the_mean_absolute_error():
    flow = torch.zeros(1, 2, 2, 2)
    prediction = torch.tensor([3.0, -4.0]).view(1, 2, 1, 1).expand(1, 2, 2, 2)
    assert float(sequence_loss([prediction], flow)) == pytest.approx(3.5)
    assert float(endpoint_error(prediction, flow)) == pytest.approx(5.0)


def test_later_predictions_count_more():
    flow = torch.zeros(1, 2, 1, 1)
    bad, good = torch.ones(1, 2, 1, 1), torch.zeros(1, 2, 1, 1)
    assert float(sequence_loss([bad, good], flow, gamma=0.5)) == pytest.approx(1 / 3)
    assert float(sequence_loss([good, bad], flow, gamma=0.5)) == pytest.approx(2 / 3)


def test_what_does_not_count_has_no_gradient():
    flow = torch.zeros(1, 2, 1, 3)
    flow[0, 0, 0, 0], flow[0, :, 0, 1] = float("nan"), 300.0  # undefined; 424 px
    prediction = torch.ones(1, 2, 1, 3, requires_grad=True)
    loss = sequence_loss([prediction], flow)
    loss.backward()
    assert loss.item() == 1.0
    assert prediction.grad[0, :, 0].tolist() == [[0.0, 0.0, 0.5], [0.0, 0.0, 0.5]]


def test_nothing_known_is_no_loss():
    flow = torch.full((1, 2, 1, 1), float("nan"))
    assert float(sequence_loss([torch.ones(1, 2, 1, 1)], flow)) == 0
    assert float(endpoint_error(torch.ones(1, 2, 1, 1), flow)) == 0


def test_refusals():
    with pytest.raises(ValueError, match="no prediction to judge"):
        sequence_loss([], torch.zeros(1, 2, 1, 1))
    with pytest.raises(ValueError, match=r"received \(1, 2, 1, 2\) and \(1, 2, 1, 1\)"):
        sequence_loss([torch.ones(1, 2, 1, 2)], torch.zeros(1, 2, 1, 1))
