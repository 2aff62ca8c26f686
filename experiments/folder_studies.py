"""The studies of docs/results.md that are of a folder of images."""

from functools import partial

from study import Study, System


def of_images():
    from former_modern import modern_of_0_1

    from gan_model import presets
    from gan_model.presets.rules import BATCH_SIZE

    return Study(
        "Images of a folder",
        "`modern` as `presets.suited` trains it, without classes; `modern` as it was in 0.1, with "
        "networks and a penalty made for 28 x 28 grey images; and `guidelines`. The features are "
        "learned from the training images.",
        {
            "modern": System("`presets.modern`", presets.modern, batch_size=BATCH_SIZE),
            "former": System("`presets.modern` of 0.1", modern_of_0_1),
            "guidelines": System("`presets.guidelines`", presets.guidelines),
        },
        minutes=(5, 20),
        curve=True,
        of_folders=True,
    )


def of_penalty_weight():
    from gan_model import penalties, presets
    from gan_model.presets.rules import BATCH_SIZE

    return Study(
        "The weight of R1",
        "`modern` as `presets.suited` trains it without classes, with `R1(weight, every=8)`.",
        {
            f"{weight}": System(
                f"weight {weight}",
                partial(presets.modern, penalty=penalties.R1(weight, every=8)),
                batch_size=BATCH_SIZE,
            )
            for weight in (1, 4, 16, 64)
        },
        minutes=(5,),
        of_folders=True,
    )


def of_learning_rate():
    import keras

    from gan_model import presets
    from gan_model.networks.equalized import EqualizedAdam
    from gan_model.presets.rules import BATCH_SIZE

    def trained_by(optimizer, rate, image_shape, *, image_count=None, seed=0):
        gan = presets.modern(image_shape, image_count=image_count, seed=seed)
        both = gan.generator_optimizer, optimizer(rate, beta_1=0.0, beta_2=0.99)
        aids = {name: getattr(gan, name) for name in ("penalty", "augment", "average")}
        gan.compile(gan.loss, *both, **aids, **gan.execution_settings)
        return gan

    return Study(
        "Learning rates",
        "`modern` as `presets.suited` trains it without classes, with a learning rate of the "
        "discriminator: that of Adam, and that of `EqualizedAdam`, at which a layer learns whose "
        "weights have the standard deviation 0.1.",
        {
            f"{optimizer.__name__}-{rate:g}": System(
                f"`{optimizer.__name__}({rate:g})`",
                partial(trained_by, optimizer, rate),
                batch_size=BATCH_SIZE,
            )
            for optimizer in (keras.optimizers.Adam, EqualizedAdam)
            for rate in (1.2e-3, 6e-4, 3e-4)
        },
        minutes=(4,),
        of_folders=True,
    )


def of_few_images():
    from gan_model import presets
    from gan_model.presets.rules import BATCH_SIZE, r1_for

    modern = presets.modern

    def lighter(image_shape, *, image_count=None, seed=0):
        penalty = r1_for(image_shape)
        return modern(image_shape, penalty=penalty, image_count=image_count, seed=seed)

    variants = {
        "adaptive": ("", modern),
        "lighter": (", R1 as for many", lighter),
        "none": (", no augmentation", partial(modern, augment=None)),
        "classes": (", classes", presets.modern_conditional),
    }
    return Study(
        "Few images of a folder",
        "`modern` on some images of a folder, drawn at random, as `presets.suited` trains it "
        "without classes, and with one thing changed. The features are learned from all images.",
        {
            f"{count}-{name}": System(
                f"{count:,} images{what}", build, images=count, batch_size=BATCH_SIZE
            )
            for count in (300, 1000)
            for name, (what, build) in variants.items()
        },
        minutes=(4,),
        of_folders=True,
    )


def of_fine_tuning():
    from gan_model import presets
    from gan_model.presets.rules import BATCH_SIZE

    def tuned(image_shape, *, image_count=None, seed=0, **how):
        source = presets.pretrained("fashion")  # of 28 x 28 grey images
        return presets.fine_tuned(source, **how, image_count=image_count, seed=seed)

    variants = {
        "nothing": ("from nothing", presets.modern),
        "fashion": ("from `fashion`", tuned),
        "discriminator": (
            "from `fashion`, a new generator",
            partial(tuned, new_generator=True),
        ),
    }
    return Study(
        "From a trained GAN",
        "`modern` on 300 images of a folder, drawn at random: from nothing, and from the GAN "
        "`fashion` that the package ships, trained on garments. The features are learned from "
        "all images.",
        {
            name: System(what, build, images=300, batch_size=BATCH_SIZE)
            for name, (what, build) in variants.items()
        },
        minutes=(2, 10),
        curve=True,
        of_folders=True,
    )
