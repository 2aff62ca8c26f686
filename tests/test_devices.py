"""Two devices in one process: MirroredStrategy over two logical CPUs.

`programs/two_devices.py` holds the cases; each line here is a process that plays some of them.
"""

import pytest
from processes import finish, forked, program

GROUPS = {
    "gradients, penalties, scores and averages are those of all images": [
        "adaptive_augmentation",
        "each_takes_its_rows_of_what_one_device_draws",
        "uneven_batches",
        "mean_scores_of_all",
        "figures_of_any_name",
        "accumulated",
        "average_of_both",
    ],
    "a step is executed as it can be, a run resumes, images are freed": [
        "images_are_freed",
        "several_steps_in_a_call",
        "xla_is_refused",
        "a_batch_alone_is_refused",
        "only_in_its_scope_it_is_compiled",
        "in_bfloat16",
        "resumes_after_a_kill",
        "another_number_of_devices_goes_on",
    ],
    "steps of one's own": ["examples_as_one_device"],
    "of full batches, in turns, or clipped": [
        "dirac_by_hand",
        "penalties_by_hand",
        "turns_by_hand",
        "clipped",
        "clipped_by_value",
    ],
    "two devices train the presets as one does": ["same_as_one_device"],
    "and modern without classes": ["modern_as_one_device"],
    "modern resumes": ["modern_resumes"],
    "what bounds the discriminator keeps it the same on both": ["bounded_discriminator"],
}


SOAK = [
    "steps of one's own",  # their sums over devices are those of the other groups
    "of full batches, in turns, or clipped",  # as uneven_batches and accumulated, but for that
    "two devices train the presets as one does",  # as they do by the laws of the other groups
    "and modern without classes",  # of which modern_conditional has all but its absence
    "modern resumes",
    "what bounds the discriminator keeps it the same on both",
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(cases, id=name, marks=[pytest.mark.soak] * (name in SOAK))
        for name, cases in GROUPS.items()
    ],
)
def test_on_two_devices(cases, tmp_path):
    line = program("two_devices.py", tmp_path, *cases)
    ended = finish(line, starting=forked)
    assert ended.stdout.splitlines() == [f"{case}: passed" for case in cases], ended
    assert ended.returncode == 0
