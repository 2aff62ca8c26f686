"""WGAN-GP with the settings of its authors, on the networks of `presets.modern`."""


def wgan_gp(image_shape, *, seed=0):
    """A compiled GAN; see `presets.modern`.

    Gulrajani et al., 2017, "Improved training of Wasserstein GANs".
    """
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
