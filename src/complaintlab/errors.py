"""What goes wrong through no fault of the code: said in one sentence, with an exit code of its own."""


class UserError(Exception):
    """A mistake in input, parameters or use.

    The message is one sentence that names the file, row, column or parameter and says what to do. The
    command line prints it without a traceback and exits with ``exit_code``.
    """

    exit_code = 2


class InputError(UserError):
    """A file or a row does not have the shape that it must have."""

    exit_code = 3


class ModelError(UserError):
    """A model cannot be fitted to these data: collinear covariates, no events, no convergence."""

    exit_code = 4
