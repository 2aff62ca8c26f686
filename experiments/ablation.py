"""`presets.modern` with one thing changed in each run: a study."""

from functools import partial

from study import Study, System


def of_ablation():
    from gan_model import presets
    from gan_model.presets.rules import BATCH_SIZE

    systems = {
        name: System(what, partial(presets.modern, **how), batch_size=BATCH_SIZE)
        for name, (what, how) in _changes().items()
    }
    systems["adam"] = System("Adam(1e-3) for both", _by_adam, batch_size=BATCH_SIZE)
    systems["wgan-gp"] = System("WGAN-GP with its own settings", _wgan_gp, batch_size=64)
    return Study(
        "`modern` with one thing changed",
        "Each loss is trained with the R1 of `modern`, whose weight decays. WGAN-GP is trained as "
        "Gulrajani et al. (2017) do: Adam with the learning rate 1e-4, five discriminator steps "
        "for each generator step, batches of 64, GradientPenalty(10) in every step, no clusters.",
        systems,
        minutes=(2, 5),
    )


def _changes():
    from gan_model import losses, penalties

    gradient = penalties.GradientPenalty(10.0, every=8)
    return {
        "modern": ("`presets.modern`", {}),
        "clusters": ("no clusters", {"clusters": None}),
        "average": ("no averaged generator", {"average": None}),
        "no-penalty": ("no penalty", {"penalty": None}),
        "constant": ("R1 of constant weight", {"penalty": penalties.R1(1.0, every=8)}),
        "gradient": ("GradientPenalty(10)", {"penalty": gradient}),
        "minimax": ("Minimax", {"loss": losses.Minimax()}),
        "least-squares": ("LeastSquares", {"loss": losses.LeastSquares()}),
        "hinge": ("Hinge", {"loss": losses.Hinge()}),
    }


def _by_adam(image_shape, *, image_count=None, seed=0):
    import keras

    from gan_model import presets

    gan = presets.modern(image_shape, image_count=image_count, seed=seed)
    gan.compile(
        gan.loss,
        gan.generator_optimizer,
        keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        penalty=gan.penalty,
        average=gan.average,
        **gan.execution_settings,
    )
    return gan


def _wgan_gp(image_shape, *, seed=0):
    """As in Gulrajani et al., 2017, "Improved training of Wasserstein GANs"."""
    import keras

    from gan_model import losses, penalties, presets

    gan = presets.modern(image_shape, clusters=None, seed=seed)
    gan.compile(
        losses.Wasserstein(),
        keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9),
        keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9),
        penalty=penalties.GradientPenalty(10.0),
        average=gan.average,
        discriminator_steps=5,
        steps_per_execution=5,
    )
    return gan
