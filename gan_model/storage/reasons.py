"""What went wrong, in one line, for the message of another error."""


def reason_of(error):
    """The first line of what an error says; the name of its class if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
