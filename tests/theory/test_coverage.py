"""The README's table says what the tests of this folder say."""

from tests.theory.coverage import README, written


def test_the_readme_has_the_coverage_of_the_tests():
    text = README.read_text()
    assert text == written(text), "run: python -m tests.theory.coverage --write"
