"""Why images cannot be had: one base for every reason, so that a caller need not know how an image comes."""


class ImagesError(Exception):
    """An image, or what it is made of, cannot be had; the message is a sentence that says what to do."""
