"""Numbers and seconds as a person reads them."""


def number(value, digits=4):
    """At most so many digits: 0.01234, 12.3, 1,234."""
    if abs(float(f"{value:.{digits}g}")) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def fixed_number(value, digits=3):
    """Exactly so many digits, so that a number keeps its width: 0.0912, 6.20, 123, 12,345."""
    if abs(float(f"{value:.{digits}g}")) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}".rstrip(".")


def duration(seconds):
    """The texts "0.034 s", "4.2 s", "38 s"."""
    return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:#.2g} s"


def clock(seconds):
    """The texts "0:42", "12:05", "1:02:03" and, from 100 hours, "5 days"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{round(hours / 24)} days"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
