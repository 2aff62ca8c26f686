"""The studies of losses and penalties, see `studies.py`."""

from functools import partial

from study import Study, System

_READ_WELL = 4  # of the losses


def of_losses():
    from gan_model import presets
    from gan_model.presets.rules import BATCH_SIZE

    return Study(
        "Losses",
        "Each loss in `presets.modern`, with its R1, clusters and everything else.",
        {
            name.replace(" ", "-"): System(
                name, partial(presets.modern, loss=loss), batch_size=BATCH_SIZE
            )
            for name, loss in list(_losses().items())[:_READ_WELL]
        },
        minutes=(5, 20),
        curve=True,
    )


def of_objectives():
    from gan_model import presets
    from gan_model.presets.rules import BATCH_SIZE

    objectives, charged = _losses(), _penalties()
    return Study(
        "Objectives and penalties",
        "Each loss with each penalty, everything else as in `presets.modern`. The penalties are "
        "computed every 8th step: R1 and R2 with the weight 0.3, that of WGAN-GP with 10.",
        {
            f"{loss}-{penalty}".replace(" ", "-").lower(): System(
                f"{loss}, {penalty}",
                partial(presets.modern, loss=objectives[loss], penalty=charged[penalty]),
                batch_size=BATCH_SIZE,
            )
            for loss in objectives
            for penalty in charged
        },
        minutes=(2,),
    )


def _losses():
    """All losses; the first ones read well after two minutes of `of_objectives`."""
    from gan_model import losses

    return {
        "non-saturating": losses.NonSaturating(),
        "minimax": losses.Minimax(),
        "least squares": losses.LeastSquares(),
        "hinge": losses.Hinge(),
        "Wasserstein": losses.Wasserstein(),
        "relativistic": losses.Relativistic(),
        "relativistic average": losses.RelativisticAverage(),
    }


def _penalties():
    from gan_model import penalties

    r1, r2 = penalties.R1(0.3, every=8), penalties.R2(0.3, every=8)
    gradient = penalties.GradientPenalty(10.0, every=8)
    return {"none": None, "R1": r1, "R1 + R2": r1 + r2, "WGAN-GP": gradient}
