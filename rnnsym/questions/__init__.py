"""What can be asked of a model: the questions of `rnnsym derive` and of a report, and its pictures.

record    Question, and how one is asked          applies   when one applies, or why not
table     QUESTIONS, in the order of a report     models    the built-in model
pictures  PICTURES, those of `rnnsym plot`        numeric   models with numbers

To add a question: one line of QUESTIONS. Its function takes the model and the options it names, and returns one Result
or a list. A function of an analysis is named by `ask_module("rnnsym.analysis.<file>", "<function>")`, so that nothing is
imported before the question is asked; `applies` gives None, or why it does not.

May import: inside functions only (the command line's help reads the tables), everything to the left of `report`.
"""

from rnnsym.questions.models import default_model, general
from rnnsym.questions.pictures import PICTURES, Picture, picture
from rnnsym.questions.record import Question, answers, as_model, ask_module, is_definition, operations
from rnnsym.questions.table import QUESTIONS, question

__all__ = [
    "PICTURES", "QUESTIONS", "Picture", "Question", "answers", "as_model", "ask_module", "default_model", "general",
    "is_definition", "operations", "picture", "question",
]  # fmt: skip
