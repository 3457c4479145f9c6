"""The one error a person at a terminal gets: a sentence that says what is wrong and what to do."""


class Refusal(Exception):
    """StoryForge cannot do what was asked; `str()` is the sentence. The command line exits with code 2."""

    code = "REFUSED"
    retryable = False

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
