"""WGAN-GP with the settings of its authors, on the networks of `presets.modern`: a study.

The study of objectives has `Wasserstein` and `GradientPenalty` with the learning rates of `modern`
and one discriminator step for each generator step, which are not theirs.
"""

from study import Study, System, preset


def of_wgan_gp():
    return Study(
        "WGAN-GP with its own settings",
        "The networks of `presets.modern` without clusters, trained as Gulrajani et al. (2017) do: "
        "Adam with the learning rate 1e-4, beta_1 0 and beta_2 0.9, five discriminator steps for "
        "each generator step, batches of 64, weight 10 in every step. The generator is averaged.",
        {
            "wgan_gp": System("WGAN-GP", wgan_gp, batch_size=64),
            "modern": preset("modern"),
        },
        minutes=(2, 5),
    )


def wgan_gp(image_shape, *, seed=0):
    """A compiled GAN; see `presets.modern`."""
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
