"""The number that every file and folder carries, so that other versions' are never misread."""

FORMAT = 2  # 1 is gan-model 0.1, whose files have no number


def check_format(found, path):
    """Refuses what another version of gan-model wrote.

    Args:
        found: the number in the file; None if there is none.
        path: the file or folder, for the message.

    Raises:
        ValueError: it is not `FORMAT`.
    """
    if found != FORMAT:
        raise ValueError(
            f"{path} was written by another version of gan-model (format {found or 1}; this "
            f"version reads format {FORMAT}). Use that version to continue, or train again in "
            "another folder."
        )
