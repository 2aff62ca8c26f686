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
        "networks and a penalty made for 28 x 28 gray images; and `guidelines`. The features are "
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


def of_few_images():
    from gan_model import presets
    from gan_model.augmenting import Adaptive, DiffAugment
    from gan_model.presets.rules import BATCH_SIZE, r1_for

    augment = Adaptive(DiffAugment(), speed=100_000)
    modern = partial(presets.modern, augment=augment)

    def lighter(image_shape, *, image_count=None, seed=0):
        penalty = r1_for(image_shape)
        return modern(image_shape, penalty=penalty, image_count=image_count, seed=seed)

    variants = {
        "adaptive": ("", modern),
        "lighter": (", R1 as for many", lighter),
        "none": (", no augmentation", partial(modern, augment=None)),
        "classes": (", classes", partial(presets.modern_conditional, augment=augment)),
    }
    return Study(
        "Few images of a folder",
        "`modern` with adaptive augmentation on some images of a folder, drawn at random, and with "
        "one thing changed. The features are learned from all images.",
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
